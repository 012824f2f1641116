// Holds a decoder to its oracle on many frames, and tells of the first one on which it fails.
import { isDeepStrictEqual } from 'node:util'
import type { DecodedTick } from '../../codecs/tick.ts'
import { mutatedFrame } from './mutate.ts'
import type { FuzzOutcome, FuzzTarget } from './target.ts'

const FRAME_MS_MAX = 100
const TIMINGS_MAX = 3

/** A frame on which a decoder fails. `seed` with a count of 1 makes it again; null for one of the valid frames. */
export interface Finding {
  readonly seed: number | null
  readonly frame: Uint8Array
  readonly what: string
  readonly decoded: FuzzOutcome | string
  readonly expected: FuzzOutcome | string
}

export interface FuzzReport {
  readonly frames: number
  /** Frames of which something was rejected, and frames that gave a tick; one may be both. */
  readonly refused: number
  readonly ticked: number
  readonly seconds: number
  readonly finding: Finding | null
}

/** What the call answers, or what it throws. */
function outcomeOf(call: (frame: Uint8Array) => FuzzOutcome, frame: Uint8Array) {
  try {
    return call(frame)
  } catch (error) {
    return `threw ${(error as Error)?.stack ?? String(error)}`
  }
}

function numbersOf(tick: DecodedTick): number[] {
  const { depth, token: _, mode: __, ...values } = tick
  const levels = [...(depth?.buy ?? []), ...(depth?.sell ?? [])]
  return [values, ...levels].flatMap((part) => Object.values(part) as number[])
}

/** Whether every one of a few tries takes too long: the machine may have been busy with something else. */
function isSlow({ decode }: FuzzTarget, frame: Uint8Array, firstMs: number): boolean {
  let bestMs = firstMs
  for (let left = TIMINGS_MAX; left > 0 && bestMs > FRAME_MS_MAX; left--) {
    const startMs = performance.now()
    outcomeOf(decode, frame)
    bestMs = Math.min(bestMs, performance.now() - startMs)
  }
  return bestMs > FRAME_MS_MAX
}

function complaintOf(target: FuzzTarget, frame: Uint8Array) {
  const before = Buffer.from(frame)
  const startMs = performance.now()
  const decoded = outcomeOf(target.decode, frame)
  const tookMs = performance.now() - startMs
  const isWritten = !before.equals(frame)
  const expected = outcomeOf(target.expect, before)
  const complain = (what: string) => ({ what, decoded, expected })
  if (typeof decoded === 'string') return complain('the decoder throws')
  if (typeof expected === 'string') return complain('the oracle throws')
  if (isWritten) return complain('the decoder writes into the frame')
  if (!decoded.ticks.flatMap(numbersOf).every(Number.isFinite)) {
    return complain('a number of a tick is not finite')
  }
  if (!isDeepStrictEqual(decoded, expected)) return complain('decoder and oracle differ')
  if (isSlow(target, frame, tookMs)) return complain(`the frame takes over ${FRAME_MS_MAX} ms`)
  return decoded
}

/** Checks the valid frames as they are, then so many mutated ones, and stops at the first finding. */
export function holdToOracle(
  target: FuzzTarget,
  { count, seed }: { readonly count: number; readonly seed: number },
): FuzzReport {
  const startMs = performance.now()
  const totals = { frames: 0, refused: 0, ticked: 0 }
  let finding: Finding | null = null
  for (let number = -target.frames.length; number < count && finding === null; number++) {
    const isValid = number < 0
    const frameSeed = (seed + number) >>> 0
    const frame = isValid ? target.frames.at(number)! : mutatedFrame(target.frames, frameSeed)
    const found = complaintOf(target, frame)
    totals.frames += 1
    if ('what' in found) finding = { seed: isValid ? null : frameSeed, frame, ...found }
    else {
      if (found.isRefused) totals.refused += 1
      if (found.ticks.length > 0) totals.ticked += 1
    }
  }
  return { ...totals, seconds: (performance.now() - startMs) / 1000, finding }
}

/** A finding for people: how to make the frame again, the frame, and what both sides say of it. */
export function describeFinding(codec: string, finding: Finding): string {
  const { seed, frame, what, decoded, expected } = finding
  const show = (outcome: FuzzOutcome | string) =>
    typeof outcome === 'string' ? outcome : JSON.stringify(outcome)
  return [
    `${codec}: ${what}`,
    seed === null ? 'a valid frame, unchanged' : `--codec ${codec} --seed ${seed} --count 1`,
    `frame    ${Buffer.from(frame).toString('hex')}`,
    `decoded  ${show(decoded)}`,
    `expected ${show(expected)}`,
    '',
  ].join('\n')
}
