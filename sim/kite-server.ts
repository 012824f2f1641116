// A whole Kite on loopback: REST and feed on one port over one seeded market. Kite Connect v3.
import { createServer, type IncomingMessage } from 'node:http'
import type { Fault, Operation } from './faults.ts'
import { requestUrl } from './http.ts'
import type { Instrument, InstrumentTable } from './instruments.ts'
import type { AccountOptions } from './kite-account.ts'
import { type KiteBroker, openBroker } from './kite-broker.ts'
import { failure } from './kite-call.ts'
import type { KiteFeed } from './kite-feed.ts'
import type { KiteLimits } from './kite-limits.ts'
import type { ExchangeRecord } from './kite-record.ts'
import { KITE_REFUSALS } from './kite-refusals.ts'
import { handleRequest } from './kite-rest.ts'
import { type KiteSessions, Refusal } from './kite-sessions.ts'
import {
  checkOptions,
  closeServer,
  handlesOf,
  listen,
  noUpgrade,
  serveUpgrades,
} from './loopback.ts'
import type { SimulatorOptions, TradingSimulator } from './simulator.ts'

const SOCKETS_MAX = 3

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

/** Throws the Refusal of an upgrade that may not be. */
function admit(url: URL | null, sessions: KiteSessions, feed: KiteFeed): void {
  if (url?.pathname !== '/') throw new Refusal(404, 'GeneralException', 'Route not found')
  sessions.require(url.searchParams.get('api_key'), url.searchParams.get('access_token'))
  // Clients take 403 as a dead session and sign in again, which would not help here: this is a limit, so 429.
  if (feed.openSockets >= SOCKETS_MAX) {
    throw new Refusal(429, 'NetworkException', 'Too many requests: 3 connections per api_key')
  }
}

function refusalOf(request: IncomingMessage, { sessions, feed }: KiteBroker): string | null {
  try {
    admit(requestUrl(request), sessions, feed)
    return null
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const body = JSON.stringify(failure(error))
    return noUpgrade(error.status, 'content-type: application/json\r\n', body)
  }
}

/**
 * Starts Kite's simulator and resolves when it listens. Rejects with a RangeError that names the option, or with
 * the system's error where the port is taken.
 */
export async function startKiteSimulator(options: KiteOptions): Promise<KiteSimulator> {
  checkOptions(options)
  const app = {
    apiKey: options.apiKey ?? 'sim_api_key',
    apiSecret: options.apiSecret ?? 'sim_api_secret',
    accessToken: options.accessToken ?? 'sim_access_token',
  }
  const broker = openBroker(options, app)
  const server = createServer((request, response) => handleRequest(broker, request, response))
  serveUpgrades(server, broker.feed, (request) => refusalOf(request, broker))
  const { host, port } = await listen(server, options, () => broker.stop())
  return {
    ...app,
    credentials: {
      api_key: app.apiKey,
      api_secret: app.apiSecret,
      access_token: app.accessToken,
    },
    port,
    restUrl: `http://${host}:${port}`,
    feedUrl: `ws://${host}:${port}`,
    ...brokerHandles(broker),
    get instruments() {
      return listed(broker.table)
    },
    async close() {
      broker.stop()
      await closeServer(server)
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
function brokerHandles({ feed, sessions, faults, ...broker }: KiteBroker) {
  return {
    ...handlesOf(feed),
    expireSession: () => sessions.expireAll(),
    tickOnce: (tokens?: readonly (number | string)[]) => feed.tickOnce(tokens?.map(Number)),
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
