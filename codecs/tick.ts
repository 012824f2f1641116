// The tick: what every decoder fills and every encoder reads.
//
// One `Tick` is a reused block: values lie in one Float64Array, so that a ring copies them as a run of words,
// and a bit per value says whether the broker sent it. Absent is absent: a value whose bit is clear must not
// be read, whatever is left in the array from the tick before.

export const MODE_LTP = 1
export const MODE_QUOTE = 2
export const MODE_DEPTH = 3
export type Mode = typeof MODE_LTP | typeof MODE_QUOTE | typeof MODE_DEPTH

/** Mode names by mode number; 0 is no mode. */
export const MODE_NAMES = ['', 'ltp', 'quote', 'depth'] as const

// Positions in `Tick.values`; the presence bit of a value is `1 << position`.
// What an LTP subscriber sees comes first, so that the modes are prefixes of one order.
export const LTP = 0
export const LTQ = 1
export const LTT = 2
export const CLOSE = 3
export const EXCHANGE_TIME = 4
export const ATP = 5
export const VOLUME = 6
export const TOTAL_BUY_QTY = 7
export const TOTAL_SELL_QTY = 8
export const OPEN = 9
export const HIGH = 10
export const LOW = 11
export const OI = 12
export const OI_HIGH = 13
export const OI_LOW = 14
export const UPPER_CIRCUIT = 15
export const LOWER_CIRCUIT = 16
export const BID = 17
export const ASK = 18
export const BID_QTY = 19
export const ASK_QTY = 20

/** Public name of each value, by position. Prices are rupees; `ltt` and `exchangeTime` epoch milliseconds. */
export const VALUE_NAMES = [
  'ltp',
  'ltq',
  'ltt',
  'close',
  'exchangeTime',
  'atp',
  'volume',
  'totalBuyQty',
  'totalSellQty',
  'open',
  'high',
  'low',
  'oi',
  'oiHigh',
  'oiLow',
  'upperCircuit',
  'lowerCircuit',
  'bid',
  'ask',
  'bidQty',
  'askQty',
] as const
export type ValueName = (typeof VALUE_NAMES)[number]
export const VALUE_COUNT = VALUE_NAMES.length

/** Values that an LTP-mode reader gets: positions 0 to 4. */
export const LTP_VALUE_COUNT = 5

/** Numbers per depth level, in `Tick.depth`: price, quantity, orders. */
export const LEVEL_WORDS = 3

/**
 * One tick. A decoder sets `mode`, `segment`, `token` or the bytes of a token, `present`, `values` and the depth; the
 * engine stamps `instrument`, `seq`, `epoch` and `receiveTimeUs`. The buy side of `depth` starts at word 0, the sell
 * side at word `levelsMax * LEVEL_WORDS`, both best price first.
 */
export class Tick {
  mode = 0
  /** The broker's segment where its tokens repeat between segments, else 0. */
  segment = 0
  /** The broker's token where it is a number, uint32. */
  token = 0
  /**
   * Where the broker's token stands when it is text: bytes `tokenStart` to `tokenEnd`, good until `emit` returns; null
   * where it is a number.
   */
  tokenBytes: Uint8Array | null = null
  tokenStart = 0
  tokenEnd = 0
  present = 0
  buyLevels = 0
  sellLevels = 0
  /** Instrument number of the shared index. */
  instrument = 0
  /** Counts the ticks of this instrument at this broker, from 1. */
  seq = 0
  /** Changes when the memory that holds the seq counters is lost. */
  epoch = 0
  /** Epoch microseconds at which the frame left the socket. */
  receiveTimeUs = 0
  readonly levelsMax: number
  readonly values = new Float64Array(VALUE_COUNT)
  readonly depth: Float64Array

  constructor(levelsMax: number) {
    this.levelsMax = levelsMax
    this.depth = new Float64Array(2 * levelsMax * LEVEL_WORDS)
  }
}

/** Where a decoder delivers. The same `tick` is filled again for every packet, and nothing may keep it. */
export interface TickSink {
  readonly tick: Tick
  /** Takes the filled tick. */
  emit(): void
  /** Counts bytes that could not be decoded; `reason` is a constant text, `offset` where in the frame. */
  reject(reason: string, offset: number): void
}

/** A tick's token as text; not for the hot path. */
export function tokenText({ token, tokenBytes, tokenStart, tokenEnd }: Tick): string {
  if (tokenBytes === null) return String(token)
  return String.fromCharCode(...tokenBytes.subarray(tokenStart, tokenEnd))
}

/** One side of a depth book as plain objects, for people and tests; not for the hot path. */
function side(tick: Tick, firstWord: number, levels: number) {
  return Array.from({ length: levels }, (_, level) => {
    const at = firstWord + level * LEVEL_WORDS
    return { price: tick.depth[at]!, quantity: tick.depth[at + 1]!, orders: tick.depth[at + 2]! }
  })
}

/** The public names of a decoded tick: values that are present, and the depth of a depth tick. */
export type DecodedTick = { token: string; mode: string } & { [name in ValueName]?: number } & {
  depth?: { buy: DepthLevel[]; sell: DepthLevel[] }
}
export interface DepthLevel {
  price: number
  quantity: number
  orders: number
}

/** Copies a tick into a plain object under the public names: what `decode` prints and tests compare. */
export function describeTick(tick: Tick): DecodedTick {
  const described: DecodedTick = { token: tokenText(tick), mode: MODE_NAMES[tick.mode] ?? '' }
  for (let position = 0; position < VALUE_COUNT; position++) {
    if (tick.present & (1 << position)) described[VALUE_NAMES[position]!] = tick.values[position]!
  }
  if (tick.mode === MODE_DEPTH) {
    described.depth = {
      buy: side(tick, 0, tick.buyLevels),
      sell: side(tick, tick.levelsMax * LEVEL_WORDS, tick.sellLevels),
    }
  }
  return described
}
