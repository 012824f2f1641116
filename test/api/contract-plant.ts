// OpenAlgo's published examples: what its clients send, and a broker that answers each of them from memory.
import assert from 'node:assert/strict'
import { beforeEach } from 'node:test'
import type { HttpReply, HttpRequest } from '../../adapters/broker.ts'
import { kite } from '../orders/gateway-bench.ts'
import { orderPlant } from './order-plant.ts'

export const plant = orderPlant()
export const { bench } = plant
export const SHARE = { symbol: 'RELIANCE', exchange: 'NSE' }

/** Replies of the broker by the end of the path; empty before each test. */
export const replies: Record<string, (request: HttpRequest) => HttpReply> = {}

/** The broker answers these too from now on. */
export const answers = (more: typeof replies) => Object.assign(replies, more)

beforeEach(() => {
  for (const end of Object.keys(replies)) delete replies[end]
  bench.requests.length = 0
  bench.tasks.length = 0
  // Past the windows of the test before.
  bench.nowMs += 60_000
  bench.respond = (request) => {
    const path = new URL(request.url).pathname
    const found = Object.entries(replies).find(([end]) => path.endsWith(end))
    assert.ok(found, `the broker is not asked for ${request.method} ${request.url}`)
    return found[1](request)
  }
})

/** The kite's answer to every order: ids that count up. */
export const accepts = (first = 260822000123456) => {
  let id = first
  return () => kite({ order_id: String(id++) })
}

/** An order as the broker tells it. */
export const order = (more: object = {}) => ({
  order_id: '260822000123456',
  exchange: 'NSE',
  tradingsymbol: 'RELIANCE',
  instrument_token: 738561,
  status: 'COMPLETE',
  transaction_type: 'BUY',
  product: 'MIS',
  order_type: 'MARKET',
  validity: 'DAY',
  quantity: 10,
  filled_quantity: 10,
  average_price: 822.4,
  price: 0,
  order_timestamp: '2026-08-22 10:01:02',
  ...more,
})
/** A position as the broker tells it. */
export const position = (more: object = {}) => ({
  ...order(),
  multiplier: 1,
  average_price: 822.4,
  last_price: 823.1,
  pnl: 7,
  ...more,
})
/** The reply with all positions. */
export const positions = (...net: object[]) => ({
  '/portfolio/positions': () => kite({ net, day: [] }),
})
/** The body of an answer that is a success. */
export const body = async (name: string, fields: object = {}) => {
  const told = await plant.ask(name, fields)
  assert.equal(told.status, 200, told.text)
  return told.text.trimEnd()
}
/** The fields of everything that was sent. */
export const sent = () => bench.requests.map(({ form }) => form)
