// How a client of each format goes through what it received: every seq is looked at, one tick in 64 is decoded by the
// format's library, and the rest is stepped over.
import { unpack } from 'msgpackr'
import { PackedReader } from '../packed-reader.ts'
import { NumberTable } from './lookup.ts'
import { frameNumber } from './market.ts'
import type { Seqs, Tally } from './tally.ts'

/** An instrument as the engine names it. */
export interface Instrument {
  readonly exchange: string
  readonly symbol: string
  readonly token: number
}

/** Goes through one message. What one finds wrong is counted in the tally. */
export interface Walker {
  walk(bytes: Buffer, view: DataView, start: number, end: number, seqs: Seqs): void
}

const DECODE_ONE_IN = 64
const MAP16 = 0xde
const ARRAY16 = 0xdc
const MAP_HEAD = 3
const ARRAY_HEAD = 3
const UINT32_HEAD = 1
// Bytes of the keys `broker`, `exchange`, `symbol`, `token`, with their type.
const BROKER_KEY = 7
const EXCHANGE_KEY = 9
const SYMBOL_KEY = 7
const TOKEN_KEY = 6

interface DecodedTick {
  readonly token?: string
  readonly seq?: number
  readonly volume?: number
  readonly ltp?: number
  readonly receiveTime?: number
}

/** Where things stand in the map of a quote, counted from the end of its token; the same in all quotes. */
interface Shape {
  readonly entries: number
  readonly seqAt: number
  readonly volumeAt: number
  readonly length: number
}

/** Ticks as msgpack: an array of maps in a frame, or one map in a ZeroMQ message. */
export class PackedWalker implements Walker {
  readonly #tally: Tally
  readonly #places: NumberTable
  readonly #reader = new PackedReader()
  #shape: Shape = { entries: -1, seqAt: 0, volumeAt: 0, length: 0 }
  #seen = 0

  constructor(instruments: readonly Instrument[], tally: Tally) {
    this.#places = new NumberTable(instruments.map(({ token }) => token))
    this.#tally = tally
  }

  walk(bytes: Buffer, view: DataView, start: number, end: number, seqs: Seqs): void {
    let at = bytes[start] === ARRAY16 ? start + ARRAY_HEAD : start
    while (at < end) at = this.#tick(bytes, view, at, end, seqs)
    if (at !== end) this.#tally.wrong += 1
  }

  #tick(bytes: Buffer, view: DataView, start: number, end: number, seqs: Seqs): number {
    if (bytes[start] !== MAP16) return this.#event(bytes, start, end)
    let at = start + MAP_HEAD + BROKER_KEY
    // Texts up to 31 bytes: the type's low bits are the length.
    at += 1 + (bytes[at]! & 0x1f) + EXCHANGE_KEY
    at += 1 + (bytes[at]! & 0x1f) + SYMBOL_KEY
    at += 1 + (bytes[at]! & 0x1f) + TOKEN_KEY
    const tokenEnd = at + 1 + (bytes[at]! & 0x1f)
    let token = 0
    for (let i = at + 1; i < tokenEnd; i++) token = token * 10 + bytes[i]! - 48
    if (view.getUint8(start + 2) !== this.#shape.entries) {
      this.#learn(bytes, view, start, tokenEnd)
    }
    const { seqAt, volumeAt, length } = this.#shape
    const place = this.#places.find(token)
    const tickEnd = tokenEnd + length
    if (place < 0 || tickEnd > end) {
      this.#tally.wrong += 1
      return end
    }
    const seq = view.getUint32(tokenEnd + seqAt)
    const number = view.getUint32(tokenEnd + volumeAt)
    seqs.check(place, seq)
    this.#tally.take(number, 1)
    this.#seen += 1
    if (this.#seen % DECODE_ONE_IN === 0) {
      this.#check(unpack(bytes.subarray(start, tickEnd)), token, seq, number)
    }
    return tickEnd
  }

  #check(tick: DecodedTick, token: number, seq: number, number: number): void {
    const isRight =
      tick.token === String(token) && tick.seq === seq && tick.volume === number && tick.ltp! > 0
    if (!isRight) this.#tally.wrong += 1
    else this.#tally.takeSocketTime(number, tick.receiveTime!)
  }

  /** Learns a shape from a tick that is read key by key; a snapshot has another than the ticks after it. */
  #learn(bytes: Buffer, view: DataView, start: number, tokenEnd: number): void {
    this.#reader.open(bytes)
    const length = this.#reader.read(start) - tokenEnd
    const behind = (key: string) =>
      bytes.indexOf(key, tokenEnd, 'latin1') + key.length + UINT32_HEAD - tokenEnd
    this.#shape = {
      entries: view.getUint8(start + 2),
      seqAt: behind('seq'),
      volumeAt: behind('volume'),
      length,
    }
  }

  /** Gaps and states of the feed: what a gap has lost shows in the seqs. */
  #event(bytes: Buffer, start: number, end: number): number {
    this.#reader.open(bytes)
    return Math.min(end, this.#reader.read(start))
  }
}

const JSON_TICK = '{"type":"market_data"'
const SYMBOL_AT = '{"type":"market_data","symbol":"'.length
const QUOTE_SIGN = 0x22
const COLON = 0x3a
const LETTER_E = 0x65
const VOLUME = Buffer.from('"volume":')
/** From the end of a frame back to the seq's last digit: the epoch has ten digits and the timestamp thirteen. */
const TIMESTAMP = ',"timestamp":0123456789012}}'
const AFTER_SEQ = ',"epoch":0123456789'.length + TIMESTAMP.length

function digits(bytes: Buffer, from: number): number {
  let value = 0
  for (let at = from; bytes[at]! >= 48 && bytes[at]! <= 57; at++)
    value = value * 10 + bytes[at]! - 48
  return value
}

/** The hash of symbol and exchange, which stand one after the other with this between them. */
const BETWEEN = '","exchange":"'
function hash(bytes: Buffer, start: number): number {
  let value = 0
  let at = start
  for (; bytes[at] !== QUOTE_SIGN; at++) value = (Math.imul(value, 31) + bytes[at]!) | 0
  for (at += BETWEEN.length; bytes[at] !== QUOTE_SIGN; at++) {
    value = (Math.imul(value, 31) + bytes[at]!) | 0
  }
  return value >>> 0
}

/** Ticks as OpenAlgo's JSON: one in a text frame, or in a ZeroMQ message. */
export class JsonWalker implements Walker {
  readonly #tally: Tally
  readonly #places: NumberTable
  #seen = 0

  constructor(instruments: readonly Instrument[], tally: Tally) {
    const hashes = instruments.map(({ exchange, symbol }) => {
      return hash(Buffer.from(`${symbol}${BETWEEN}${exchange}"`), 0)
    })
    if (new Set(hashes).size !== hashes.length) throw new Error('two instruments have one hash')
    this.#places = new NumberTable(hashes)
    this.#tally = tally
  }

  walk(bytes: Buffer, _view: DataView, start: number, end: number, seqs: Seqs): void {
    if (bytes[start + JSON_TICK.length] !== 0x2c || bytes[start + SYMBOL_AT - 1] !== QUOTE_SIGN) {
      return
    }
    // A last value has `"snapshot":true` before its timestamp, and is no tick of its own.
    if (bytes[end - TIMESTAMP.length - 1] === LETTER_E) return
    const place = this.#places.find(hash(bytes, start + SYMBOL_AT))
    let seqAt = end - AFTER_SEQ
    while (seqAt > start && bytes[seqAt - 1] !== COLON) seqAt -= 1
    const seq = digits(bytes, seqAt)
    const number = digits(bytes, bytes.indexOf(VOLUME, start) + VOLUME.length)
    if (place < 0) {
      this.#tally.wrong += 1
      return
    }
    seqs.check(place, seq)
    this.#tally.take(number, 1)
    this.#seen += 1
    if (this.#seen % DECODE_ONE_IN !== 0) return
    const { data } = JSON.parse(bytes.toString('utf8', start, end))
    if (data.seq !== seq || data.volume !== number || !(data.ltp > 0)) this.#tally.wrong += 1
  }
}

const PACKETS_HEAD = 2
const PACKET_BYTES = 46

const KITE_VOLUME = Buffer.from('"volume_traded":')
interface KiteTick {
  readonly volume_traded: number
  readonly last_price: number
}

/** Ticks as kiteconnect's objects in JSON: an array in a text frame, or one in a message of NATS. */
export class KiteJsonWalker implements Walker {
  readonly #tally: Tally
  #seen = 0

  constructor(_instruments: readonly Instrument[], tally: Tally) {
    this.#tally = tally
  }

  walk(bytes: Buffer, _view: DataView, start: number, end: number): void {
    let at = bytes.indexOf(KITE_VOLUME, start)
    let number = 0
    let ticks = 0
    for (; at >= 0 && at < end; at = bytes.indexOf(KITE_VOLUME, at)) {
      at += KITE_VOLUME.length
      number = digits(bytes, at)
      ticks += 1
    }
    if (number === 0) return
    this.#tally.take(number, ticks)
    this.#seen += 1
    if (this.#seen % DECODE_ONE_IN !== 0) return
    const decoded: KiteTick | KiteTick[] = JSON.parse(bytes.toString('utf8', start, end))
    const all = Array.isArray(decoded) ? decoded : [decoded]
    const isRight = all.every((tick) => tick.volume_traded === number && tick.last_price > 0)
    if (!isRight || all.length !== ticks) this.#tally.wrong += 1
  }
}

/** The broker's own frames, as a relay passes them on: no seqs, but frames that are numbered one by one. */
export class RawWalker implements Walker {
  readonly #tally: Tally

  constructor(_instruments: readonly Instrument[], tally: Tally) {
    this.#tally = tally
  }

  walk(_bytes: Buffer, view: DataView, start: number, end: number, seqs: Seqs): void {
    if (end - start < PACKETS_HEAD + PACKET_BYTES) return
    const packets = view.getUint16(start)
    if (end - start !== PACKETS_HEAD + packets * PACKET_BYTES) return
    const number = frameNumber(view, start)
    // First values after a subscription have no number.
    if (number === 0) return
    seqs.check(0, number)
    this.#tally.take(number, packets)
  }
}
