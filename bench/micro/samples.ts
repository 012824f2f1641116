// Ticks of a simulated exchange in every form that the arms work on: bytes of the wire, `Tick`, and the plain object
// that a program without an engine would hold.
import { decodeKite } from '../../codecs/kite.ts'
import type { TickIdentity } from '../../codecs/msgpack.ts'
import { describeTick, Tick } from '../../codecs/tick.ts'
import { Exchange } from '../../sim/exchange.ts'
import { EQUITY } from '../../sim/instruments.ts'
import { type KiteMode, newFrame, packetBytes, writePacket } from '../../sim/kite-wire.ts'
import { listInstruments } from '../../sim/listing.ts'

/** So many that no arm can learn one by heart, and so few that all stay in the cache as a busy engine's do. */
export const SAMPLES = 64
export const LEVELS = 5
export const LISTED_ON = '2026-08-20'
const LISTED = 2000
const AT_MS = Date.parse(`${LISTED_ON}T11:00:00+05:30`)

export interface Sample {
  /** A frame with one packet in it, in a buffer of its own. */
  readonly frame: Uint8Array<ArrayBuffer>
  readonly tick: Tick
  readonly identity: TickIdentity
  /** The tick under its public names. */
  readonly named: Readonly<Record<string, unknown>>
}

function decodeOne(frame: Uint8Array): Tick {
  const tick = new Tick(LEVELS)
  let ticks = 0
  decodeKite(frame, {
    tick,
    emit() {
      ticks += 1
    },
    reject(reason) {
      throw new Error(reason)
    },
  })
  if (ticks !== 1) throw new Error(`a frame of one packet gave ${ticks} ticks`)
  return tick
}

/** One tick each of `SAMPLES` shares, numbered from 0, in one of the broker's modes; the same ticks every time. */
export function makeSamples(mode: KiteMode): Sample[] {
  const table = listInstruments(1, LISTED_ON, LISTED)
  const exchange = new Exchange(table, 1)
  const samples: Sample[] = []
  for (let row = 0; samples.length < SAMPLES; row++) {
    if (table.kind(row) !== EQUITY) continue
    const { token, tradingsymbol } = table.at(row)
    const frame = new Uint8Array(newFrame(1, 2 + packetBytes(table, row, mode)))
    writePacket(frame, 2, exchange, exchange.advance(row, AT_MS), token, false, mode)
    const identity = {
      broker: 'zerodha',
      exchange: 'NSE',
      symbol: tradingsymbol,
      token: String(token),
    }
    const number = samples.length
    const stamps = { seq: 1000 + number, epoch: 1_787_000_000 }
    const receiveTime = AT_MS * 1000 + number
    const tick = Object.assign(decodeOne(frame), stamps, {
      instrument: number,
      receiveTimeUs: receiveTime,
    })
    const named = { ...identity, ...stamps, ...describeTick(tick), receiveTime }
    samples.push({ frame, tick, identity, named })
  }
  return samples
}
