// Everything that can be known of an order before it is sent, in one go; only where a limit is in percent or in rupees
// of a market order, and no tick is fresh, is the broker asked for a price.
import type { OrderRecord, OrderTerms } from '../../adapters/orders.ts'
import { checkTerms, checkTriggerSide, type Found } from './admission.ts'
import type { Desk } from './desk.ts'
import type { Named } from './fields.ts'
import { checkLimits, needsLastPrice, type OrderLimits } from './limits.ts'
import { nameOf } from './names.ts'
import type { Failed, PacedReads } from './paced-reads.ts'
import { badOrder, type GatewayAnswer, type GatewayError } from './refusal.ts'

export class OrderChecks {
  readonly #reads: PacedReads
  readonly #limits: OrderLimits

  /** `limits` are those of all brokers together. */
  constructor(reads: PacedReads, limits: OrderLimits) {
    this.#reads = reads
    this.#limits = limits
  }

  /** The terms as they may be sent, or what forbids them. */
  async admit(desk: Desk, found: Found, terms: OrderTerms): Promise<OrderTerms | Failed> {
    const { instrument, number } = found
    const checked = checkTerms(desk.orders, instrument, terms)
    if ('error' in checked) return checked
    let last = this.#reads.freshPrice(desk, number)
    const wrongSide = last === null ? null : checkTriggerSide(checked, last)
    if (wrongSide !== null) return { error: wrongSide }
    const all = [this.#limits, desk.broker.limits]
    if (last === null && all.some((limits) => needsLastPrice(limits, checked))) {
      const quoted = await this.#reads.quotedPrice(desk, instrument)
      if ('error' in quoted) return quoted
      last = quoted.ok
    }
    const error = this.refuseByLimits(desk, instrument, checked, last)
    return error === null ? checked : { error }
  }

  /** Refuses a change that names another order than it changes: it was held against the wrong rules and limits. */
  async refuseOther(
    desk: Desk,
    { number }: Found,
    { symbol, action }: OrderTerms & Named,
    known: OrderRecord,
  ): Promise<GatewayError | null> {
    const name = await nameOf(desk, known)
    if (name.number !== null && name.number !== number) {
      return badOrder('symbol', symbol, `the order is of ${name.exchange}:${name.symbol}`)
    }
    if (known.action === action) return null
    return badOrder('action', action, `the order is to ${known.action}, and stays so`)
  }

  /** Why the limits do not allow an order, of all brokers or of this one. */
  refuseByLimits(
    desk: Desk,
    named: Named,
    terms: Pick<OrderTerms, 'quantity' | 'price' | 'triggerPrice'>,
    last: number | null,
  ): GatewayError | null {
    return (
      checkLimits(this.#limits, 'the limits', named, terms, last) ??
      checkLimits(desk.broker.limits, `the limits of ${desk.id}`, named, terms, last)
    )
  }

  /** The last price, fresh from the feed or else as the broker quotes it. */
  async lastPrice(desk: Desk, { number, instrument }: Found): Promise<GatewayAnswer<number>> {
    const fresh = this.#reads.freshPrice(desk, number)
    return fresh === null ? this.#reads.quotedPrice(desk, instrument) : { ok: fresh }
  }
}
