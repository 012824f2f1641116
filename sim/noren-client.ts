// One socket of Noren's feed: whether it signed in, what it is subscribed to, and what it was told last.
import type { WebSocket } from 'ws'
import { FeedClient } from './feed-client.ts'
import { BOOK, type Channel, type Channels, type Label, TOUCHLINE } from './noren-wire.ts'
import type { SeededRandom } from './random.ts'
import { Subscriptions } from './subscriptions.ts'

export const INSTRUMENTS_PER_SOCKET = 5000
/** Channels by what a scrip is subscribed in, 0 to 3. */
const CHANNELS: readonly (readonly Channel[])[] = [[], [TOUCHLINE], [BOOK], [TOUCHLINE, BOOK]]

/** What a socket knows of a scrip: the values it was told last, by channel. */
export interface Told {
  readonly label: Label
  readonly last: Map<Channel, Float64Array>
}

export class NorenClient extends FeedClient<Channels> {
  readonly #told = new Map<number, Told>()
  state: 'new' | 'signed in' | 'refused' = 'new'
  /** Ticks sent before they were due, since a scrip in two channels takes two at a time. */
  ahead = 0

  constructor(socket: WebSocket, random: SeededRandom) {
    super(socket, new Subscriptions(INSTRUMENTS_PER_SOCKET, random))
  }

  channelsOf(instrument: number): readonly Channel[] {
    return CHANNELS[this.subscriptions.modeOf(instrument)]!
  }

  /** What it was told of a subscribed instrument. */
  toldOf(instrument: number): Told {
    return this.#told.get(instrument)!
  }

  /** Adds a channel of an instrument; false where the socket has as many as it may. */
  add(instrument: number, channel: Channel, label: () => Label): boolean {
    const { subscriptions } = this
    const before = subscriptions.modeOf(instrument)
    if (before !== 0) {
      subscriptions.setMode(instrument, (before | channel) as Channels)
      return true
    }
    if (subscriptions.full) return false
    subscriptions.add(instrument, channel)
    this.#told.set(instrument, { label: label(), last: new Map() })
    return true
  }

  /** Ends a channel of an instrument; one that is not there is left out silently. */
  drop(instrument: number, channel: Channel): void {
    const left = this.subscriptions.modeOf(instrument) & ~channel
    if (left !== 0) {
      this.subscriptions.setMode(instrument, left as Channels)
      return
    }
    this.subscriptions.remove(instrument)
    this.#told.delete(instrument)
  }
}
