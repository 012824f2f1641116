// A whole Kite on loopback: REST and feed on one port over one seeded market. Kite Connect v3.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Fault, Operation } from './faults.ts'
import type { Instrument, InstrumentTable } from './instruments.ts'
import type { AccountOptions } from './kite-account.ts'
import { type KiteBroker, openBroker } from './kite-broker.ts'
import { failure, requestUrl } from './kite-call.ts'
import type { KiteFeed } from './kite-feed.ts'
import type { KiteLimits } from './kite-limits.ts'
import type { ExchangeRecord } from './kite-record.ts'
import { KITE_REFUSALS } from './kite-refusals.ts'
import { handleRequest } from './kite-rest.ts'
import { type KiteSessions, Refusal } from './kite-sessions.ts'
import type { SimulatorOptions, TradingSimulator } from './simulator.ts'

const SOCKETS_MAX = 3
const MESSAGE_BYTES_MAX = 1 << 20

export interface KiteOptions extends SimulatorOptions {
  readonly apiKey?: string
  readonly apiSecret?: string
  /** A session that is valid from the start. */
  readonly accessToken?: string
  /** Sees every packet sent, by token; the bytes stay as they are. */
  readonly onPacket?: (token: number, packet: Uint8Array) => void
  readonly account?: AccountOptions
  /** Calls that Kite takes in a window; false for any number. Those left out are as Kite has them. */
  readonly limits?: Partial<KiteLimits> | false
  /** What tells that funds or holdings do not cover an order: the reply, as by default, or only the order book. */
  readonly rejections?: 'reply' | 'book'
  /** Where orders are told of by HTTP, beside the ticker sockets. */
  readonly postbackUrl?: string
  /** Epoch ms. */
  readonly clock?: () => number
}

export interface KiteSimulator extends TradingSimulator {
  readonly apiKey: string
  readonly apiSecret: string
  readonly accessToken: string
  readonly instruments: readonly Instrument[]
  /** What the exchange knows of every order. */
  record(): ExchangeRecord
  /** Calls that faults hold back, and changes of theirs that are to come. */
  pending(): number
}

function checkOptions({ seed, ratePerSecond }: SimulatorOptions): void {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed: ${seed} must be a whole number`)
  if (!(ratePerSecond >= 0 && ratePerSecond < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`ratePerSecond: ${ratePerSecond} must be a number from 0 up`)
  }
}

/** Throws the Refusal of an upgrade that may not be. */
function admit(url: URL | null, sessions: KiteSessions, feed: KiteFeed): void {
  if (url?.pathname !== '/') throw new Refusal(404, 'GeneralException', 'Route not found')
  sessions.require(url.searchParams.get('api_key'), url.searchParams.get('access_token'))
  // Clients take 403 as a dead session and sign in again, which would not help here: this is a limit, so 429.
  if (feed.openSockets >= SOCKETS_MAX) {
    throw new Refusal(429, 'NetworkException', 'Too many requests: 3 connections per api_key')
  }
}

function refuse(socket: Duplex, refusal: Refusal): void {
  const body = JSON.stringify(failure(refusal))
  socket.end(
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\nconnection: close\r\n` +
      `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

function serveUpgrades(server: Server, sessions: KiteSessions, feed: KiteFeed): void {
  const upgrades = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    try {
      admit(requestUrl(request), sessions, feed)
      upgrades.handleUpgrade(request, socket, head, (webSocket) => feed.accept(webSocket))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      refuse(socket, error)
    }
  })
}

/**
 * Starts Kite's simulator and resolves when it listens. Rejects with a RangeError that names the option, or with
 * the system's error where the port is taken.
 */
export async function startKiteSimulator(options: KiteOptions): Promise<KiteSimulator> {
  checkOptions(options)
  const { host = '127.0.0.1', port = 0 } = options
  const app = {
    apiKey: options.apiKey ?? 'sim_api_key',
    apiSecret: options.apiSecret ?? 'sim_api_secret',
    accessToken: options.accessToken ?? 'sim_access_token',
  }
  const broker = openBroker(options, app)
  const server = createServer((request, response) => handleRequest(broker, request, response))
  serveUpgrades(server, broker.sessions, broker.feed)
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    broker.stop()
    throw error
  }
  const bound = (server.address() as AddressInfo).port
  return {
    ...app,
    credentials: {
      api_key: app.apiKey,
      api_secret: app.apiSecret,
      access_token: app.accessToken,
    },
    port: bound,
    restUrl: `http://${host}:${bound}`,
    feedUrl: `ws://${host}:${bound}`,
    ...handlesOf(broker),
    get instruments() {
      return listed(broker.table)
    },
    async close() {
      broker.stop()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

const lists = new WeakMap<InstrumentTable, readonly Instrument[]>()

/** All instruments as objects, made on first use. */
function listed(table: InstrumentTable): readonly Instrument[] {
  const list = lists.get(table) ?? [...table]
  lists.set(table, list)
  return list
}

/** What tests drive a simulator by, apart from its doors. */
function handlesOf({ feed, sessions, faults, ...broker }: KiteBroker) {
  return {
    stats: (withTokens?: boolean) => feed.stats(withTokens),
    dropSockets: () => feed.dropSockets(),
    pauseTicks: () => feed.pauseTicks(),
    resumeTicks: () => feed.resumeTicks(),
    muteHeartbeats: (muted: boolean) => feed.muteHeartbeats(muted),
    sendRaw: (frame: Uint8Array | string) => feed.sendRaw(frame),
    expireSession: () => sessions.expireAll(),
    tickOnce: (tokens?: readonly (number | string)[]) => feed.tickOnce(tokens?.map(Number)),
    burst: (count: number) => feed.burst(count),
    moveTo: (token: number, rupees: number) => feed.moveTo(token, rupees),
    account: broker.account,
    triggers: broker.triggers,
    refusals: KITE_REFUSALS,
    calls: (operation?: Operation) => broker.calls.count(operation),
    record: () => broker.record.read(),
    fault: (fault: Fault) => faults.set(fault),
    faults: () => faults.list(),
    clearFaults: () => faults.clear(),
    pending: () => broker.pending(),
  }
}
