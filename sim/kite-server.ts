// A whole Kite on loopback: REST and feed on one port over one seeded market. Kite Connect v3.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Account } from './account.ts'
import { indianDate } from './calendar.ts'
import { Exchange } from './exchange.ts'
import { type CountedFault, type Fault, Faults } from './faults.ts'
import { Triggers } from './gtt.ts'
import type { Instrument } from './instruments.ts'
import { type AccountOptions, openAccount } from './kite-account.ts'
import { failure, type RestContext, requestUrl } from './kite-call.ts'
import { KiteFeed } from './kite-feed.ts'
import { CallLimits, KITE_LIMITS, type KiteLimits } from './kite-limits.ts'
import { orderMessages } from './kite-messages.ts'
import { type ExchangeRecord, KiteRecord } from './kite-record.ts'
import { handleRequest } from './kite-rest.ts'
import { KiteSessions, Refusal } from './kite-sessions.ts'
import { listInstruments } from './listing.ts'
import type { Simulator, SimulatorOptions } from './simulator.ts'
import { Timers } from './timers.ts'
import { Watch } from './watch.ts'

const SOCKETS_MAX = 3
const MESSAGE_BYTES_MAX = 1 << 20
/** Good-till-triggered orders that are kept; more are refused. */
const TRIGGERS_MAX = 1000

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

export interface KiteSimulator extends Simulator {
  readonly apiKey: string
  readonly apiSecret: string
  readonly accessToken: string
  readonly instruments: readonly Instrument[]
  readonly account: Account
  /** What the exchange knows of every order. */
  record(): ExchangeRecord
  /** Sets what is to go wrong. Throws a RangeError that names the field. */
  fault(fault: Fault): void
  /** The faults that were set, and how often each has happened. */
  faults(): CountedFault[]
  clearFaults(): void
  /** Lets an instrument trade at a price in rupees; sockets that have subscribed to it are sent the tick. */
  moveTo(token: number, rupees: number): void
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
  const { host = '127.0.0.1', port = 0, seed } = options
  const today = options.today ?? indianDate(Date.now())
  const table = listInstruments(seed, today, options.instruments)
  const app = {
    apiKey: options.apiKey ?? 'sim_api_key',
    apiSecret: options.apiSecret ?? 'sim_api_secret',
    accessToken: options.accessToken ?? 'sim_access_token',
  }
  const sessions = new KiteSessions(app, seed)
  const clock = options.clock ?? Date.now
  const exchange = new Exchange(table, seed)
  const watch = new Watch(table.length)
  const account = openAccount(options.account ?? {}, table, exchange, watch, seed, clock)
  const triggers = new Triggers(account, watch, TRIGGERS_MAX)
  const feed = new KiteFeed(table, exchange, watch, { ...options, clock })
  const faults = new Faults(seed)
  const record = new KiteRecord(account)
  const stats = (withTokens?: boolean) => feed.stats(withTokens)
  account.onStage = orderMessages({
    apiSecret: app.apiSecret,
    faults,
    isHeard: () => feed.openSockets > 0,
    send: (data) => feed.sendRaw(`{"type":"order","data":${data}}`),
  })
  const timers = new Timers()
  const context: RestContext = {
    sessions,
    table,
    account,
    triggers,
    limits: new CallLimits(options.limits === false ? null : { ...KITE_LIMITS, ...options.limits }),
    faults,
    record,
    seed,
    today,
    rejections: options.rejections ?? 'reply',
    clock,
    later: (delayMs, work) => timers.start(delayMs, work),
    stats,
  }
  const server = createServer((request, response) => handleRequest(context, request, response))
  serveUpgrades(server, sessions, feed)
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    feed.stop()
    throw error
  }
  const bound = (server.address() as AddressInfo).port
  let listed: readonly Instrument[] | undefined
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
    get instruments() {
      listed ??= [...table]
      return listed
    },
    stats,
    dropSockets: () => feed.dropSockets(),
    pauseTicks: () => feed.pauseTicks(),
    resumeTicks: () => feed.resumeTicks(),
    muteHeartbeats: (muted) => feed.muteHeartbeats(muted),
    sendRaw: (frame) => feed.sendRaw(frame),
    expireSession: () => sessions.expireAll(),
    tickOnce: (tokens) => feed.tickOnce(tokens?.map(Number)),
    burst: (count) => feed.burst(count),
    account,
    record: () => record.read(),
    fault: (fault) => faults.set(fault),
    faults: () => faults.list(),
    clearFaults: () => faults.clear(),
    moveTo: (token, rupees) => feed.moveTo(token, rupees),
    async close() {
      feed.stop()
      timers.stop()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
