// What the cards of orders work with: an engine on a broker that takes orders, and orders whose prices come from the
// broker's own book, so that they rest, fill or wait as a card wants it.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { BrokerSpec } from '../../adapters/broker.ts'
import type { OrdersSpec } from '../../adapters/orders.ts'
import type { Flags } from '../../config/sources.ts'
import type { OrderGateway } from '../../engine/orders/gateway.ts'
import type { GatewayAnswer, GatewayError } from '../../engine/orders/refusal.ts'
import type { Caller } from '../../engine/orders/writes.ts'
import type { Order } from '../../sim/order.ts'
import { isTrading, type SimulatorOptions, type TradingSimulator } from '../../sim/simulator.ts'
import { type Scope, until } from '../support/plant.ts'
import {
  credentialsFor,
  isShare,
  MARKET,
  type OrderLimits,
  pick,
  type Rig,
  startRig,
} from './bench.ts'
import type { Subject } from './card.ts'
import { checkAlike, ExchangeBooks, good, isAlike, TOLD_MS_MAX } from './exchange-books.ts'
import type { TwinInstrument } from './twin.ts'

/** What cards need that place orders. */
export const needsOrders = ({ orders }: BrokerSpec) => orders

export const CALLER: Caller = { keyId: 'cards' }
/** As many calls as a card likes, and as many changes of an order. */
const NO_LIMITS: OrderLimits = { quotas: [], rules: { ordersPerSecondMax: 1_000_000 } }
/** A write that gets no reply is given up soon, and looked for in quick succession. */
export const WRITE_TIMEOUT_MS = 3000
const LOOKS: Flags = {
  'orders.write_timeout_ms': WRITE_TIMEOUT_MS,
  'orders.reconcile_spacing_ms': 20,
  'orders.reconcile_looks_max': 15,
}

/** An engine on a broker that takes orders, and what its exchange knows. */
export interface TradingRig extends Rig {
  readonly simulator: TradingSimulator
  readonly orders: OrdersSpec
  readonly gateway: OrderGateway
  readonly books: ExchangeBooks
}

export interface TradingOptions {
  readonly simulator?: Partial<SimulatorOptions>
  /** Instead of none. */
  readonly limits?: OrderLimits
  readonly flags?: Flags
}

/** Starts a broker and an engine that may send it orders. */
export async function startTrading(
  context: Scope,
  subject: Subject,
  { simulator: options = {}, limits = NO_LIMITS, flags = {} }: TradingOptions = {},
): Promise<TradingRig> {
  const { orders } = subject.spec
  assert.ok(!('unsupported' in orders))
  // Of quotes, more than one call takes.
  const instruments = Math.min(MARKET, orders.reads.quotes.instrumentsMax + 100)
  const rig = await startRig(context, subject, {
    simulator: { limits: false, instruments, ...options },
    orders: limits,
    flags: { [`brokers.${subject.spec.id}.static_ip_acknowledged`]: true, ...LOOKS, ...flags },
  })
  return tradingOn(rig)
}

/** What the cards of orders need of an engine on a broker that takes them. */
export function tradingOn(rig: Rig): TradingRig {
  const { simulator, spec, twin, engine } = rig
  const { orders } = spec
  assert.ok(isTrading(simulator), `the simulator of ${spec.id} takes no orders`)
  assert.ok(!('unsupported' in orders))
  const books = new ExchangeBooks(simulator, twin)
  return { ...rig, simulator, orders, gateway: engine.orders.gateway, books }
}

const sharedRigs = new WeakMap<Subject, Promise<TradingRig>>()

/**
 * One engine for all cards that leave it as it was. Nothing is wrong with the broker when it comes, and no order of the
 * card is left in the market at its end.
 */
export async function sharedTrading(context: TestContext, subject: Subject): Promise<TradingRig> {
  const shared = sharedRigs.get(subject) ?? startTrading(subject.scope, subject)
  sharedRigs.set(subject, shared)
  const rig = await shared
  rig.simulator.clearFaults()
  context.after(() => cancelAll(rig))
  return rig
}

async function cancelAll({ simulator, gateway }: TradingRig): Promise<void> {
  simulator.clearFaults()
  for (const { id, isFinal } of [...simulator.account.orders.values()]) {
    if (!isFinal) good(await gateway.cancel({ orderid: id }, CALLER))
  }
}

const sharesTaken = new WeakMap<TradingRig, number>()

/** A share that no other card trades in: its book is whole, and it has no orders. */
export function freshShare(rig: TradingRig): TwinInstrument {
  const [share] = freshShares(rig, 1)
  return share!
}

/** So many of them. */
export function freshShares(rig: TradingRig, count: number): TwinInstrument[] {
  const taken = sharesTaken.get(rig) ?? 0
  sharesTaken.set(rig, taken + count)
  return pick(rig, taken + count, (each) => isOrdered(rig, each)).slice(taken)
}

function isOrdered({ orders, simulator }: TradingRig, instrument: TwinInstrument): boolean {
  const { account } = simulator
  return (
    isShare(instrument) &&
    orders.exchanges.includes(instrument.exchange) &&
    !account.holdings.some(({ contract }) => contract.instrument === instrument.place)
  )
}

/** What an exchange takes. */
export function productsAt({ orders }: TradingRig, exchange: string) {
  return orders.narrower?.[exchange]?.products ?? orders.products
}

export function validitiesAt({ orders }: TradingRig, exchange: string) {
  return orders.narrower?.[exchange]?.validities ?? orders.validities
}

/** What the exchange knows of an instrument. */
export const contractOf = ({ simulator }: TradingRig, { place }: TwinInstrument) =>
  simulator.account.contracts.of(place)

/** The exchange's own order of an id. */
export function exchangeOrder({ simulator }: TradingRig, orderId: string): Order {
  const order = simulator.account.orders.get(orderId)
  assert.ok(order, `the exchange has no order ${orderId}`)
  return order
}

/** Orders of an instrument that came over the API. */
export function ordersOf({ simulator }: TradingRig, { place }: TwinInstrument): Order[] {
  return [...simulator.account.orders.values()].filter(
    ({ ask }) => ask.contract.instrument === place,
  )
}

/** An order as callers of the gateway write it. */
export interface OrderFields {
  readonly exchange: string
  readonly symbol: string
  readonly action: string
  readonly product: string
  readonly pricetype: string
  readonly quantity: number
  readonly price: number
  readonly trigger_price: number
  readonly [other: string]: unknown
}

export interface Wish {
  readonly action?: 'BUY' | 'SELL'
  readonly product?: string
  readonly pricetype?: string
  readonly lots?: number
}

export type Depth = Awaited<ReturnType<typeof depthOf>>

export async function depthOf({ gateway }: TradingRig, { exchange, symbol }: TwinInstrument) {
  return good(await gateway.depth({ exchange, symbol }))
}

/** An order that is taken, and waits where its type can. */
export async function orderFor(
  rig: TradingRig,
  instrument: TwinInstrument,
  wish: Wish = {},
): Promise<OrderFields> {
  return orderIn(rig, instrument, await depthOf(rig, instrument), wish)
}

/**
 * An order that is taken while the book is as given: of a price that nobody there gives, with a trigger beyond all of
 * them. Prices off the grid would be refused, so all are the book's own.
 */
export function orderIn(
  rig: TradingRig,
  instrument: TwinInstrument,
  { bids, asks }: Depth,
  { action = 'BUY', product, pricetype = 'LIMIT', lots = 1 }: Wish = {},
): OrderFields {
  const { exchange, symbol } = instrument
  const isStop = pricetype.startsWith('SL')
  const isLow = (action === 'BUY') !== isStop
  const price = (isLow ? bids : asks).at(-1)!.price
  return {
    exchange,
    symbol,
    action,
    // What is bought for the day needs the least.
    product: product ?? productsAt(rig, exchange).at(-1)!,
    pricetype,
    quantity: lots * contractOf(rig, instrument).lotSize,
    price,
    trigger_price: isStop ? price : 0,
  }
}

/** Places an order that must be accepted; gives its id. */
export async function placed({ gateway }: TradingRig, order: object): Promise<string> {
  return good(await gateway.place(order, CALLER)).orderid
}

/** An order is as expected, by the gateway's word. It may be told by messages, which take a moment. */
export async function checkOrder(
  { gateway }: TradingRig,
  orderid: string,
  expected: object,
  what: string,
): Promise<void> {
  const told = async () => good(await gateway.orderStatus({ orderid }))
  await until(what, async () => isAlike(await told(), expected), TOLD_MS_MAX).catch(() => {})
  checkAlike(await told(), expected, what)
}

/** The refusal of an answer that must be one. */
export function refusalOf(answer: GatewayAnswer<unknown>): GatewayError {
  assert.ok('error' in answer, JSON.stringify(answer))
  return answer.error
}

/** Waits until nothing is looked for any more. */
export async function untilSettled({ engine }: TradingRig): Promise<void> {
  await until('every unknown to be settled', () => engine.orders.status().unknown === 0)
}

/** Signs in as a person does whose session has ended. */
export async function signInAgain(rig: TradingRig): Promise<void> {
  const [keeper] = rig.engine.keepers
  await keeper!.useToken(await credentialsFor(rig))
  assert.ok(keeper!.current())
}
