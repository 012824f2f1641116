// All that flows, in one message per drain: an array of ticks and events, for readers who take more ticks than single
// messages could carry.
import { ARRAY_HEADER_BYTES, writeArrayHeader } from '../../../codecs/msgpack.ts'
import type { Outbox, Waiting } from '../outbox.ts'
import type { Subscriber } from '../router.ts'
import { SPAN_WORDS, Spans } from '../spans.ts'
import { Slab } from './slab.ts'
import { type Frames, NO_PAYLOAD } from './topic.ts'
import { BATCH_TOPIC } from './topic-names.ts'

export class Batches implements Subscriber, Waiting {
  readonly isPacked = true
  sent = 0
  itemsSent = 0
  readonly #outbox: Outbox
  readonly #send: (frames: Frames) => void
  readonly #slab = new Slab()
  readonly #spans = new Spans(Number.POSITIVE_INFINITY)
  readonly #frames: Frames = [Buffer.from(BATCH_TOPIC), NO_PAYLOAD]

  constructor(outbox: Outbox, send: (frames: Frames) => void) {
    this.#outbox = outbox
    this.#send = send
  }

  queue(start: number, end: number): void {
    if (this.#spans.items === 0) this.#outbox.add(this)
    this.#spans.add(start, end)
  }

  /** Sends one message. The arena holds fewer ticks than an array header can count. */
  flush(bytes: Uint8Array): void {
    const { words, items } = this.#spans
    let size = ARRAY_HEADER_BYTES
    for (let i = 0; i < words.length; i += SPAN_WORDS) size += words[i + 1]! - words[i]!
    const payload = this.#slab.take(size)
    let at = writeArrayHeader(payload, 0, items)
    for (let i = 0; i < words.length; i += SPAN_WORDS) {
      const span = bytes.subarray(words[i]!, words[i + 1]!)
      payload.set(span, at)
      at += span.length
    }
    this.#spans.clear()
    this.#frames[1] = payload
    this.#send(this.#frames)
    this.#frames[1] = NO_PAYLOAD
    this.sent += 1
    this.itemsSent += items
  }
}
