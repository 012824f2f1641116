import type { Feed } from '../../feed/feed.ts'

/**
 * How much of each broker's capacity subscriptions by topic may take. They need no key, so that what they can ask of a
 * broker is bounded, whoever asks.
 */
export class CapacityShare {
  readonly #percentMax: number
  /** Topics that hold each instrument, by feed. */
  readonly #held = new Map<Feed, Map<number, number>>()

  constructor(percentMax: number) {
    this.#percentMax = percentMax
  }

  instrumentsMax(feed: Feed): number {
    return Math.floor((feed.capacity * this.#percentMax) / 100)
  }

  instrumentsHeld(feed: Feed): number {
    return this.#held.get(feed)?.size ?? 0
  }

  /** Takes an instrument for one topic more; false where there is no room. */
  take(feed: Feed, instrument: number): boolean {
    let held = this.#held.get(feed)
    if (held === undefined) {
      held = new Map()
      this.#held.set(feed, held)
    }
    const topics = held.get(instrument)
    if (topics === undefined) {
      if (held.size >= this.instrumentsMax(feed) || !feed.hasRoomFor(instrument)) return false
      held.set(instrument, 1)
    } else held.set(instrument, topics + 1)
    return true
  }

  /** Gives an instrument back for one topic. */
  giveBack(feed: Feed, instrument: number): void {
    const held = this.#held.get(feed)!
    const topics = held.get(instrument)! - 1
    if (topics === 0) held.delete(instrument)
    else held.set(instrument, topics)
  }
}
