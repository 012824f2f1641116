// Good-till-triggered orders: prices that are waited for on the broker's side, and the orders that are placed then.
// Prices are price units of the wire.
import type { Account } from './account.ts'
import type { Contract } from './contracts.ts'
import type { Product, Side } from './order.ts'
import { TRIGGERS, type Watch } from './watch.ts'

export interface TriggerLeg {
  readonly side: Side
  readonly product: Product
  readonly quantity: number
  readonly price: number
}

/** What became of the leg whose price came. */
export interface TriggerResult {
  readonly leg: number
  readonly atMs: number
  /** Price units. */
  readonly triggeredAt: number
  /** Null where the order was refused before it had one. */
  readonly orderId: string | null
  readonly rejection: string | null
}

export interface TriggerTerms {
  readonly type: 'single' | 'two-leg'
  readonly contract: Contract
  /** Ascending. */
  readonly values: readonly number[]
  /** As the client told it: a price on either side of it is waited for. */
  readonly last: number
  readonly legs: readonly TriggerLeg[]
}

export interface Trigger {
  readonly id: number
  readonly createdMs: number
  updatedMs: number
  status: 'active' | 'triggered' | 'deleted' | 'expired'
  terms: TriggerTerms
  result: TriggerResult | null
}

const LIFE_MS = 365 * 86_400_000
const FIRST_ID = 100_000

export const expiresMs = ({ createdMs }: Trigger) => createdMs + LIFE_MS

export class Triggers {
  readonly #account: Account
  readonly #watch: Watch
  readonly #triggersMax: number
  /** By id, in the order of their making. */
  readonly #all = new Map<number, Trigger>()
  #lastId = FIRST_ID
  readonly #active = new Map<number, Trigger[]>()

  constructor(account: Account, watch: Watch, triggersMax: number) {
    this.#account = account
    this.#watch = watch
    this.#triggersMax = triggersMax
    watch.onTick((instrument, nowMs) => this.#check(instrument, nowMs))
  }

  get all(): IterableIterator<Trigger> {
    return this.#all.values()
  }

  get isFull(): boolean {
    return this.#all.size >= this.#triggersMax
  }

  find(id: number): Trigger | undefined {
    return this.#all.get(id)
  }

  /** An id for `place`, never given twice. */
  nextId(): number {
    this.#lastId += 1
    return this.#lastId
  }

  place(id: number, terms: TriggerTerms, nowMs: number): void {
    const trigger: Trigger = {
      id,
      createdMs: nowMs,
      updatedMs: nowMs,
      status: 'active',
      terms,
      result: null,
    }
    this.#all.set(id, trigger)
    this.#wait(trigger)
  }

  modify(trigger: Trigger, terms: TriggerTerms, nowMs: number): void {
    this.#leave(trigger)
    trigger.terms = terms
    trigger.updatedMs = nowMs
    this.#wait(trigger)
  }

  delete(trigger: Trigger, nowMs: number): void {
    this.#end(trigger, 'deleted', nowMs)
  }

  #wait(trigger: Trigger): void {
    const { instrument } = trigger.terms.contract
    const active = this.#active.get(instrument)
    if (active !== undefined) active.push(trigger)
    else this.#active.set(instrument, [trigger])
    this.#watch.set(instrument, TRIGGERS, true)
  }

  #leave(trigger: Trigger): void {
    const { instrument } = trigger.terms.contract
    const left = (this.#active.get(instrument) ?? []).filter((each) => each !== trigger)
    if (left.length > 0) this.#active.set(instrument, left)
    else {
      this.#active.delete(instrument)
      this.#watch.set(instrument, TRIGGERS, false)
    }
  }

  #end(trigger: Trigger, status: Trigger['status'], nowMs: number): void {
    this.#leave(trigger)
    trigger.status = status
    trigger.updatedMs = nowMs
  }

  #check(instrument: number, nowMs: number): void {
    for (const trigger of [...(this.#active.get(instrument) ?? [])]) {
      if (expiresMs(trigger) <= nowMs) {
        this.#end(trigger, 'expired', nowMs)
        continue
      }
      const { contract, values, last } = trigger.terms
      const now = this.#account.lastUnits(contract)
      const leg = values.findIndex((value) => (value < last ? now <= value : now >= value))
      if (leg >= 0) this.#fire(trigger, leg, now, nowMs)
    }
  }

  #fire(trigger: Trigger, leg: number, triggeredAt: number, nowMs: number): void {
    this.#end(trigger, 'triggered', nowMs)
    const { contract, legs } = trigger.terms
    const { side, product, quantity, price } = legs[leg]!
    const result = { leg, atMs: nowMs, triggeredAt, orderId: null, rejection: null }
    if (this.#account.isFull) {
      trigger.result = { ...result, rejection: 'No more orders are kept.' }
      return
    }
    const order = this.#account.place({
      contract,
      side,
      product,
      quantity,
      price,
      trigger: 0,
      priceType: 'LIMIT',
      validity: 'DAY',
      validityMinutes: 0,
      disclosedQuantity: 0,
      protection: 0,
      tag: null,
      variety: 'regular',
      origin: 'gtt',
    })
    const rejection = order.rejection?.message ?? null
    trigger.result = { ...result, orderId: order.id, rejection }
  }
}
