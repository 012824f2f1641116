// A desk that trades at a simulated Kite over its REST API, as the published tables say it. It knows nothing of the
// simulator's sources but its handles.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { KiteOptions, KiteSimulator } from '../../sim/kite-server.ts'
import { startKite } from './start-kite.ts'

export type Fields = Record<string, string | number>
export type Row = Record<string, unknown>

export interface Answer {
  readonly status: number
  readonly errorType: string | undefined
  readonly message: string
  readonly data: unknown
}

export class Desk {
  readonly kite: KiteSimulator

  constructor(kite: KiteSimulator) {
    this.kite = kite
  }

  /** The response as it is; a form is sent where fields are given. */
  raw(method: string, path: string, fields?: Fields | string): Promise<Response> {
    const { restUrl, apiKey, accessToken } = this.kite
    const isText = typeof fields === 'string'
    const form = new URLSearchParams()
    for (const [name, value] of Object.entries(isText ? {} : (fields ?? {}))) {
      form.set(name, String(value))
    }
    return fetch(restUrl + path, {
      method,
      headers: {
        authorization: `token ${apiKey}:${accessToken}`,
        'x-kite-version': '3',
        ...(isText && { 'content-type': 'application/json' }),
      },
      ...(fields !== undefined && { body: isText ? fields : form }),
    })
  }

  /** The envelope, checked for its shape. */
  async call(method: string, path: string, fields?: Fields | string): Promise<Answer> {
    const reply = await this.raw(method, path, fields)
    const body = (await reply.json()) as Row
    if (reply.ok) assert.deepEqual(Object.keys(body), ['status', 'data'])
    else assert.deepEqual(Object.keys(body), ['status', 'message', 'error_type', 'data'])
    assert.equal(body.status, reply.ok ? 'success' : 'error')
    return {
      status: reply.status,
      errorType: body.error_type as string | undefined,
      message: String(body.message ?? ''),
      data: body.data,
    }
  }

  /** The data of a call that must succeed. */
  async get(path: string): Promise<unknown> {
    const { status, message, data } = await this.call('GET', path)
    assert.equal(status, 200, message)
    return data
  }

  place(fields: Fields, variety = 'regular'): Promise<Answer> {
    return this.call('POST', `/orders/${variety}`, { ...LIMIT_BUY, ...fields })
  }

  /** Places an order that must be taken; gives its id. */
  async placed(fields: Fields): Promise<string> {
    const { status, message, data } = await this.place(fields)
    assert.equal(status, 200, message)
    return (data as { order_id: string }).order_id
  }

  modify(id: string, fields: Fields): Promise<Answer> {
    return this.call('PUT', `/orders/regular/${id}`, fields)
  }

  cancel(id: string): Promise<Answer> {
    return this.call('DELETE', `/orders/regular/${id}`)
  }

  async orders(): Promise<Row[]> {
    return (await this.get('/orders')) as Row[]
  }

  async order(id: string): Promise<Row> {
    const order = (await this.orders()).find((each) => each.order_id === id)
    assert.ok(order, `order ${id} is in the book`)
    return order
  }

  /** Statuses of an order from the first to the last. */
  async statuses(id: string): Promise<unknown[]> {
    return ((await this.get(`/orders/${id}`)) as Row[]).map(({ status }) => status)
  }

  async quote(key: string): Promise<Quote> {
    const quotes = (await this.get(`/quote?i=${encodeURIComponent(key)}`)) as Record<string, Quote>
    return quotes[key]!
  }

  async funds(): Promise<{ net: number; utilised: Record<string, number> }> {
    return (await this.get('/user/margins/equity')) as never
  }

  async positions(): Promise<{ net: Row[]; day: Row[] }> {
    return (await this.get('/portfolio/positions')) as never
  }

  /** Lets RELIANCE trade at a price. */
  move(rupees: number): void {
    this.kite.moveTo(RELIANCE_TOKEN, rupees)
  }

  /** The instrument of a symbol that begins so. */
  named(exchange: string, start: string) {
    const found = this.kite.instruments.find(
      (each) => each.exchange === exchange && each.tradingsymbol.startsWith(start),
    )
    assert.ok(found, `${exchange}:${start} is listed`)
    return found
  }
}

/** A desk at a simulator that counts no calls and ticks only when told. */
export async function openDesk(t: TestContext, options: Partial<KiteOptions> = {}): Promise<Desk> {
  return new Desk(await startKite(t, { limits: false, ...options }))
}

export interface Level {
  readonly price: number
  readonly quantity: number
  readonly orders: number
}

export interface Quote {
  readonly instrument_token: number
  readonly last_price: number
  readonly lower_circuit_limit: number
  readonly upper_circuit_limit: number
  readonly ohlc: { readonly close: number }
  readonly depth: { readonly buy: readonly Level[]; readonly sell: readonly Level[] }
}

export const RELIANCE = { exchange: 'NSE', tradingsymbol: 'RELIANCE' }
export const RELIANCE_TOKEN = 738561
/** Ten shares of it, at a price that nobody sells for. */
export const LIMIT_BUY: Fields = {
  ...RELIANCE,
  transaction_type: 'BUY',
  order_type: 'LIMIT',
  quantity: 10,
  product: 'MIS',
  price: 1200,
  trigger_price: 0,
  disclosed_quantity: 0,
  validity: 'DAY',
  market_protection: -1,
  tag: 'desk1',
}
/** Shares on a side of the book. */
export const sum = (levels: readonly Level[]) =>
  levels.reduce((total, { quantity }) => total + quantity, 0)

/** Two amounts of rupees are the same. */
export const near = (actual: unknown, expected: number, what?: string) =>
  assert.ok(Math.abs((actual as number) - expected) < 0.01, `${what}: ${actual}, not ${expected}`)

const MARKET = { order_type: 'MARKET', price: 0 }

/** Buys or sells at market; gives the average price. */
export async function trade(desk: Desk, side: string, fields: Row = {}): Promise<number> {
  const id = await desk.placed({ ...MARKET, transaction_type: side, ...(fields as object) })
  const order = await desk.order(id)
  assert.equal(order.status, 'COMPLETE')
  return order.average_price as number
}
