// Writes the protobuf messages of the feed by hand. Upstox Market Data Feed V3, `FeedResponse`: proto3, so a scalar
// that is absent or 0 is left out, fields come in the order of their numbers, and a map is a list of entries.
import type { FrameWriter } from './upstox-protobuf.ts'

export const INITIAL_FEED = 0
export const LIVE_FEED = 1
export const MARKET_INFO = 2

/** `RequestMode` of a feed. */
export const LTPC = 0
export const FULL_D5 = 1
export const OPTION_GREEKS = 2
export const FULL_D30 = 3
export type RequestMode = typeof LTPC | typeof FULL_D5 | typeof OPTION_GREEKS | typeof FULL_D30

/** `MarketStatus` of a segment. */
export const PRE_OPEN_START = 0
export const NORMAL_OPEN = 2
export const NORMAL_CLOSE = 3

// The messages by the names of the wire. Prices are rupees, times epoch ms; absent is `undefined`.

export interface Ltpc {
  ltp?: number
  ltt?: number
  ltq?: number
  cp?: number
  iep?: number
}

export interface Quote {
  bidQ?: number
  bidP?: number
  askQ?: number
  askP?: number
}

export interface OptionGreeks {
  delta?: number
  theta?: number
  gamma?: number
  vega?: number
  rho?: number
}

export interface Ohlc {
  interval?: string
  open?: number
  high?: number
  low?: number
  close?: number
  vol?: number
  ts?: number
}

export interface MarketFullFeed {
  ltpc?: Ltpc | undefined
  /** `marketLevel.bidAskQuote`. */
  levels?: readonly Quote[] | undefined
  optionGreeks?: OptionGreeks | undefined
  /** `marketOHLC.ohlc`. */
  ohlc?: readonly Ohlc[] | undefined
  atp?: number
  vtt?: number
  oi?: number
  iv?: number
  tbq?: number
  tsq?: number
  iep?: number
  rp?: number
  ieq?: number
  iiqTotal?: number
  iiqM?: number
  casEligible?: boolean
}

export interface IndexFullFeed {
  ltpc?: Ltpc | undefined
  ohlc?: readonly Ohlc[] | undefined
}

export interface FirstLevelWithGreeks {
  ltpc?: Ltpc | undefined
  firstDepth?: Quote | undefined
  optionGreeks?: OptionGreeks | undefined
  vtt?: number
  oi?: number
  iv?: number
}

/** One entry of `feeds`: one of the four, and the mode it was asked in. */
export interface Feed {
  ltpc?: Ltpc | undefined
  marketFF?: MarketFullFeed | undefined
  indexFF?: IndexFullFeed | undefined
  firstLevelWithGreeks?: FirstLevelWithGreeks | undefined
  requestMode: RequestMode
}

export interface MarketInfo {
  segmentStatus: Readonly<Record<string, number>>
  casMarketStatus?: Readonly<Record<string, { status?: string; updatedTime?: number }>>
}

function writeLtpc(writer: FrameWriter, field: number, ltpc: Ltpc | undefined): void {
  if (ltpc === undefined) return
  const start = writer.open(field)
  writer.double(1, ltpc.ltp)
  writer.varint(2, ltpc.ltt)
  writer.varint(3, ltpc.ltq)
  writer.double(4, ltpc.cp)
  if (ltpc.iep !== undefined) {
    const value = writer.open(5)
    writer.double(1, ltpc.iep)
    writer.close(value)
  }
  writer.close(start)
}

function writeQuote(writer: FrameWriter, field: number, quote: Quote): void {
  const start = writer.open(field)
  writer.varint(1, quote.bidQ)
  writer.double(2, quote.bidP)
  writer.varint(3, quote.askQ)
  writer.double(4, quote.askP)
  writer.close(start)
}

function writeLevels(
  writer: FrameWriter,
  field: number,
  levels: readonly Quote[] | undefined,
): void {
  if (levels === undefined) return
  const start = writer.open(field)
  for (const level of levels) writeQuote(writer, 1, level)
  writer.close(start)
}

function writeGreeks(writer: FrameWriter, field: number, greeks: OptionGreeks | undefined): void {
  if (greeks === undefined) return
  const start = writer.open(field)
  writer.double(1, greeks.delta)
  writer.double(2, greeks.theta)
  writer.double(3, greeks.gamma)
  writer.double(4, greeks.vega)
  writer.double(5, greeks.rho)
  writer.close(start)
}

function writeOhlc(writer: FrameWriter, field: number, bars: readonly Ohlc[] | undefined): void {
  if (bars === undefined) return
  const start = writer.open(field)
  for (const bar of bars) {
    const barStart = writer.open(1)
    writer.text(1, bar.interval)
    writer.double(2, bar.open)
    writer.double(3, bar.high)
    writer.double(4, bar.low)
    writer.double(5, bar.close)
    writer.varint(6, bar.vol)
    writer.varint(7, bar.ts)
    writer.close(barStart)
  }
  writer.close(start)
}

function writeMarketFull(writer: FrameWriter, full: MarketFullFeed): void {
  const start = writer.open(1)
  writeLtpc(writer, 1, full.ltpc)
  writeLevels(writer, 2, full.levels)
  writeGreeks(writer, 3, full.optionGreeks)
  writeOhlc(writer, 4, full.ohlc)
  writer.double(5, full.atp)
  writer.varint(6, full.vtt)
  writer.double(7, full.oi)
  writer.double(8, full.iv)
  writer.double(9, full.tbq)
  writer.double(10, full.tsq)
  writer.double(11, full.iep)
  writer.double(12, full.rp)
  writer.varint(13, full.ieq)
  writer.varint(14, full.iiqTotal)
  writer.varint(15, full.iiqM)
  writer.varint(16, full.casEligible)
  writer.close(start)
}

function writeFullFeed(writer: FrameWriter, { marketFF, indexFF }: Feed): void {
  if (marketFF === undefined && indexFF === undefined) return
  const start = writer.open(2)
  if (marketFF !== undefined) writeMarketFull(writer, marketFF)
  if (indexFF !== undefined) {
    const index = writer.open(2)
    writeLtpc(writer, 1, indexFF.ltpc)
    writeOhlc(writer, 2, indexFF.ohlc)
    writer.close(index)
  }
  writer.close(start)
}

function writeFirstLevel(writer: FrameWriter, first: FirstLevelWithGreeks | undefined): void {
  if (first === undefined) return
  const start = writer.open(3)
  writeLtpc(writer, 1, first.ltpc)
  if (first.firstDepth !== undefined) writeQuote(writer, 2, first.firstDepth)
  writeGreeks(writer, 3, first.optionGreeks)
  writer.varint(4, first.vtt)
  writer.double(5, first.oi)
  writer.double(6, first.iv)
  writer.close(start)
}

/** Begins a frame with its type, which is left out for an initial feed. */
export function beginFrame(writer: FrameWriter, type: number): void {
  writer.clear()
  writer.varint(1, type)
}

/** Adds an instrument to the map of a frame; no key may come twice in one frame. */
export function writeFeed(writer: FrameWriter, key: string, feed: Feed): void {
  const entry = writer.open(2)
  writer.text(1, key)
  const value = writer.open(2)
  writeLtpc(writer, 1, feed.ltpc)
  writeFullFeed(writer, feed)
  writeFirstLevel(writer, feed.firstLevelWithGreeks)
  writer.varint(4, feed.requestMode)
  writer.close(value)
  writer.close(entry)
}

/** Ends a frame with the time, and for a market info with that, and returns its bytes. */
export function endFrame(writer: FrameWriter, currentTs: number, info?: MarketInfo): Buffer {
  writer.varint(3, currentTs)
  if (info !== undefined) writeMarketInfo(writer, info)
  return writer.copy()
}

function writeMarketInfo(writer: FrameWriter, info: MarketInfo): void {
  const start = writer.open(4)
  for (const [segment, status] of Object.entries(info.segmentStatus)) {
    const entry = writer.open(1)
    writer.text(1, segment)
    writer.entryValue(2, status)
    writer.close(entry)
  }
  for (const [segment, { status, updatedTime }] of Object.entries(info.casMarketStatus ?? {})) {
    const entry = writer.open(2)
    writer.text(1, segment)
    const value = writer.open(2)
    writer.text(1, status)
    writer.varint(2, updatedTime)
    writer.close(value)
    writer.close(entry)
  }
  writer.close(start)
}
