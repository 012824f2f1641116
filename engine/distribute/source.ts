// Where a client's ticks come from: one broker that it asked for, or whichever delivers an instrument best (supply.ts).
import type { Mode } from '../../codecs/tick.ts'
import type { Feed } from '../feed/feed.ts'
import type { Subscriber } from './router.ts'

export interface Source {
  /** The broker that replies name. */
  readonly feed: Feed
  /** Whether events of a feed are of interest. */
  includes(feed: Feed): boolean
  /** Instrument number of a symbol that can be held, or -1. */
  find(exchange: string, symbol: string): number
  /** Instrument number of a symbol that is known, listed today or not, or -1. */
  known(exchange: string, symbol: string): number
  /** The feed that delivers an instrument, or would. */
  feedOf(instrument: number): Feed
  /** Subscribes in a mode that is not yet held; the feed that delivers, or null where there is no room. */
  hold(instrument: number, mode: Mode, subscriber: Subscriber): Feed | null
  release(instrument: number, mode: Mode, subscriber: Subscriber): void
}

/** One broker and no other. */
export class OneBroker implements Source {
  readonly feed: Feed

  constructor(feed: Feed) {
    this.feed = feed
  }

  includes(feed: Feed): boolean {
    return feed === this.feed
  }

  find(exchange: string, symbol: string): number {
    return this.feed.find(exchange, symbol)
  }

  known(exchange: string, symbol: string): number {
    return this.feed.catalogue.find(exchange, symbol)
  }

  feedOf(): Feed {
    return this.feed
  }

  hold(instrument: number, mode: Mode, subscriber: Subscriber): Feed | null {
    if (!this.feed.hasRoomFor(instrument)) return null
    this.feed.router.subscribe(instrument, mode, subscriber)
    return this.feed
  }

  release(instrument: number, mode: Mode, subscriber: Subscriber): void {
    this.feed.router.unsubscribe(instrument, mode, subscriber)
  }
}
