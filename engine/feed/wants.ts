// What the core wants of one broker. An instrument that the broker stops listing is not forgotten: whoever
// subscribed to it is still there when the broker lists it again.
import type { Mode } from '../../codecs/tick.ts'

export interface Relisting {
  readonly vanished: readonly number[]
  readonly returned: readonly number[]
}

export class Wants {
  /** What the broker is asked for. */
  readonly listed = new Map<number, Mode>()
  readonly #unlisted = new Map<number, Mode>()

  /** Notes that an instrument is wanted in a mode, 0 for not at all. Returns whether the broker is to be told. */
  set(instrument: number, mode: Mode | 0, isListed: boolean): boolean {
    if (mode === 0) {
      this.#unlisted.delete(instrument)
      return this.listed.delete(instrument)
    }
    const wants = isListed ? this.listed : this.#unlisted
    wants.set(instrument, mode)
    return isListed
  }

  /** Sorts all wants by what the broker lists now. */
  relist(isListed: (instrument: number) => boolean): Relisting {
    const vanished = [...this.listed.keys()].filter((instrument) => !isListed(instrument))
    const returned = [...this.#unlisted.keys()].filter(isListed)
    move(vanished, this.listed, this.#unlisted)
    move(returned, this.#unlisted, this.listed)
    return { vanished, returned }
  }
}

/** Pairs of instrument and mode, as a worker is told of them. */
export function pairsOf(modes: ReadonlyMap<number, Mode | 0>): Int32Array<ArrayBuffer> {
  const pairs = new Int32Array(modes.size * 2)
  let at = 0
  for (const [instrument, mode] of modes) {
    pairs[at++] = instrument
    pairs[at++] = mode
  }
  return pairs
}

function move(instruments: readonly number[], from: Map<number, Mode>, to: Map<number, Mode>) {
  for (const instrument of instruments) {
    to.set(instrument, from.get(instrument)!)
    from.delete(instrument)
  }
}
