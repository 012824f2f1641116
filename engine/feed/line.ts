// The WebSocket under a feed socket: opened as the broker's connection asks, silent once it is dropped.
import type { IncomingMessage } from 'node:http'
import WebSocket from 'ws'
import type { FeedEffect, HttpReply } from '../../adapters/broker.ts'

/** How long the TCP connection, TLS and the upgrade may take. */
export const HANDSHAKE_MS_MAX = 10_000
const FRAME_BYTES_MAX = 16 * 1024 * 1024
const REPLY_BYTES_MAX = 64 * 1024

/** What a line tells, until it is dropped. */
export interface LineListener {
  onOpen(): void
  onFrame(data: Buffer, isBinary: boolean): void
  /** A WebSocket ping or pong came. */
  onLife(): void
  onUpgradeRefused(reply: HttpReply): void
  onLost(why: string): void
}

export interface Line {
  readonly isOpen: boolean
  send(data: string | Uint8Array): void
  ping(): void
  drop(): void
}

/** Opens a line. Throws when the URL, a header or a protocol is malformed; the error may quote what it is. */
export function openLine(
  { url, headers, protocols }: Extract<FeedEffect, { do: 'connect' }>,
  listener: LineListener,
): Line {
  // ws would take null for a request to be a server's end.
  const ws = new WebSocket(new URL(url), [...(protocols ?? [])], {
    headers: { ...headers },
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_MS_MAX,
    maxPayload: FRAME_BYTES_MAX,
  })
  let isDropped = false
  ws.on('open', () => {
    if (!isDropped) listener.onOpen()
  })
  ws.on('message', (data: Buffer, isBinary: boolean) => {
    if (!isDropped) listener.onFrame(data, isBinary)
  })
  ws.on('ping', () => listener.onLife())
  ws.on('pong', () => listener.onLife())
  ws.on('unexpected-response', (_request, response) => {
    readReply(response, (reply) => {
      if (!isDropped) listener.onUpgradeRefused(reply)
    })
  })
  ws.on('error', (error) => {
    if (!isDropped) listener.onLost(error.message)
  })
  ws.on('close', (code, reason) => {
    if (!isDropped) listener.onLost(`closed by the broker: ${code} ${reason.toString()}`.trim())
  })
  return {
    get isOpen() {
      return ws.readyState === WebSocket.OPEN
    },
    send: (data) => ws.send(data),
    ping: () => ws.ping(),
    drop() {
      isDropped = true
      // A line that went silent would never answer a closing handshake.
      ws.terminate()
    },
  }
}

/** Reads a reply to its end, keeping the beginning of a body that is too large. */
function readReply(response: IncomingMessage, onRead: (reply: HttpReply) => void): void {
  const parts: Buffer[] = []
  let bytes = 0
  response.on('data', (part: Buffer) => {
    bytes += part.length
    if (bytes <= REPLY_BYTES_MAX) parts.push(part)
  })
  response.on('close', () => {
    const headers = Object.entries(response.headers).map(([name, value]) => [name, String(value)])
    onRead({
      status: response.statusCode ?? 0,
      headers: Object.fromEntries(headers) as Record<string, string>,
      body: Buffer.concat(parts).toString(),
    })
  })
}
