// Zerodha's table of orders, the replies of its fixtures, and things to ask with.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type HttpReply, isSupported, type Unsupported } from '../../adapters/broker.ts'
import type { ModifyGttAsk } from '../../adapters/gtt.ts'
import type { OrderInstrument, OrdersSpec, OrderTerms, ReadReply } from '../../adapters/orders.ts'
import zerodha from '../../adapters/zerodha/spec.ts'
import { packageRoot } from '../../config/root.ts'

assert.ok(isSupported(zerodha.orders))
export const orders: OrdersSpec = zerodha.orders

/** A part of the table that must be there. */
export function offered<Part extends object>(part: Part): Exclude<Part, Unsupported> {
  assert.ok(!('unsupported' in part))
  return part as Exclude<Part, Unsupported>
}

export const HOSTS = { rest: 'https://rest.test', feed: 'wss://feed.test' }
export const SESSION = { apiKey: 'key', accessToken: 'token' }

const fixture = (name: string) =>
  JSON.parse(readFileSync(join(packageRoot, 'adapters/zerodha/fixtures', name), 'utf8'))

interface Recorded {
  readonly name: string
  readonly status: number
  readonly body: unknown
}

/** A reply of the fixtures by its name. */
export function replyNamed(name: string): HttpReply {
  const found = (fixture('replies.json') as Recorded[]).find((each) => each.name === name)
  assert.ok(found, name)
  return reply(found.status, found.body)
}

export const reply = (status: number, body: unknown): HttpReply => ({
  status,
  headers: {},
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

export interface KnownError {
  readonly status: number
  readonly error_type: string
  readonly message: string
  readonly outcome: 'rejected' | 'unknown'
  readonly code: string | null
}
export const ERRORS: readonly KnownError[] = fixture('errors.json')

export function answer<Answer>(told: ReadReply<Answer>): Answer {
  assert.ok('answer' in told, JSON.stringify(told))
  return told.answer
}

export const RELIANCE: OrderInstrument = {
  exchange: 'NSE',
  symbol: 'RELIANCE',
  brokerExchange: 'NSE',
  brokerSymbol: 'RELIANCE',
  token: '738561',
  exchangeToken: '2885',
  segment: 0,
  instrumentType: 'EQ',
  lotSize: 1,
  tickSize: 0.05,
  freezeQuantity: null,
}
export const NIFTY: OrderInstrument = {
  ...RELIANCE,
  exchange: 'NSE_INDEX',
  symbol: 'NIFTY',
  brokerSymbol: 'NIFTY 50',
  token: '256265',
  instrumentType: 'INDEX',
}
export const MAHINDRA: OrderInstrument = { ...RELIANCE, symbol: 'M&M', brokerSymbol: 'M&M' }

export const TERMS: OrderTerms = {
  action: 'BUY',
  product: 'MIS',
  priceType: 'LIMIT',
  validity: 'DAY',
  quantity: 10,
  disclosedQuantity: 0,
  price: 2985.5,
  triggerPrice: 0,
}
export const GTT: ModifyGttAsk = {
  instrument: RELIANCE,
  type: 'OCO',
  action: 'SELL',
  product: 'CNC',
  legs: [
    { triggerPrice: 2700, price: 2695, quantity: 5 },
    { triggerPrice: 3300, price: 3305, quantity: 5 },
  ],
  lastPrice: 2987.45,
  triggerId: '112127',
}
