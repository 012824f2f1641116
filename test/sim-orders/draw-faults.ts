// What goes wrong at the simulated broker in a run: every switch it has, in mixes.
import type { Fault, FaultKind } from '../../sim/faults.ts'
import type { SeededRandom } from '../../sim/random.ts'

/** Some are shorter than the time-out of a call, some longer than all looks for an order together. */
const DELAYS_MS = [2, 20, 80, 300, 500]
const FAULTS_MAX = 3

/** Errors before an effect; the last is the broker's own no. */
const ERRORS_BEFORE: readonly Partial<Fault>[] = [
  {},
  { status: 500, errorType: 'GeneralException', message: 'Something went wrong.' },
  { status: 502, errorType: 'DataException' },
  { status: 504, html: true },
  { status: 400, errorType: 'OrderException', message: 'Markets are closed right now.' },
]
/** Errors that come although the order was taken: none of them is the broker's positive word. */
const ERRORS_AFTER: readonly Partial<Fault>[] = [
  {},
  { status: 400, errorType: 'OrderException' },
  { status: 400, errorType: 'NetworkException', message: 'Please try again.' },
  { status: 400, html: true },
  { status: 403, html: true },
  { status: 429, errorType: 'NetworkException', message: 'Too many requests' },
  { status: 500, errorType: 'GeneralException' },
  { status: 502, html: true },
]
const LATE_REPLIES = ['reset', 'error', 'ok'] as const
/** What a desk's own writes meet, mostly where an order is placed. */
const WRITES: readonly Fault['on'][] = ['place', 'place', 'place', 'modify', 'cancel', 'writes']

const pick = <Each>(random: SeededRandom, list: readonly Each[]): Each =>
  list[random.below(list.length)]!

const delayed = (random: SeededRandom) => ({ delayMs: pick(random, DELAYS_MS) })

type Draw = (random: SeededRandom) => Partial<Fault>

const DRAWS: Readonly<Record<Exclude<FaultKind, 'duplicate' | 'drop'>, Draw>> = {
  delay: delayed,
  'delay-after': delayed,
  'reset-before': () => ({}),
  'reset-after': () => ({}),
  'error-before': (random) => pick(random, ERRORS_BEFORE),
  'error-after': (random) => pick(random, ERRORS_AFTER),
  garbage: () => ({}),
  truncated: () => ({}),
  empty: () => ({}),
  throttle: () => ({}),
  expire: () => ({}),
  network: () => ({}),
  late: (random) => ({ ...delayed(random), reply: pick(random, LATE_REPLIES) }),
}
const KINDS = Object.keys(DRAWS) as (keyof typeof DRAWS)[]

/** Draws the faults of a run; one in eight has none. */
export function drawFaults(random: SeededRandom): Fault[] {
  if (random.below(8) === 0) return []
  return Array.from({ length: 1 + random.below(FAULTS_MAX) }, () => drawFault(random))
}

function drawFault(random: SeededRandom): Fault {
  const lot = random.below(20)
  if (lot === 0)
    return { on: 'message', do: random.below(2) === 0 ? 'duplicate' : 'drop', times: 3 }
  const kind = pick(random, KINDS)
  const more = DRAWS[kind](random)
  // Reads are tried again, and rest after some failures: one at a time.
  if (lot <= 4) return { on: 'orderBook', do: kind, ...more }
  // A change whose answer was yes may come too late to be made; an order never does.
  const on = more.reply === 'ok' ? 'place' : pick(random, WRITES)
  return { on, do: kind, ...more, skip: random.below(3), times: 1 + random.below(2) }
}
