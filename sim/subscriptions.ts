// What one socket is subscribed to: a shuffled list to walk round and round, and where each instrument is in it.
import type { SeededRandom } from './random.ts'

/** `Mode`: the broker's marks of what is wanted of an instrument, whole numbers from 1 to 255. */
export class Subscriptions<Mode extends number> {
  readonly #random: SeededRandom
  readonly #instruments: Uint32Array
  readonly #modes: Uint8Array
  readonly #places = new Map<number, number>()
  #next = 0

  /** `limit` instruments at most; the order of the walk is drawn from `random`. */
  constructor(limit: number, random: SeededRandom) {
    this.#random = random
    this.#instruments = new Uint32Array(limit)
    this.#modes = new Uint8Array(limit)
  }

  get count(): number {
    return this.#places.size
  }

  get full(): boolean {
    return this.#places.size === this.#instruments.length
  }

  /** The mode of an instrument, or 0 where it is not subscribed. */
  modeOf(instrument: number): Mode | 0 {
    const place = this.#places.get(instrument)
    return place === undefined ? 0 : this.modeAt(place)
  }

  /** The instrument and the mode at a place below `count`. */
  instrumentAt(place: number): number {
    return this.#instruments[place]!
  }

  modeAt(place: number): Mode {
    return this.#modes[place] as Mode
  }

  /** Adds an instrument that is not there yet, at a drawn place; the list must not be full. */
  add(instrument: number, mode: Mode): void {
    const last = this.count
    const place = this.#random.below(last + 1)
    if (place !== last) this.#put(last, this.#instruments[place]!, this.modeAt(place))
    this.#put(place, instrument, mode)
  }

  setMode(instrument: number, mode: Mode): void {
    this.#modes[this.#places.get(instrument)!] = mode
  }

  /** Removes an instrument; one that is not there is left out silently. */
  remove(instrument: number): void {
    const place = this.#places.get(instrument)
    if (place === undefined) return
    this.#places.delete(instrument)
    const last = this.count
    if (place !== last) this.#put(place, this.#instruments[last]!, this.modeAt(last))
  }

  /** The next place of the walk, which visits all equally often; there must be at least one. */
  nextPlace(): number {
    if (this.#next >= this.count) this.#next = 0
    return this.#next++
  }

  #put(place: number, instrument: number, mode: Mode): void {
    this.#instruments[place] = instrument
    this.#modes[place] = mode
    this.#places.set(instrument, place)
  }
}
