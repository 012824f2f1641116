// An engine that may trade on a simulated Kite, and a person who trades there beside it.
import assert from 'node:assert/strict'
import type { Flags } from '../../config/sources.ts'
import type { KiteOptions, KiteSimulator } from '../../sim/kite-server.ts'
import {
  type Plant,
  type Scope,
  type Share,
  sharesOf,
  startEngineOn,
  startPlant,
  until,
} from '../support/plant.ts'
import type { Message, StreamClient } from '../support/stream-client.ts'

export const CALLER = { keyId: 'key1' }
export const TRADING: Flags = { 'brokers.zerodha.static_ip_acknowledged': true }

export interface TradingPlant extends Plant {
  readonly share: Share
}

/** Starts a simulator without limits, and an engine on it whose line is live. */
export async function startTradingPlant(
  context: Scope,
  options: Partial<KiteOptions> = {},
  flags: Flags = {},
): Promise<TradingPlant> {
  const plant = await startPlant(context, { limits: false, ...options }, { ...TRADING, ...flags })
  await lineOf(plant)
  return { ...plant, share: sharesOf(plant, 1)[0]! }
}

/** Another engine on the same simulator and data folder, whose line is live. */
export async function restart(context: Scope, plant: TradingPlant): Promise<TradingPlant> {
  const { simulator, dataDir } = plant
  const next = await startEngineOn(context, simulator, { ...TRADING, data_dir: dataDir })
  await lineOf(next)
  return { ...plant, ...next, dataDir }
}

/** Waits until the engine hears of orders. */
export async function lineOf({ engine }: Pick<Plant, 'engine'>): Promise<void> {
  await until('a line of order messages', () => engine.feeds[0]!.orderLine !== null)
}

/** The last price of a share at the simulator, rupees. */
export async function lastPriceOf(
  kite: KiteSimulator,
  { exchange, symbol }: Share,
): Promise<number> {
  const key = `${exchange}:${symbol}`
  const { [key]: quote } = (await ask(kite, 'GET', `/quote/ltp?i=${encodeURIComponent(key)}`)) as {
    [key: string]: { last_price: number }
  }
  return quote!.last_price
}

/** The nearest price that the exchange takes. */
export const toTick = (price: number) => Number((Math.round(price / 0.05) * 0.05).toFixed(2))

/** The fields of an order that rests at the exchange, as callers of the gateway give them. */
export async function restingOrder({ simulator, share }: TradingPlant, quantity = 10) {
  const price = toTick((await lastPriceOf(simulator, share)) * 0.99)
  const { exchange, symbol } = share
  return {
    ...{ exchange, symbol, quantity, price },
    action: 'BUY',
    product: 'MIS',
    pricetype: 'LIMIT',
  }
}

/** Places an order by the engine; answers its id. */
export async function place(plant: TradingPlant, change: object = {}): Promise<string> {
  const order = await restingOrder(plant)
  const told = await plant.engine.orders.gateway.place({ ...order, ...change }, CALLER)
  assert.ok('ok' in told, JSON.stringify(told))
  return told.ok.orderid
}

async function ask(
  { restUrl, apiKey, accessToken }: KiteSimulator,
  method: string,
  path: string,
  form?: Record<string, string>,
): Promise<unknown> {
  const headers = { 'x-kite-version': '3', authorization: `token ${apiKey}:${accessToken}` }
  const init = form === undefined ? {} : { body: new URLSearchParams(form) }
  const reply = await fetch(restUrl + path, { method, headers, ...init })
  const { data, message } = (await reply.json()) as { data: unknown; message?: string }
  assert.equal(reply.status, 200, message)
  return data
}

/** Places an order past the engine, as a person does on a phone; answers its id. */
export async function placeByHand(plant: TradingPlant, change: Record<string, string> = {}) {
  const { exchange, symbol, price, quantity } = await restingOrder(plant)
  const form = {
    ...{ exchange, tradingsymbol: symbol, price: String(price), quantity: String(quantity) },
    ...{ transaction_type: 'BUY', order_type: 'LIMIT', product: 'MIS', validity: 'DAY' },
    ...change,
  }
  const { order_id } = (await ask(plant.simulator, 'POST', '/orders/regular', form)) as {
    order_id: string
  }
  return order_id
}

/** Cancels an order past the engine. */
export async function cancelByHand({ simulator }: TradingPlant, orderId: string): Promise<void> {
  await ask(simulator, 'DELETE', `/orders/regular/${orderId}`)
}

/** The events of an order that a client got, JSON or msgpack. */
export function eventsOf({ texts, items }: StreamClient, orderId?: string): Message[] {
  return [...texts, ...items].filter(
    ({ type, orderid }) =>
      type === 'order_update' && (orderId === undefined || orderid === orderId),
  )
}

/** The states that events tell, in short. */
export const statesOf = (events: readonly Message[]) =>
  events.map(({ order_status, filled_quantity }) => `${order_status} ${filled_quantity}`)

/** Waits until a client was told so many states of an order, and returns them. */
export async function toldStates(
  client: StreamClient,
  orderId: string,
  count: number,
): Promise<string[]> {
  await until(`${count} states of ${orderId}`, () => eventsOf(client, orderId).length >= count)
  return statesOf(eventsOf(client, orderId))
}

/** What the engine knows and did of orders. */
export const orderStatus = ({ engine }: Pick<Plant, 'engine'>) => engine.status().orders.events[0]!

/** Waits until the live table can stand in for the order book. */
export async function currentTable(plant: Pick<Plant, 'engine'>): Promise<void> {
  await until('a current table of orders', () => orderStatus(plant).current)
}
