// The endpoints of orders, accounts and market data behind the real HTTP server, over a gateway whose broker answers
// from memory, and a table of last ticks.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import zerodha from '../../adapters/zerodha/spec.ts'
import { Tick } from '../../codecs/tick.ts'
import { answererOf } from '../../engine/api/answerer.ts'
import { serveHttp } from '../../engine/api/http.ts'
import { LiveQuotes } from '../../engine/api/live-quotes.ts'
import { apiRoutes } from '../../engine/api/openapi.ts'
import type { OrderContext } from '../../engine/api/order-context.ts'
import { RateLimits } from '../../engine/api/rate-limits.ts'
import { tradingEndpoints } from '../../engine/api/trading.ts'
import type { KeyRecord } from '../../engine/auth/keys.ts'
import { LastValues } from '../../engine/distribute/last-values.ts'
import { loadUWebSockets } from '../../engine/distribute/uws.ts'
import { Bench, type BenchOptions, ROWS } from '../orders/gateway-bench.ts'

export const BROKER = zerodha.id
export const READ_KEY = 'key-that-reads'
export const TRADE_KEY = 'key-that-trades'
export const KEY = 'key-that-does-both'
const LEVELS = 20
export const LIVE_MS_MAX = 5000

const record = (id: string, scopes: KeyRecord['scopes']): KeyRecord => {
  return { id, name: id, sha256: '0'.repeat(64), scopes, createdAtMs: 0 }
}
const KEYS = new Map([
  [READ_KEY, record('reads', ['read'])],
  [TRADE_KEY, record('trades', ['trade'])],
  [KEY, record('both', ['read', 'trade'])],
])
const verifyKey = (key: string) => KEYS.get(key) ?? null

export interface OrderPlantOptions extends BenchOptions {
  /** Limits of calls; none without them. */
  readonly rates?: Partial<Record<'order' | 'smartOrder' | 'api', string>>
}

export interface Told {
  readonly status: number
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: the body is looked into at many depths.
  readonly body: any
}

export class OrderPlant {
  readonly bench: Bench
  readonly root: string
  readonly port: number
  readonly #last: LastValues
  readonly context: OrderContext
  readonly close: () => void

  constructor({ rates, ...options }: OrderPlantOptions = {}) {
    const bench = new Bench(options)
    this.bench = bench
    this.#last = new LastValues(ROWS.length, new Tick(LEVELS))
    const find = (exchange: string, symbol: string) =>
      ROWS.findIndex((row) => row.exchange === exchange && row.symbol === symbol)
    const feed = {
      id: BROKER,
      depthLevels: LEVELS,
      lastTick: (number: number, tick: Tick) => this.#last.load(number, tick),
      find,
    }
    this.context = {
      gateway: bench.gateway,
      quotes: new LiveQuotes([feed], LIVE_MS_MAX, () => bench.nowMs * 1000),
      brokers: [BROKER, ...(options.others ?? []).map(({ spec }) => spec.id)],
      nowMs: () => bench.nowMs,
      wait: async (ms: number) => {
        bench.waits.push(ms)
        bench.nowMs += ms
      },
    }
    const { order = '', smartOrder = '', api = '' } = rates ?? {}
    const limits = new RateLimits({ order, smartOrder, api }, () => bench.nowMs)
    const routes = apiRoutes(tradingEndpoints(this.context), '1.2.3', { verifyKey, limits })
    const address = { host: '127.0.0.1', port: 0 }
    const http = serveHttp(loadUWebSockets(), address, answererOf(routes, verifyKey))
    this.port = http.port
    this.root = `http://127.0.0.1:${http.port}/api/v1`
    this.close = http.close
  }

  /** Puts a tick into the table: its values by position, and the levels of its book. */
  tick(
    instrument: number,
    mode: number,
    values: Readonly<Record<number, number>>,
    depth: { buy?: number[][]; sell?: number[][] } = {},
    ageMs = 0,
  ): void {
    const tick = new Tick(LEVELS)
    tick.instrument = instrument
    tick.mode = mode
    for (const [position, value] of Object.entries(values)) {
      tick.present |= 1 << Number(position)
      tick.values[Number(position)] = value
    }
    const { buy = [], sell = [] } = depth
    tick.buyLevels = buy.length
    tick.sellLevels = sell.length
    tick.depth.set(buy.flat())
    tick.depth.set(sell.flat(), LEVELS * 3)
    tick.receiveTimeUs = (this.bench.nowMs - ageMs) * 1000
    this.#last.store(tick)
  }

  /** Posts text, or an object as JSON. Every reply is compact JSON with sorted keys. */
  async post(name: string, body: unknown): Promise<Told> {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const reply = await fetch(`${this.root}/${name}`, { method: 'POST', body: text })
    assert.equal(reply.headers.get('content-type'), 'application/json')
    const answered = await reply.text()
    const parsed = JSON.parse(answered)
    checkSorted(parsed)
    assert.equal(answered, `${JSON.stringify(parsed)}\n`)
    return { status: reply.status, text: answered, body: parsed }
  }

  /** The same with a key that may do all, and a strategy where the call takes one. */
  ask(name: string, fields: object = {}): Promise<Told> {
    return this.post(name, { apikey: KEY, ...(WITH_STRATEGY.has(name) ? STRATEGY : {}), ...fields })
  }
}

const STRATEGY = { strategy: 'breakout' }
const WITH_STRATEGY = new Set([
  ...['placeorder', 'placesmartorder', 'basketorder', 'splitorder', 'modifyorder', 'cancelorder'],
  ...['cancelallorder', 'closeposition', 'placegttorder', 'modifygttorder', 'cancelgttorder'],
  ...['orderstatus', 'openposition'],
])

/** Fails where the keys of an object, at any depth, are not in alphabetical order. */
function checkSorted(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) {
    const keys = Object.keys(value)
    // Keys that are numbers stand first in any object of JavaScript.
    const words = keys.filter((key) => !/^\d+$/.test(key))
    assert.deepEqual(words, [...words].sort())
  }
  for (const each of Object.values(value)) checkSorted(each)
}

/** A plant that is closed when the tests of the file are done. */
export function orderPlant(options: OrderPlantOptions = {}): OrderPlant {
  const plant = new OrderPlant(options)
  after(() => plant.close())
  return plant
}
