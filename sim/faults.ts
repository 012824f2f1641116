// What is to go wrong: switches that a test sets, each for some calls of an operation, counted and seeded.
import { SeededRandom } from './random.ts'

export const WRITE_OPERATIONS = [
  'place',
  'modify',
  'cancel',
  'placeGtt',
  'modifyGtt',
  'cancelGtt',
  'convert',
] as const
export const READ_OPERATIONS = [
  'orderBook',
  'orderStatus',
  'orderTrades',
  'tradeBook',
  'positions',
  'holdings',
  'funds',
  'margin',
  'quotes',
  'ohlc',
  'ltp',
  'history',
  'gttBook',
  'gtt',
  'profile',
] as const
/** Calls by what they do, and `message`: an order message on the ticker socket. */
export type Operation =
  | (typeof WRITE_OPERATIONS)[number]
  | (typeof READ_OPERATIONS)[number]
  | 'message'
const OPERATIONS: readonly string[] = [...WRITE_OPERATIONS, ...READ_OPERATIONS, 'message']
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  writes: WRITE_OPERATIONS,
  reads: READ_OPERATIONS,
}

/** What happens to a call. `before` and `after` are seen from its effect: an order is taken between the two. */
export const CALL_FAULTS = [
  /** Held for `delayMs` before it takes effect. */
  'delay',
  /** Takes effect at once; the reply comes after `delayMs`. */
  'delay-after',
  'reset-before',
  'reset-after',
  /** An error envelope of `status`, 503 when absent. */
  'error-before',
  /** The same with 504 when absent; 400 is one that happened, too. */
  'error-after',
  /** These three take effect, and the reply cannot be read. */
  'garbage',
  'truncated',
  'empty',
  /** 429. */
  'throttle',
  /** All sessions end, and the call is refused. */
  'expire',
  /** The broker cannot reach its order system: a NetworkException before any effect. */
  'network',
  /** Takes effect `delayMs` after the reply, which is as `reply` says. */
  'late',
] as const
export const MESSAGE_FAULTS = ['duplicate', 'drop'] as const
export type FaultKind = (typeof CALL_FAULTS)[number] | (typeof MESSAGE_FAULTS)[number]

export interface Fault {
  /** An operation, `writes`, `reads`, or `*` for all calls. */
  readonly on: Operation | 'writes' | 'reads' | '*'
  readonly do: FaultKind
  /** How many calls it happens to; 1 when absent, null for all. */
  readonly times?: number | null
  /** How many calls pass before the first one. */
  readonly skip?: number
  /** Share of the calls that it happens to, drawn from the seed; 1 when absent. */
  readonly share?: number
  readonly delayMs?: number
  readonly status?: number
  readonly errorType?: string
  readonly message?: string
  /** The body of an error is a page of HTML, as from a proxy. */
  readonly html?: boolean
  /** Of `late`: what the client gets at once; `reset` when absent. */
  readonly reply?: 'reset' | 'error' | 'ok'
}

/** A fault and how often it happened. */
export interface CountedFault extends Fault {
  readonly taken: number
}

const FAULTS_MAX = 1000
const DELAY_MS_MAX = 600_000
const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  on: (value) => value === '*' || OPERATIONS.includes(String(value)) || String(value) in GROUPS,
  do: (value) => ([...CALL_FAULTS, ...MESSAGE_FAULTS] as unknown[]).includes(value),
  times: (value) => value === null || isWhole(value, 1, 1e9),
  skip: (value) => isWhole(value, 0, 1e9),
  share: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  delayMs: (value) => isWhole(value, 0, DELAY_MS_MAX),
  status: (value) => isWhole(value, 400, 599),
  errorType: (value) => typeof value === 'string' && value.length <= 100,
  message: (value) => typeof value === 'string' && value.length <= 1000,
  html: (value) => typeof value === 'boolean',
  reply: (value) => ['reset', 'error', 'ok'].includes(String(value)),
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max
}

/** Throws a RangeError that names the field where it is no fault. */
export function checkFault(value: unknown): asserts value is Fault {
  if (typeof value !== 'object' || value === null) throw new RangeError('fault: must be an object')
  for (const required of ['on', 'do']) {
    if (!(required in value)) throw new RangeError(`${required}: is missing`)
  }
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue
    const isRight = Object.hasOwn(FIELDS, name) ? FIELDS[name]! : undefined
    if (isRight === undefined) throw new RangeError(`${name}: is no field of a fault`)
    if (!isRight(field)) throw new RangeError(`${name}: ${JSON.stringify(field)} is not possible`)
  }
  const fault = value as Fault
  const isOfMessages = (MESSAGE_FAULTS as readonly string[]).includes(fault.do)
  if (isOfMessages !== (fault.on === 'message')) {
    throw new RangeError(`do: ${fault.do} cannot happen on ${fault.on}`)
  }
}

interface Switch {
  readonly fault: Fault
  toSkip: number
  left: number
  taken: number
}

function covers({ on }: Fault, operation: Operation): boolean {
  if (on === '*') return operation !== 'message'
  return on === operation || (GROUPS[on]?.includes(operation) ?? false)
}

export class Faults {
  readonly random: SeededRandom
  #switches: Switch[] = []

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
  }

  /** Sets a fault beside those that are there. Throws a RangeError that names the field. */
  set(fault: Fault): void {
    checkFault(fault)
    this.#switches = this.#switches.filter(({ left }) => left > 0).slice(-(FAULTS_MAX - 1))
    const { times = 1, skip = 0 } = fault
    this.#switches.push({
      fault,
      toSkip: skip,
      left: times ?? Number.POSITIVE_INFINITY,
      taken: 0,
    })
  }

  clear(): void {
    this.#switches = []
  }

  list(): CountedFault[] {
    return this.#switches.map(({ fault, taken }) => ({ ...fault, taken }))
  }

  /** The fault that happens to a call: the first one set that is still to come and whose lot it is. */
  take(operation: Operation): Fault | undefined {
    for (const each of this.#switches) {
      if (each.left === 0 || !covers(each.fault, operation)) continue
      if (each.toSkip > 0) {
        each.toSkip -= 1
        continue
      }
      const { share = 1 } = each.fault
      if (share < 1 && this.random.next() / 0x1_0000_0000 >= share) continue
      each.left -= 1
      each.taken += 1
      return each.fault
    }
    return undefined
  }
}
