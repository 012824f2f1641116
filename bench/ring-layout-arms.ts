// The two rings of the layout measurement behind one interface. Each arm has loops of its own, so that the
// compiler sees one kind of ring in each.
import {
  LTP_VALUE_COUNT,
  MODE_DEPTH,
  MODE_LTP,
  MODE_QUOTE,
  Tick,
  VALUE_COUNT,
} from '../codecs/tick.ts'
import { createRing, KIND_NONE, RingReader, RingWriter } from '../engine/ring/ring.ts'
import {
  createVariableRing,
  VariableRingReader,
  VariableRingWriter,
  variableWords,
} from './variable-ring.ts'

export type ArmName = 'fixed' | 'variable'

export interface ArmWriter {
  /** Writes `tick` `count` times. */
  write(tick: Tick, count: number): void
}

export interface ArmReader {
  /** The last one read. */
  readonly tick: Tick
  readonly lost: number
  readonly laps: number
  /** Reads at most `count` records and returns how many there were. */
  read(count: number): number
}

class FixedWriter implements ArmWriter {
  readonly #ring: RingWriter

  constructor(memory: SharedArrayBuffer) {
    this.#ring = new RingWriter(memory)
  }

  write(tick: Tick, count: number): void {
    for (let i = 0; i < count; i++) {
      tick.seq += 1
      this.#ring.writeTick(tick)
    }
  }
}

class FixedReader implements ArmReader {
  readonly #ring: RingReader

  constructor(memory: SharedArrayBuffer) {
    this.#ring = new RingReader(memory)
  }

  get tick(): Tick {
    return this.#ring.tick
  }

  get lost(): number {
    return this.#ring.lost
  }

  get laps(): number {
    return this.#ring.laps
  }

  read(count: number): number {
    for (let i = 0; i < count; i++) if (this.#ring.read() === KIND_NONE) return i
    return count
  }
}

class VariableWriter implements ArmWriter {
  readonly #ring: VariableRingWriter

  constructor(memory: SharedArrayBuffer) {
    this.#ring = new VariableRingWriter(memory)
  }

  write(tick: Tick, count: number): void {
    for (let i = 0; i < count; i++) {
      tick.seq += 1
      this.#ring.writeTick(tick)
    }
  }
}

class VariableReader implements ArmReader {
  readonly #ring: VariableRingReader

  constructor(memory: SharedArrayBuffer, levels: number) {
    this.#ring = new VariableRingReader(memory, levels)
  }

  get tick(): Tick {
    return this.#ring.tick
  }

  get lost(): number {
    return this.#ring.lost
  }

  get laps(): number {
    return this.#ring.laps
  }

  read(count: number): number {
    for (let i = 0; i < count; i++) if (!this.#ring.read()) return i
    return count
  }
}

/** A kind of tick, on a ring made for books of `levels` a side, and how many of them one measurement takes. */
export interface Case {
  readonly name: string
  readonly mode: number
  readonly levels: number
  readonly slots: number
  readonly records: number
}

const VALUES_BY_MODE = {
  [MODE_LTP]: LTP_VALUE_COUNT,
  [MODE_QUOTE]: 17,
  [MODE_DEPTH]: VALUE_COUNT,
}

/** A tick of the case with every value of its mode and, in depth mode, a full book. */
export function makeTick({ mode, levels }: Case): Tick {
  const tick = new Tick(levels)
  const isDepth = mode === MODE_DEPTH
  const values = VALUES_BY_MODE[mode as keyof typeof VALUES_BY_MODE]
  Object.assign(tick, { mode, present: 2 ** values - 1, instrument: 1234, epoch: 1 })
  Object.assign(tick, { buyLevels: isDepth ? levels : 0, sellLevels: isDepth ? levels : 0 })
  tick.receiveTimeUs = 1_789_000_000_000_000
  for (let i = 0; i < values; i++) tick.values[i] = 100.05 + i
  if (isDepth) for (let i = 0; i < tick.depth.length; i++) tick.depth[i] = 200.05 + i
  return tick
}

interface Arm {
  makeMemory(of: Case): SharedArrayBuffer
  /** Bytes of one record, and how many records the memory holds. */
  measure(of: Case, memory: SharedArrayBuffer): { bytes: number; holds: number }
  makeWriter(memory: SharedArrayBuffer): ArmWriter
  makeReader(memory: SharedArrayBuffer, levels: number): ArmReader
}

export const ARMS: Record<ArmName, Arm> = {
  fixed: {
    makeMemory: ({ slots, levels }) => createRing(slots, levels),
    measure: ({ slots }, memory) => ({
      bytes: Math.floor(memory.byteLength / slots),
      holds: slots,
    }),
    makeWriter: (memory) => new FixedWriter(memory),
    makeReader: (memory) => new FixedReader(memory),
  },
  variable: {
    // At least as much memory as the other ring has: the next power of two.
    makeMemory: ({ slots, levels }) =>
      createVariableRing(2 ** Math.ceil(Math.log2(createRing(slots, levels).byteLength / 8))),
    measure: (of, memory) => {
      const bytes = variableWords(makeTick(of)) * 8
      return { bytes, holds: Math.floor(memory.byteLength / bytes) }
    },
    makeWriter: (memory) => new VariableWriter(memory),
    makeReader: (memory, levels) => new VariableReader(memory, levels),
  },
}
