import type { Mode } from '../../../codecs/tick.ts'
import type { Feed } from '../../feed/feed.ts'
import type { Router, Subscriber } from '../router.ts'
import type { Source } from '../source.ts'
import type { TopicQueue } from './topic-queue.ts'

/** What a message carries: msgpack in memory that is written once, or JSON. */
export type Payload = Buffer | string
/** One message, an array that is used again for each: the socket takes what is in it at once. */
export type Frames = [topic: Buffer, payload: Payload]

const NOT_WAITING = -1

// OpenAlgo's frame carries what its bus published under this key.
const DATA = '"data":{'

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
  #dataAt = 0

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
    this.#frames ??= [Buffer.from(this.text, 'latin1'), '']
    return this.#frames
  }

  deliveredBy(broker: string): void {
    this.#ticksOf = broker
    this.#dataAt = 0
  }

  queueText(frame: string): void {
    this.#queue.addText(this, this.#ticksOf === null ? frame : this.#dataOf(frame))
  }

  queuePacked(start: number, end: number): void {
    this.#queue.addSpan(this, start, end)
  }

  /** The `data` of a market_data frame, with the broker that stands beside it there. */
  #dataOf(frame: string): string {
    if (this.#dataAt === 0) this.#dataAt = frame.indexOf(DATA) + DATA.length
    return `{"broker":"${this.#ticksOf}",${frame.slice(this.#dataAt, -1)}`
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
