// The door of a simulated broker: its port, the upgrades to sockets, and the handles that work by its feed.
import { once } from 'node:events'
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Simulator, SimulatorOptions } from './simulator.ts'

const MESSAGE_BYTES_MAX = 1 << 20

/** The feed as its door sees it. */
interface Feed
  extends Pick<
    Simulator,
    'stats' | 'dropSockets' | 'pauseTicks' | 'resumeTicks' | 'muteHeartbeats' | 'sendRaw' | 'burst'
  > {
  accept(socket: WebSocket): void
}

/** Throws a RangeError that names the option. */
export function checkOptions({ seed, ratePerSecond }: SimulatorOptions): void {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed: ${seed} must be a whole number`)
  if (!(ratePerSecond >= 0 && ratePerSecond < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`ratePerSecond: ${ratePerSecond} must be a number from 0 up`)
  }
}

/** The answer to an upgrade that may not be; `headers` are whole lines. */
export function noUpgrade(status: number, headers = '', body = ''): string {
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\n${headers}` +
    `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}

/** Hands sockets to the feed; `refusal` answers an upgrade that may not be, and is null for one that may. */
export function serveUpgrades(
  server: Server,
  feed: Feed,
  refusal: (request: IncomingMessage) => string | null,
): void {
  const upgrades = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const answer = refusal(request)
    if (answer !== null) socket.end(answer)
    else upgrades.handleUpgrade(request, socket, head, (webSocket) => feed.accept(webSocket))
  })
}

/** Resolves to the port. Rejects with the system's error where it is taken, after `giveUp`. */
export async function listen(
  server: Server,
  { host = '127.0.0.1', port = 0 }: SimulatorOptions,
  giveUp: () => void,
): Promise<{ host: string; port: number }> {
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    giveUp()
    throw error
  }
  return { host, port: (server.address() as AddressInfo).port }
}

/** Stops listening, and ends all connections. */
export async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

/** What tests drive the sockets and ticks of any simulator by. */
export function handlesOf(feed: Feed) {
  return {
    stats: (withTokens?: boolean) => feed.stats(withTokens),
    dropSockets: () => feed.dropSockets(),
    pauseTicks: () => feed.pauseTicks(),
    resumeTicks: () => feed.resumeTicks(),
    muteHeartbeats: (muted: boolean) => feed.muteHeartbeats(muted),
    sendRaw: (frame: Uint8Array | string) => feed.sendRaw(frame),
    burst: (count: number) => feed.burst(count),
  }
}
