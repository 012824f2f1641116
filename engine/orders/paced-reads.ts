// Reads of accounts and markets at the pace that the broker allows. One that comes too early waits its turn: it changes
// nothing, so late is better than refused.
import type { Session } from '../../adapters/broker.ts'
import type { ReadName } from '../../adapters/order-rules.ts'
import type { OrderInstrument } from '../../adapters/orders.ts'
import { Desk, type OrderBroker } from './desk.ts'
import type { FieldReader } from './fields.ts'
import { badField, type GatewayAnswer, type GatewayError } from './refusal.ts'
import type { AnswerOf, AskOf, ReadsPool } from './write.ts'

export interface ReadOptions {
  /** In the order of preference: the first is asked where a caller names none. */
  readonly brokers: readonly OrderBroker[]
  readonly reads: Pick<ReadsPool, 'read'>
  /** Is told when a broker does not take the session with which it was asked. */
  readonly onRefused: (broker: string, why: string, session: Session | null) => void
  /** How long a read may wait for its turn. */
  readonly readWaitMsMax: number
  /** How old a tick may be whose price counts as the last. */
  readonly lastPriceMsMax: number
  readonly nowMs: () => number
  readonly wait: (ms: number) => Promise<unknown>
}

/** Something failed before there was an answer. */
export type Failed = { readonly error: GatewayError }

export class PacedReads {
  readonly desks: ReadonlyMap<string, Desk>
  readonly #options: ReadOptions
  readonly #unsupported: ReadonlyMap<string, string>

  constructor(options: ReadOptions) {
    this.#options = options
    const desks = new Map<string, Desk>()
    const unsupported = new Map<string, string>()
    for (const broker of options.brokers) {
      const { id, orders } = broker.spec
      if ('unsupported' in orders) unsupported.set(id, orders.unsupported)
      else desks.set(id, new Desk(broker, orders))
    }
    this.desks = desks
    this.#unsupported = unsupported
  }

  /** The account that a caller means. */
  desk(fields: FieldReader): Desk | Failed {
    const asked = fields.value('broker')
    const known = [...this.desks.keys()]
    const [first] = this.#options.brokers
    const id = asked ?? first?.spec.id
    const desk = typeof id === 'string' ? this.desks.get(id) : undefined
    if (desk !== undefined) return desk
    const why = typeof id === 'string' ? this.#unsupported.get(id) : undefined
    if (why !== undefined) {
      return { error: { code: 'UNSUPPORTED', field: 'broker', message: `${id}: ${why}` } }
    }
    return { error: badField('broker', asked, `one of ${known.join(', ')}`) }
  }

  /** A read that is counted, waits its turn, and is refused without a call where the account cannot be asked. */
  async read<Name extends ReadName>(
    desk: Desk,
    name: Name,
    ask: AskOf<Name>,
  ): Promise<GatewayAnswer<AnswerOf<Name>>> {
    const { reads, onRefused, nowMs } = this.#options
    const error =
      refuseUnsupported(desk, name) ?? desk.refuseReads() ?? (await this.#turn(desk, name))
    if (error !== null) return { error }
    const session = desk.broker.session()
    const countedAtMs = nowMs()
    const told = await reads.read(desk.id, name, ask)
    desk.readEnded(name, countedAtMs, nowMs())
    if ('answer' in told) return { ok: told.answer }
    const { code, message } = told.refusal
    if (code === 'INVALID_TOKEN') onRefused(desk.id, message, session)
    return { error: { code, message } }
  }

  /** The price of the last tick, where it is young enough; null where there is none. What never traded has 0. */
  freshPrice(desk: Desk, instrument: number): number | null {
    const last = desk.broker.lastPrice(instrument)
    if (last === null || last.price === 0) return null
    const { nowMs, lastPriceMsMax } = this.#options
    return nowMs() - last.receivedAtMs <= lastPriceMsMax ? last.price : null
  }

  /** The last price that the broker quotes. */
  async quotedPrice(desk: Desk, instrument: OrderInstrument): Promise<GatewayAnswer<number>> {
    const read = await this.read(desk, 'quotes', [instrument])
    if ('error' in read) {
      const { code, message } = read.error
      return { error: { code, message: `the last price could not be had: ${message}` } }
    }
    const [quote] = read.ok
    if (!quote) return { error: notQuoted(instrument) }
    return quote.ltp === 0 ? { error: neverTraded(instrument) } : { ok: quote.ltp }
  }

  /** Waits until a read may be made; an error where that takes too long. */
  async #turn(desk: Desk, name: ReadName): Promise<GatewayError | null> {
    const { nowMs, wait, readWaitMsMax } = this.#options
    const endMs = nowMs() + readWaitMsMax
    for (;;) {
      const waitMs = desk.takeRead(name, nowMs())
      if (waitMs === 0) return null
      if (nowMs() + waitMs > endMs) {
        const message = `${desk.id} takes no more calls of this kind for ${waitMs} ms`
        return { code: 'RATE_LIMITED', message, retryAfterMs: waitMs }
      }
      await wait(waitMs)
    }
  }
}

/** The error in place of an account, where there is one. */
export const errorOf = (desk: Desk | Failed): GatewayError | null =>
  'error' in desk ? desk.error : null

/** What the broker has no quote of. */
export function notQuoted({ exchange, symbol }: OrderInstrument): GatewayError {
  const message = `the broker has no quote of ${exchange}:${symbol}`
  return { code: 'NOT_FOUND', field: 'symbol', message }
}

/** What the broker quotes, and nobody has traded. */
function neverTraded({ exchange, symbol }: OrderInstrument): GatewayError {
  const message = `there is no last price of ${exchange}:${symbol}: it has not traded`
  return { code: 'NOT_FOUND', field: 'symbol', message }
}

/** Why a read is refused that the broker has not. */
export function refuseUnsupported(desk: Desk, name: ReadName): GatewayError | null {
  const call = desk.orders.reads[name]
  if (!('unsupported' in call)) return null
  return { code: 'UNSUPPORTED', message: `${desk.id}: ${call.unsupported}` }
}
