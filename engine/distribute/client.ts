import { ARRAY_HEADER_BYTES, writeArrayHeader } from '../../codecs/msgpack.ts'
import type { Mode } from '../../codecs/tick.ts'
import type { Outbox, Waiting } from './outbox.ts'
import type { Subscriber } from './router.ts'
import type { Source } from './source.ts'
import { SPAN_WORDS, Spans } from './spans.ts'
import type { WebSocketHandle } from './uws.ts'

// AmiBroker decodes one frame per read, so a few frames go out as so many writes.
const FRAMES_UNCORKED_MAX = 8
// Larger frames only delay their first tick at the receiver.
const PACKED_FRAME_BYTES_MAX = 64 * 1024
// Ticks that lie side by side in the arena are copied as one span, up to this size.
const SPAN_BYTES_MAX = PACKED_FRAME_BYTES_MAX / 2
export const CLOSE_SLOW = 1013

/** Closings and totals over all clients, for the status. */
export interface ClientTotals {
  /** Ticks and events. */
  itemsSent: number
  closedSlow: number
  unauthenticated: number
}

/** One WebSocket client: who it is, what it holds, and what waits to be sent to it. */
export class Client implements Subscriber, Waiting {
  readonly number: number
  readonly ws: WebSocketHandle<Client>
  readonly connectedAtMs: number
  keyId: string | null = null
  keyName = ''
  source: Source | null = null
  isPacked = false
  wantsEvents = false
  wantsOrders = false
  isOpen = true
  itemsSent = 0
  /** Mode bits held per instrument number: bit `mode`. */
  readonly held = new Map<number, number>()
  readonly #outbox: Outbox
  readonly #queueBytesMax: number
  readonly #totals: ClientTotals
  /** Start and end of each text frame that waits. */
  readonly #texts: number[] = []
  readonly #spans = new Spans(SPAN_BYTES_MAX)
  #isQueued = false
  #frame = new Uint8Array(0)

  constructor(
    number: number,
    ws: WebSocketHandle<Client>,
    outbox: Outbox,
    queueBytesMax: number,
    totals: ClientTotals,
    nowMs: number,
  ) {
    this.number = number
    this.ws = ws
    this.connectedAtMs = nowMs
    this.#outbox = outbox
    this.#queueBytesMax = queueBytesMax
    this.#totals = totals
  }

  /** Sends a reply at once: replies are not part of the stream. */
  reply(message: object): void {
    if (!this.isOpen) return
    this.ws.send(JSON.stringify(message), false)
    this.#checkBuffer()
  }

  queue(start: number, end: number): void {
    if (this.isPacked) this.#spans.add(start, end)
    else this.#texts.push(start, end)
    if (this.#isQueued) return
    this.#isQueued = true
    this.#outbox.add(this)
  }

  /** Sends what waits; `bytes` is the arena that queued spans point into. */
  flush(bytes: Uint8Array): void {
    this.#isQueued = false
    if (this.isOpen) {
      const items = this.#texts.length / 2 + this.#spans.items
      this.itemsSent += items
      this.#totals.itemsSent += items
      if (this.#texts.length > 0) this.#sendTexts(bytes)
      if (this.#spans.items > 0) this.ws.cork(() => this.#sendPacked(bytes))
      this.#checkBuffer()
    }
    this.#texts.length = 0
    this.#spans.clear()
  }

  #sendTexts(bytes: Uint8Array): void {
    const texts = this.#texts
    const send = () => {
      for (let i = 0; i < texts.length; i += 2) {
        this.ws.send(bytes.subarray(texts[i]!, texts[i + 1]!), false)
      }
    }
    if (texts.length > 2 * FRAMES_UNCORKED_MAX) this.ws.cork(send)
    else send()
  }

  /** Several ticks per frame, each frame an array, cut at a size that a reader takes in one go. */
  #sendPacked(bytes: Uint8Array): void {
    const spans = this.#spans.words
    let first = 0
    while (first < spans.length) {
      let size = ARRAY_HEADER_BYTES
      let items = 0
      let next = first
      while (next < spans.length) {
        const length = spans[next + 1]! - spans[next]!
        if (next > first && size + length > PACKED_FRAME_BYTES_MAX) break
        size += length
        items += spans[next + 2]!
        next += SPAN_WORDS
      }
      if (this.#frame.length < size) this.#frame = new Uint8Array(Math.max(size, 4096) * 2)
      const frame = this.#frame
      let at = writeArrayHeader(frame, 0, items)
      for (; first < next; first += SPAN_WORDS) {
        const span = bytes.subarray(spans[first]!, spans[first + 1]!)
        frame.set(span, at)
        at += span.length
      }
      this.ws.send(frame.subarray(0, at), true)
    }
  }

  #checkBuffer(): void {
    if (this.ws.getBufferedAmount() <= this.#queueBytesMax) return
    this.#totals.closedSlow += 1
    this.end(CLOSE_SLOW, 'slow client: its buffer is full')
  }

  /** Ends the connection; uWebSockets.js cuts it off where the closing frame is not taken within seconds. */
  end(code: number, reason: string): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.release()
    this.ws.end(code, reason)
  }

  /** Leaves every instrument. */
  release(): void {
    if (this.source === null) return
    for (const [instrument, bits] of this.held) {
      for (const mode of modesIn(bits)) this.source.release(instrument, mode, this)
    }
    this.held.clear()
  }
}

/** The modes in a set of mode bits, lowest first. */
export function modesIn(bits: number): Mode[] {
  return ([1, 2, 3] as const).filter((mode) => (bits & (1 << mode)) !== 0)
}
