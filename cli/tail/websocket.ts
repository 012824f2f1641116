// Ticks over the WebSocket, in msgpack and with events: docs/websocket.md.
import { on, once } from 'node:events'
import { unpack } from 'msgpackr'
import WebSocket from 'ws'
import { CliError, FAILED, NO_ENGINE } from '../command.ts'
import type { Instrument, Item, Items } from './stream.ts'

/** Frames that are read ahead of the display; then the socket is paused. */
const FRAMES_AHEAD_MAX = 16

export interface WebSocketSource {
  readonly url: string
  readonly key: string
}

interface Reply {
  readonly type?: string
  readonly status?: string
  readonly message?: string
  readonly subscriptions?: readonly { readonly status: string; readonly message?: string }[]
}

async function connect(url: string, signal: AbortSignal): Promise<WebSocket> {
  try {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    // An error is told where the socket is awaited; one that comes when nothing is awaited any more is none.
    socket.on('error', () => {})
    signal.addEventListener('abort', () => socket.terminate())
    await once(socket, 'open', { signal })
    return socket
  } catch (error) {
    if (signal.aborted) throw error
    throw new CliError(NO_ENGINE, `cannot connect to ${url}: ${(error as Error).message}`)
  }
}

/** Reads a reply; throws what the user must know. */
function readReply({ type, status, message, subscriptions = [] }: Reply): void {
  if (status === 'error') throw new CliError(FAILED, `the engine says: ${message}`)
  if (type !== 'subscribe') return
  const failed = subscriptions.filter((each) => each.status === 'error')
  for (const each of failed) process.stderr.write(`tickplant: ${each.message}\n`)
  if (failed.length === subscriptions.length) {
    throw new CliError(FAILED, 'nothing to tail: no instrument could be subscribed')
  }
}

/** Ticks of these instruments, and events of the broker. Throws a CliError when the engine refuses or leaves. */
export async function* webSocketItems(
  { url, key }: WebSocketSource,
  symbols: readonly Instrument[],
  mode: string,
  signal: AbortSignal,
): Items {
  const socket = await connect(url, signal)
  let why = ''
  socket.once('close', (code, reason) => {
    why = `${code} ${reason.toString()}`.trim()
  })
  const frames = on(socket, 'message', {
    signal,
    close: ['close'],
    highWaterMark: FRAMES_AHEAD_MAX,
  }) as AsyncIterable<[data: Buffer, isBinary: boolean]>
  try {
    const wish = { action: 'authenticate', api_key: key, format: 'msgpack', events: true }
    socket.send(JSON.stringify(wish))
    socket.send(JSON.stringify({ action: 'subscribe', symbols, mode }))
    for await (const [data, isBinary] of frames) {
      if (isBinary) yield unpack(data) as Item[]
      else readReply(JSON.parse(data.toString()) as Reply)
    }
  } finally {
    socket.terminate()
  }
  throw new CliError(FAILED, `the engine closed the connection: ${why}`)
}
