// Frames of Upstox Market Data Feed V3 read by the schema, slowly: the wire format with BigInt, messages by reflection
// over the .proto file, values by name. Nothing here is shared with the decoder.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import protobuf from 'protobufjs'
import type { DecodedTick } from '../../codecs/tick.ts'
import { packageRoot } from '../../config/root.ts'

const FIXTURES = join(packageRoot, 'adapters/upstox/fixtures')
const PACKAGE = 'com.upstox.marketdatafeederv3udapi.rpc.proto'

const root = new protobuf.Root().loadSync(join(FIXTURES, 'MarketDataFeedV3.proto'))
export const lookup = (name: string): protobuf.Type => root.lookupType(`${PACKAGE}.${name}`)
export const FeedResponse = lookup('FeedResponse')
const Feed = lookup('Feed')

/** The worked frames, in their order. */
export const FRAMES: readonly Buffer[] = readFileSync(join(FIXTURES, 'frames.hex'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => Buffer.from(line, 'hex'))

export interface Level {
  bidQ?: number
  bidP?: number
  askQ?: number
  askP?: number
}
interface Ltpc {
  ltp?: number
  ltt?: number
  ltq?: number
  cp?: number
}
interface Bars {
  ohlc?: { interval?: string; open?: number; high?: number; low?: number }[]
}
interface Totals {
  ltpc?: Ltpc | null
  atp?: number
  vtt?: number
  oi?: number
  tbq?: number
  tsq?: number
}
/** One instrument's message as protobufjs' `toObject` gives it, without defaults. */
export interface PlainFeed {
  ltpc?: Ltpc | null
  fullFeed?: {
    marketFF?:
      | (Totals & { marketLevel?: { bidAskQuote?: Level[] } | null; marketOHLC?: Bars })
      | null
    indexFF?: { ltpc?: Ltpc; marketOHLC?: Bars } | null
  } | null
  firstLevelWithGreeks?: (Totals & { firstDepth?: Level | null }) | null
}

const isPrice = (value: number | undefined): value is number =>
  value !== undefined && Number.isFinite(value) && value !== 0
const isCount = (value: number | undefined): value is number =>
  value !== undefined && Number.isFinite(value) && value > 0

/** One side of a book, without the padding after its last price. */
function sideOf(levels: readonly Level[], levelsMax: number, price: 'bidP' | 'askP') {
  const quantity = price === 'bidP' ? 'bidQ' : 'askQ'
  const side = levels.slice(0, levelsMax).map((level) => ({
    price: isPrice(level[price]) ? level[price] : 0,
    quantity: isCount(level[quantity]) ? level[quantity] : 0,
    orders: 0,
  }))
  return side.slice(0, side.findLastIndex((level) => level.price !== 0) + 1)
}

/** The tick that a message makes by itself, and whether a book is in it; null for one that tells nothing. */
export function tickOf(key: string, feed: PlainFeed, currentTs: number, levelsMax: number) {
  const market = feed.fullFeed?.marketFF
  const index = feed.fullFeed?.indexFF
  const first = feed.firstLevelWithGreeks
  if (!feed.ltpc && !market && !index && !first) return null
  const levels = market?.marketLevel
    ? (market.marketLevel.bidAskQuote ?? [])
    : first?.firstDepth
      ? [first.firstDepth]
      : null
  const mode = feed.ltpc ? 'ltp' : index || (market && levels) ? 'depth' : 'quote'
  const tick: DecodedTick = { token: key, mode }
  const ltpc: Ltpc = feed.ltpc ?? market?.ltpc ?? index?.ltpc ?? first?.ltpc ?? {}
  const totals: Totals = market ?? first ?? {}
  const bars = market?.marketOHLC?.ohlc ?? index?.marketOHLC?.ohlc ?? []
  const day = bars.findLast(({ interval }) => interval === '1d')
  const prices = { ltp: ltpc.ltp, close: ltpc.cp, atp: totals.atp, ...pick(day) }
  const counts = {
    ltq: ltpc.ltq,
    ltt: ltpc.ltt,
    exchangeTime: currentTs,
    volume: totals.vtt,
    oi: totals.oi,
    totalBuyQty: totals.tbq,
    totalSellQty: totals.tsq,
  }
  for (const [name, value] of Object.entries(prices)) {
    if (isPrice(value)) tick[name as 'ltp'] = value
  }
  for (const [name, value] of Object.entries(counts)) {
    if (isCount(value)) tick[name as 'ltq'] = value
  }
  const buy = sideOf(levels ?? [], levelsMax, 'bidP')
  const sell = sideOf(levels ?? [], levelsMax, 'askP')
  if (buy[0]?.price) Object.assign(tick, { bid: buy[0].price, bidQty: buy[0].quantity })
  if (sell[0]?.price) Object.assign(tick, { ask: sell[0].price, askQty: sell[0].quantity })
  if (market && levels && buy.length === 0) tick.totalBuyQty ??= 0
  if (market && levels && sell.length === 0) tick.totalSellQty ??= 0
  if (mode === 'depth') tick.depth = { buy, sell }
  const good = feed.ltpc ? 1 : first ? 2 : 3
  return {
    tick,
    hasBook: levels !== null,
    book: market ? { buy, sell } : { buy: [], sell: [] },
    good,
  }
}

const pick = ({ open, high, low }: { open?: number; high?: number; low?: number } = {}) => {
  return { open, high, low }
}

class Malformed extends Error {}

interface WireField {
  readonly number: number
  readonly wireType: number
  readonly value: bigint | Buffer
}

/** The fields of a message one by one. Throws `Malformed`. */
function* fieldsOf(bytes: Buffer): Generator<WireField> {
  let at = 0
  const varint = (bytesMax: number): bigint => {
    let value = 0n
    for (let i = 0; i < bytesMax; i++) {
      if (at >= bytes.length) throw new Malformed('cut')
      const byte = bytes[at++]!
      value |= BigInt(byte & 0x7f) << BigInt(7 * i)
      if (byte < 0x80) return value
    }
    throw new Malformed('too long')
  }
  const uint32 = (): number => {
    const value = varint(5)
    if (value > 0xffffffffn) throw new Malformed('more than 32 bits')
    return Number(value)
  }
  const take = (count: number): Buffer => {
    if (count > bytes.length - at) throw new Malformed('cut')
    at += count
    return bytes.subarray(at - count, at)
  }
  while (at < bytes.length) {
    const start = at
    const tag = uint32()
    // A tag that is longer than it must be is refused.
    if (at > start + 1 && bytes[at - 1] === 0) throw new Malformed('long tag')
    const [number, wireType] = [Math.floor(tag / 8), tag % 8]
    if (number === 0) throw new Malformed('field 0')
    if (wireType === 0) yield { number, wireType, value: BigInt.asIntN(64, varint(10)) }
    else if (wireType === 1) yield { number, wireType, value: take(8) }
    else if (wireType === 2) yield { number, wireType, value: take(uint32()) }
    else if (wireType === 5) yield { number, wireType, value: take(4) }
    else throw new Malformed('wire type')
  }
}

const WIRE_TYPES: Readonly<Record<string, number>> = { double: 1, int64: 0, bool: 0, string: 2 }
/** What has no place in a tick is not looked into. */
const UNREAD = new Set(['optionGreeks', 'iep', 'requestMode'])

/** Merges a message into what earlier parts of it told. Throws `Malformed`. */
function mergeMessage(type: protobuf.Type, bytes: Buffer, into: Record<string, unknown>): void {
  for (const { number, wireType, value } of fieldsOf(bytes)) {
    const field = type.fieldsById[number]?.resolve()
    if (field === undefined || UNREAD.has(field.name)) continue
    const inner = field.resolvedType
    if (inner instanceof protobuf.Type) {
      if (wireType !== 2) continue
      for (const other of field.partOf?.oneof ?? []) if (other !== field.name) delete into[other]
      const before = field.repeated ? {} : (into[field.name] ?? {})
      const target = before as Record<string, unknown>
      mergeMessage(inner, value as Buffer, target)
      if (field.repeated) into[field.name] = [...((into[field.name] ?? []) as object[]), target]
      else into[field.name] = target
    } else if (WIRE_TYPES[field.type] === wireType) {
      into[field.name] =
        typeof value === 'bigint'
          ? Number(value)
          : wireType === 1
            ? value.readDoubleLE()
            : value.toString('latin1')
    }
  }
}

const KEY = /^[\x20-\x7e]{1,100}$/

/** Everything that a frame holds: its instruments in their order, or that it is refused, wholly or in part. */
export function readFrame(frame: Uint8Array, levelsMax: number) {
  const found: NonNullable<ReturnType<typeof tickOf>>[] = []
  let rejects = 0
  let fields: WireField[]
  try {
    fields = [...fieldsOf(Buffer.from(frame))]
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return { found, rejects: 1 }
  }
  const times = fields.filter(({ number, wireType }) => number === 3 && wireType === 0)
  const currentTs = Number(times.at(-1)?.value ?? 0)
  for (const { number, wireType, value } of fields) {
    if (number !== 2 || wireType !== 2) continue
    try {
      let key = ''
      const feed = {}
      for (const part of fieldsOf(value as Buffer)) {
        if (part.wireType !== 2) continue
        if (part.number === 1) key = (part.value as Buffer).toString('latin1')
        if (part.number === 2) mergeMessage(Feed, part.value as Buffer, feed)
      }
      if (!KEY.test(key)) throw new Malformed('key')
      const tick = tickOf(key, feed, currentTs, levelsMax)
      if (tick !== null) found.push(tick)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      rejects += 1
    }
  }
  return { found, rejects }
}
