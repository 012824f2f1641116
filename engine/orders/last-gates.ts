// The last that a write has to pass before it is sent, when everything else about it is known to be good.
import type { WriteName } from '../../adapters/order-rules.ts'
import type { Desk } from './desk.ts'
import type { Named } from './fields.ts'
import type { Window } from './quota.ts'
import type { GatewayError } from './refusal.ts'
import type { WriteTask } from './write.ts'
import type { WriteOptions } from './writes.ts'

/** What only lessens what is at risk passes the kill switch. */
const PASSES_KILL: readonly WriteName[] = ['cancel', 'cancelGtt']

/** What must not go out twice, and so waits for what became of its like. */
const isPlace = (name: WriteName) => name === 'place' || name === 'placeGtt'

export class LastGates {
  readonly #options: WriteOptions
  /** Of all brokers together. */
  readonly #windows: readonly Window[]

  constructor(options: WriteOptions, windows: readonly Window[]) {
    this.#options = options
    this.#windows = windows
  }

  /** Whether what an earlier run left open is looked for still, which the write may be the like of. */
  mustWait(desk: Desk, name: WriteName): boolean {
    return isPlace(name) && desk.opening !== null
  }

  /** Waits for the end of that, within limits. Resolves to why nothing can go, or null. */
  async waitForOpening(desk: Desk): Promise<GatewayError | null> {
    const { wait, openingMsMax } = this.#options
    await Promise.race([desk.opening, wait(openingMsMax)])
    if (desk.opening === null) return null
    const message = `not sent: orders that an earlier run left open at ${desk.id} are still looked for`
    return { code: 'NETWORK_ERROR', message }
  }

  /** Why a write cannot go out now, or null: then it counts as sent. */
  refuse(desk: Desk, name: WriteName, ask: object, named: Named | null): GatewayError | null {
    const { killSwitch, reconciler, holdUnknown, nowMs } = this.#options
    // The session may have ended while a price was asked for.
    const closed = desk.refuseWrites()
    if (closed !== null) return closed
    if (!PASSES_KILL.includes(name) && killSwitch.isSet) {
      const message =
        'the kill switch is set: nothing new is sent to any broker until an admin clears it'
      return { code: 'INSUFFICIENT_PERMISSION', message }
    }
    if (isPlace(name) && holdUnknown && named !== null) {
      const { exchange, symbol } = named
      const tag = reconciler.unknownPlaceOf(desk.id, exchange, symbol, name)
      if (tag !== null) {
        const message = `what became of the last order for ${exchange}:${symbol} is not known yet; it is looked for`
        return { code: 'UNKNOWN_OUTCOME', message, tag }
      }
    }
    const waitMs = desk.takeWrite(name, named?.exchange ?? null, nowMs(), this.#windows)
    if (waitMs > 0) {
      const message = `not sent: ${desk.id} or a limit takes no more for ${waitMs} ms`
      return { code: 'RATE_LIMITED', message, retryAfterMs: waitMs }
    }
    if (name !== 'place') desk.countChange({ name, ask: ask as WriteTask['ask'] })
    return null
  }
}
