// How a broker's session can be followed by another one without a person, and when that is tried next.
import type { BrokerSpec, Credentials } from '../../adapters/broker.ts'
import { backoffMs } from '../feed/backoff.ts'
import { canRefresh } from './sign-in.ts'

const RETRY_MS_MIN = 5_000
const RETRY_MS_MAX = 15 * 60_000
/** Without chance: one process signs in to one account, so nobody has to be kept apart. */
const NO_JITTER = 0.5

/** Where the next session would come from. */
export type Renewal = 'refresh' | 'sign-in'

/** Where a session stands when the next one is thought of. */
export interface Standing {
  /** Past its end, or refused. */
  readonly isOver: boolean
  readonly isExpiring: boolean
  /** What was given for it and told about it; null where there was none yet. */
  readonly known: Credentials | null
  /** What a sign-in would begin with. */
  readonly credentials: Credentials
}

export class Renewals {
  readonly #broker: Pick<BrokerSpec, 'id' | 'signIn'>
  readonly #retryMsMin: number
  /** What will not do again until somebody signs in. */
  readonly #spent = new Set<Renewal>()
  /** A renewal before the end brought no later end. */
  #isEarlyUseless = false
  #inARow = 0
  #notBeforeMs = 0

  constructor(broker: Pick<BrokerSpec, 'id' | 'signIn'>, retryMsMin = RETRY_MS_MIN) {
    this.#broker = broker
    this.#retryMsMin = retryMsMin
  }

  /** How the next session can be got now; null where that takes a person, or would change nothing. */
  next({ isOver, isExpiring, known, credentials }: Standing): Renewal | null {
    if (!isOver && (!isExpiring || this.#isEarlyUseless)) return null
    if (known !== null && canRefresh(this.#broker, known) && !this.#spent.has('refresh')) {
      return 'refresh'
    }
    if (this.#spent.has('sign-in') || !this.#isEnough(credentials)) return null
    // Who signs in anew before the hour has another session that ends at the hour.
    return isOver || this.#broker.signIn.expiresAt === undefined ? 'sign-in' : null
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#notBeforeMs
  }

  /** Notes that one is tried: the next one waits, ever longer until a session lives. */
  begin(nowMs: number): void {
    const delayMs = backoffMs(this.#inARow, this.#retryMsMin, RETRY_MS_MAX, NO_JITTER)
    this.#notBeforeMs = nowMs + delayMs
    this.#inARow += 1
  }

  succeed({ isEarly, isLonger }: { isEarly: boolean; isLonger: boolean }): void {
    if (isLonger) this.#inARow = 0
    this.#isEarlyUseless = isEarly && !isLonger
  }

  /** What was tried is not accepted: the same again would not be either. */
  fail(renewal: Renewal): void {
    this.#spent.add(renewal)
  }

  /** The session before lived long enough to be called good. */
  forgive(): void {
    this.#inARow = 0
  }

  /** Somebody signed in: everything may do again. */
  reset(): void {
    this.#spent.clear()
    this.#isEarlyUseless = false
    this.#inARow = 0
  }

  /** Whether all is there that a sign-in takes, and no page is in the way. */
  #isEnough(given: Credentials): boolean {
    const { page, steps, credentials } = this.#broker.signIn
    if (page !== undefined || steps.length === 0) return false
    return credentials.every(({ name, needed }) => needed === 'never' || given[name] !== undefined)
  }
}
