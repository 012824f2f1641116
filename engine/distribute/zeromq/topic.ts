import type { Mode } from '../../../codecs/tick.ts'
import type { Feed } from '../../feed/feed.ts'
import type { Router, Subscriber } from '../router.ts'
import type { Source } from '../source.ts'
import type { TopicQueue } from './topic-queue.ts'

/** One message, an array that is used again for each: the socket takes what is in it at once. */
export type Frames = [topic: Buffer, payload: Buffer]

/** What the payload of a frame is cut to. */
export interface Cut {
  /** Comes first. */
  readonly before: Buffer
  /** Then the frame from here on. */
  readonly from: number
  /** So much is left out at its end. */
  readonly less: number
}

export const NO_PAYLOAD = Buffer.alloc(0)

const NOT_WAITING = -1

// OpenAlgo's frame carries what its bus published under this key.
const DATA = Buffer.from('"data":{')
const FRAME_END = Buffer.from('}')

/** What a topic's ticks go to. */
export interface Receiver extends Subscriber {
  /** The ticks that follow are another broker's. */
  deliveredBy(broker: string): void
}

/** A stream under its name, with what the queue has to know of it: the ticks of a broker, or its events. */
export class Channel implements Receiver {
  readonly text: string
  readonly isPacked: boolean
  /** Place in the queue of the newest value that waits there. */
  waitingAt = NOT_WAITING
  readonly #queue: TopicQueue
  #ticksOf: string | null
  #frames: Frames | null = null
  #cut: Cut | null = null

  /** `ticksOf` is the broker, or null for a stream of events. */
  constructor(text: string, queue: TopicQueue, ticksOf: string | null) {
    this.text = text
    this.isPacked = queue.isPacked
    this.#queue = queue
    this.#ticksOf = ticksOf
  }

  /** Whether a newer value may stand in for one that waits: a tick tells all, an event only what happened. */
  get conflates(): boolean {
    return this.#ticksOf !== null
  }

  /** Made at the first message: most topics that are subscribed by the thousand never have one. */
  get frames(): Frames {
    this.#frames ??= [Buffer.from(this.text, 'latin1'), NO_PAYLOAD]
    return this.#frames
  }

  deliveredBy(broker: string): void {
    this.#ticksOf = broker
    this.#cut = null
  }

  queue(start: number, end: number): void {
    const isCut = !this.isPacked && this.#ticksOf !== null
    if (isCut) this.#cut ??= this.#dataOf(this.#queue.peek(start, end))
    this.#queue.add(this, isCut ? this.#cut : null, start, end)
  }

  /** The `data` of a market_data frame, with the broker that stands beside it there. */
  #dataOf(frame: Buffer): Cut {
    const from = frame.indexOf(DATA) + DATA.length
    return { before: Buffer.from(`{"broker":"${this.#ticksOf}",`), from, less: FRAME_END.length }
  }
}

/** How a topic stands at its router: not at all, taking what flows for others, or holding the instrument. */
export type Standing = 'idle' | 'follows' | 'holds'

/** The ticks of one instrument in one mode, under one name. */
export interface Topic {
  readonly text: string
  readonly source: Source
  /** Of whose capacity it takes a share where it holds. */
  readonly feed: Feed
  readonly instrument: number
  readonly mode: Mode
  readonly receiver: Receiver
  standing: Standing
  /** The router at which it follows. */
  followed: Router | null
  /** Somebody subscribes to exactly this name. */
  isNamed: boolean
}
