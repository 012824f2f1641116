// A writer beside a core that parks: makes one piece of work at a time, rings, and makes the next once the core
// has seen it, a random moment later, so that the ring meets every point of the core's way into its sleep.
import { parentPort, workerData } from 'node:worker_threads'
import { DoorbellRinger } from '../../engine/ring/doorbell.ts'
import { scramble } from './record.ts'

/** Words of the shared block: pieces of work made, and pieces that the core has seen. */
export const MADE = 0
export const SEEN = 1

export interface DoorbellThreadData {
  readonly doorbell: SharedArrayBuffer
  readonly shared: SharedArrayBuffer
  readonly pieces: number
}

// A few microseconds: about as long as the core takes from seeing a piece to its sleep.
const DAWDLE_SPINS_MAX = 2048
// Long enough for the core to be woken; then this thread gives way, lest it take the core's processor.
const WATCH_SPINS_MAX = 100_000

/** Spends a few microseconds, a different time for every `seed`. */
export function dawdle(words: Int32Array, seed: number): void {
  for (let spins = scramble(seed) % DAWDLE_SPINS_MAX; spins > 0; spins--) Atomics.load(words, MADE)
}

function run({ doorbell, shared, pieces }: DoorbellThreadData): void {
  const words = new Int32Array(shared)
  const ringer = new DoorbellRinger(doorbell)
  for (let made = 1; made <= pieces; made++) {
    dawdle(words, made)
    Atomics.store(words, MADE, made)
    ringer.ring()
    for (let spins = 0; Atomics.load(words, SEEN) !== made; spins++) {
      if (spins > WATCH_SPINS_MAX) Atomics.wait(words, SEEN, made - 1)
    }
  }
}

if (parentPort !== null) run(workerData as DoorbellThreadData)
