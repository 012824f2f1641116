// One account at one broker, as the gateway sees it: whether it takes orders now, and how many more.
import type { BrokerSpec, Session } from '../../adapters/broker.ts'
import type { ModifyGttAsk } from '../../adapters/gtt.ts'
import type { ReadName, WriteName } from '../../adapters/order-rules.ts'
import type { ModifyAsk, OrdersSpec } from '../../adapters/orders.ts'
import {
  checkExpiry,
  type Found,
  findInstrument,
  type Instruments,
  indianDay,
} from './admission.ts'
import type { Named } from './fields.ts'
import type { OrderLimits } from './limits.ts'
import { CalendarWindow, QuotaBook, RollingWindow, take, type Window } from './quota.ts'
import { badOrder, type GatewayError } from './refusal.ts'
import type { WriteTask } from './write.ts'

export interface LastPrice {
  readonly price: number
  readonly receivedAtMs: number
}

/** A broker with all that the gateway needs of the rest of the engine. */
export interface OrderBroker {
  readonly spec: BrokerSpec
  readonly limits: OrderLimits
  /** The user's word that the broker has this machine's address as the account's own. */
  readonly staticIpAcknowledged: boolean
  /** The id of a registered algorithm. */
  readonly algoId: string | null
  /** The session that is live now. */
  session(): Session | null
  /** Those of the generation in use. */
  instruments(): Instruments
  /** The last tick of an instrument, null where nobody subscribed to it. */
  lastPrice(instrument: number): LastPrice | null
  /** The common name behind a broker's, where its token does not tell. */
  findName(brokerExchange: string, brokerSymbol: string): Promise<Named | null>
}

const SECOND_MS = 1000
const DAY_MS = 86_400_000
/** Orders whose changes are counted; the oldest is forgotten first. */
const ORDERS_COUNTED_MAX = 20_000
/** What a rate above which an algorithm must be registered counts: cancels only lessen what is at risk. */
const COUNTED: readonly WriteName[] = ['place', 'modify', 'placeGtt', 'modifyGtt']

/** Windows for the user's own limits of so many orders. */
export function windowsFor({ perSecondMax, perDayMax }: OrderLimits): Window[] {
  const windows: Window[] = []
  if (perSecondMax > 0) windows.push(new RollingWindow(perSecondMax, SECOND_MS))
  if (perDayMax > 0) windows.push(new CalendarWindow(perDayMax, DAY_MS, 0))
  return windows
}

export class Desk {
  readonly id: string
  readonly broker: OrderBroker
  readonly orders: OrdersSpec
  /** Resolves when the orders that an earlier run left open are accounted for; null: they are. */
  opening: Promise<void> | null = null
  readonly #quotas: QuotaBook
  readonly #limitWindows: readonly Window[]
  /** Unregistered algorithms are counted per exchange. */
  readonly #exchangeWindows = new Map<string, Window>()
  readonly #changes = new Map<string, number>()

  constructor(broker: OrderBroker, orders: OrdersSpec) {
    this.id = broker.spec.id
    this.broker = broker
    this.orders = orders
    this.#quotas = new QuotaBook(orders.quotas)
    this.#limitWindows = windowsFor(broker.limits)
  }

  /** Why the account cannot be asked anything. */
  refuseReads(): GatewayError | null {
    if (this.broker.session() !== null) return null
    const message = `${this.id} has no live session: sign in, for example by \`tickplant login ${this.id}\``
    return { code: 'INVALID_TOKEN', message }
  }

  /** Why nothing can be changed in the account. */
  refuseWrites(): GatewayError | null {
    const { needsStaticIp } = this.orders.rules
    if (!needsStaticIp || this.broker.staticIpAcknowledged) return this.refuseReads()
    const key = `brokers.${this.id}.static_ip_acknowledged`
    const message =
      `${this.id} takes orders only from an address that is registered with it; ` +
      `register yours and set ${key} = true`
    return { code: 'STATIC_IP_REQUIRED', message }
  }

  /** The instrument of an order, with which all is well today. */
  find(named: Named, nowMs: number): Found | { readonly error: GatewayError } {
    const instruments = this.broker.instruments()
    const found = findInstrument(instruments, named, this.orders.exchanges)
    if ('error' in found) return found
    const error = checkExpiry(instruments.details, found.number, indianDay(nowMs))
    return error === null ? found : { error }
  }

  /** Lets a write through and counts it, or answers the ms to wait. `also`: windows of the caller's. */
  takeWrite(
    name: WriteName,
    exchange: string | null,
    nowMs: number,
    also: readonly Window[],
  ): number {
    const windows = [...this.#quotas.windowsOf(name)]
    if (name === 'place') windows.push(...this.#limitWindows, ...also)
    if (exchange !== null && COUNTED.includes(name)) windows.push(...this.#exchangeWindow(exchange))
    return take(windows, nowMs)
  }

  /** Lets a read through and counts it, or answers the ms to wait. */
  takeRead(name: ReadName, nowMs: number): number {
    return take(this.#quotas.windowsOf(name), nowMs)
  }

  /** Is told that a read that was counted at `atMs` has ended. */
  readEnded(name: ReadName, atMs: number, endMs: number): void {
    for (const window of this.#quotas.windowsOf(name)) window.ended(atMs, endMs)
  }

  /** Counts what the journal tells of. */
  recount({ name, ask }: Pick<WriteTask, 'name' | 'ask'>, atMs: number): void {
    this.#quotas.recount(name, atMs)
    if (name === 'place') for (const window of this.#limitWindows) window.count(atMs)
    this.countChange({ name, ask })
  }

  /** Why an order cannot be changed once more. */
  refuseChange(orderId: string): GatewayError | null {
    const { modificationsMax } = this.orders.rules
    if ((this.#changes.get(orderId) ?? 0) < modificationsMax) return null
    const why = `it was changed ${modificationsMax} times, and ${this.id} takes no more; cancel it and place another`
    return badOrder('orderid', orderId, why)
  }

  /** Counts a write that changes an order or a GTT; others do not matter. */
  countChange({ name, ask }: Pick<WriteTask, 'name' | 'ask'>): void {
    const key = changedBy({ name, ask })
    if (key === null) return
    const changes = this.#changes.get(key) ?? 0
    // Put back at the end, so that the first is the one that was not changed for longest.
    this.#changes.delete(key)
    this.#changes.set(key, changes + 1)
    if (this.#changes.size <= ORDERS_COUNTED_MAX) return
    const [oldest] = this.#changes.keys()
    this.#changes.delete(oldest!)
  }

  /** Whether a change is the only one of its order or GTT that was sent. */
  isOnlyChange(task: WriteTask): boolean {
    return this.#changes.get(changedBy(task) ?? '') === 1
  }

  #exchangeWindow(exchange: string): readonly Window[] {
    const { rules } = this.orders
    if (rules.takesAlgoId && this.broker.algoId !== null) return []
    let window = this.#exchangeWindows.get(exchange)
    if (window === undefined) {
      window = new RollingWindow(rules.ordersPerSecondMax, SECOND_MS)
      this.#exchangeWindows.set(exchange, window)
    }
    return [window]
  }
}

/** What a write changes, under a name of its own; null where it changes nothing. */
function changedBy({ name, ask }: Pick<WriteTask, 'name' | 'ask'>): string | null {
  if (name === 'modify') return (ask as ModifyAsk).orderId
  return name === 'modifyGtt' ? `gtt ${(ask as ModifyGttAsk).triggerId}` : null
}
