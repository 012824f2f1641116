// What the fuzzer takes to hold a decoder to its oracle.
import { type DecodedTick, describeTick, Tick, type TickSink } from '../../codecs/tick.ts'

export interface FuzzOutcome {
  readonly ticks: readonly DecodedTick[]
  readonly isRefused: boolean
}

export interface FuzzTarget {
  /** Valid frames that mutations start from; text frames as UTF-8. */
  readonly frames: readonly Uint8Array[]
  decode(frame: Uint8Array): FuzzOutcome
  /** The same by the slow way, sharing no code with the decoder. */
  expect(frame: Uint8Array): FuzzOutcome
}

const LEFT_BEHIND = 7777

/**
 * Everything that `decode` delivers to its sink, whose tick starts out full of what an earlier frame may have left.
 * Refused is a frame of which anything was rejected.
 */
export function collect(depthLevels: number, decode: (sink: TickSink) => void): FuzzOutcome {
  const ticks: DecodedTick[] = []
  let isRefused = false
  const tick = new Tick(depthLevels)
  tick.values.fill(LEFT_BEHIND)
  tick.depth.fill(LEFT_BEHIND)
  tick.present = 0x1fffff
  tick.segment = 9
  tick.buyLevels = tick.sellLevels = depthLevels
  decode({
    tick,
    emit() {
      ticks.push(describeTick(tick))
    },
    reject() {
      isRefused = true
    },
  })
  return { ticks, isRefused }
}
