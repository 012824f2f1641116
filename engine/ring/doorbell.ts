// The doorbell: one word that all rings share, by which writers wake the core when it sleeps.
//
// The core sets `parked`, looks at every tail once more, and only then waits; a writer publishes its tail and then
// looks at `parked`. Both are sequentially consistent, so at least one of them sees the other.

const PARKED = 0
const BELL = 16
const DOORBELL_BYTES = 128

/** Makes the memory of a doorbell, silent and with nobody parked. */
export function createDoorbell(): SharedArrayBuffer {
  return new SharedArrayBuffer(DOORBELL_BYTES)
}

/** The writers' end: costs one load while the core is awake. */
export class DoorbellRinger {
  readonly #words: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
  }

  ring(): void {
    if (Atomics.load(this.#words, PARKED) === 0) return
    if (Atomics.exchange(this.#words, PARKED, 0) === 0) return
    Atomics.add(this.#words, BELL, 1)
    Atomics.notify(this.#words, BELL)
  }
}

/** The core's end. At most one wait is outstanding: it cannot be cancelled. */
export class Doorbell {
  readonly #words: Int32Array
  #isWaiting = false

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
  }

  /**
   * Parks until a writer rings, then calls `wake` once. Answers false, without parking, when `hasWork` still finds
   * something or a wait is already outstanding. There is no time-out: each would leave a timer behind that outlives
   * its wait, thousands of them under load.
   */
  park(hasWork: () => boolean, wake: () => void): boolean {
    if (this.#isWaiting) return false
    const bell = Atomics.load(this.#words, BELL)
    Atomics.store(this.#words, PARKED, 1)
    if (hasWork()) {
      Atomics.store(this.#words, PARKED, 0)
      return false
    }
    const waiting = Atomics.waitAsync(this.#words, BELL, bell)
    if (!waiting.async) {
      Atomics.store(this.#words, PARKED, 0)
      return false
    }
    this.#isWaiting = true
    waiting.value.then(() => {
      this.#isWaiting = false
      Atomics.store(this.#words, PARKED, 0)
      wake()
    })
    return true
  }
}
