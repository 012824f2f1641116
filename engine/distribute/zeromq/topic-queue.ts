// What waits to be sent on the tick socket. A send through zeromq.js costs some microseconds, more than all that
// comes before it, so sending is given a slice of time at each turn of the event loop. A queue of several thousand
// values takes up bursts; beyond it a newer value takes the place of the one of its topic that waits.
import { nowUs } from '../../clock.ts'
import type { Outbox, Waiting } from '../outbox.ts'
import { Slab } from './slab.ts'
import { type Channel, type Cut, type Frames, NO_PAYLOAD } from './topic.ts'

const SEND_US_MAX = 500
const SENDS_PER_LOOK = 16
/** Values that wait before newer ones replace them: some 50 ms of sending. */
export const WAITING_MAX = 16_384
const ROOM_AT_FIRST = 1024

export class TopicQueue implements Waiting {
  readonly isPacked: boolean
  sent = 0
  /** Values that were replaced by newer ones before they were sent. */
  conflated = 0
  readonly #outbox: Outbox
  readonly #send: (frames: Frames) => void
  readonly #slab = new Slab()
  // What the drain has produced so far: channels, the span of each, and what its payload is cut to.
  readonly #fresh: Channel[] = []
  readonly #spans: number[] = []
  readonly #cuts: (Cut | null)[] = []
  // What waits, in a circle; places count on without end.
  #channels: Channel[] = new Array(ROOM_AT_FIRST)
  #payloads: Buffer[] = new Array(ROOM_AT_FIRST)
  #mask = ROOM_AT_FIRST - 1
  #head = 0
  #tail = 0
  #isScheduled = false
  #isOpen = true

  constructor(isPacked: boolean, outbox: Outbox, send: (frames: Frames) => void) {
    this.isPacked = isPacked
    this.#outbox = outbox
    this.#send = send
  }

  get waiting(): number {
    return this.#tail - this.#head
  }

  /** Takes bytes `start` to `end` of the outbox's arena for a channel, whole or cut. */
  add(channel: Channel, cut: Cut | null, start: number, end: number): void {
    if (this.#fresh.length === 0) this.#outbox.add(this)
    this.#fresh.push(channel)
    this.#spans.push(start, end)
    this.#cuts.push(cut)
  }

  /** Bytes that lie in the outbox's arena now. */
  peek(start: number, end: number): Buffer {
    const { buffer } = this.#outbox.target.bytes
    return Buffer.from(buffer, start, end - start)
  }

  /** Sends what the drain has produced, or lets it wait behind what waits already. */
  flush(bytes: Uint8Array): void {
    const fresh = this.#fresh
    const deadlineUs = nowUs() + SEND_US_MAX
    let next = 0
    if (this.waiting === 0) {
      while (next < fresh.length) {
        this.#sendNow(fresh[next]!, this.#payload(bytes, next))
        next += 1
        if (next % SENDS_PER_LOOK === 0 && nowUs() > deadlineUs) break
      }
    }
    for (; next < fresh.length; next++) this.#append(fresh[next]!, this.#payload(bytes, next))
    fresh.length = 0
    this.#spans.length = 0
    this.#cuts.length = 0
    this.#schedule()
  }

  /** Drops what waits; nothing is sent any more. */
  close(): void {
    this.#isOpen = false
    this.#head = this.#tail
  }

  #payload(bytes: Uint8Array, at: number): Buffer {
    const start = this.#spans[at * 2]!
    const end = this.#spans[at * 2 + 1]!
    const cut = this.#cuts[at]!
    if (cut === null) return this.#slab.copy(bytes, start, end)
    const { before, from, less } = cut
    const piece = this.#slab.take(before.length + end - start - from - less)
    piece.set(before)
    piece.set(bytes.subarray(start + from, end - less), before.length)
    return piece
  }

  #sendNow(channel: Channel, payload: Buffer): void {
    const { frames } = channel
    frames[1] = payload
    this.#send(frames)
    // The socket has its own reference now.
    frames[1] = NO_PAYLOAD
    this.sent += 1
  }

  #append(channel: Channel, payload: Buffer): void {
    if (!this.#isOpen) return
    if (this.waiting >= WAITING_MAX && channel.conflates && channel.waitingAt >= this.#head) {
      this.#payloads[channel.waitingAt & this.#mask] = payload
      this.conflated += 1
      return
    }
    if (this.waiting > this.#mask) this.#grow()
    channel.waitingAt = this.#tail
    this.#channels[this.#tail & this.#mask] = channel
    this.#payloads[this.#tail & this.#mask] = payload
    this.#tail += 1
  }

  readonly #pump = (): void => {
    this.#isScheduled = false
    const deadlineUs = nowUs() + SEND_US_MAX
    for (let sends = 1; this.#head < this.#tail; sends++) {
      const place = this.#head & this.#mask
      this.#head += 1
      this.#sendNow(this.#channels[place]!, this.#payloads[place]!)
      this.#payloads[place] = NO_PAYLOAD
      if (sends % SENDS_PER_LOOK === 0 && nowUs() > deadlineUs) break
    }
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled || this.waiting === 0) return
    this.#isScheduled = true
    setImmediate(this.#pump)
  }

  #grow(): void {
    const room = (this.#mask + 1) * 2
    const channels: Channel[] = new Array(room)
    const payloads: Buffer[] = new Array(room)
    for (let at = this.#head; at < this.#tail; at++) {
      channels[at & (room - 1)] = this.#channels[at & this.#mask]!
      payloads[at & (room - 1)] = this.#payloads[at & this.#mask]!
    }
    this.#channels = channels
    this.#payloads = payloads
    this.#mask = room - 1
  }
}
