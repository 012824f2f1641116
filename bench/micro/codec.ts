import assert from 'node:assert/strict'
import { KiteTicker } from 'kiteconnect'
import { decodeKite } from '../../codecs/kite.ts'
import { KITE_LAYOUT } from '../../codecs/kite-layout.ts'
import { interpretFrame } from '../../codecs/layout.ts'
import { type DecodedTick, describeTick, LTP, Tick, type TickSink } from '../../codecs/tick.ts'
import { FULL, type KiteMode, LTP as LTP_MODE, QUOTE } from '../../sim/kite-wire.ts'
import type { Case, Group, Target } from './group.ts'
import { LEVELS, makeSamples } from './samples.ts'

/** The part of kiteconnect's ticks that is compared; its declarations leave the method out. */
interface KiteTick {
  instrument_token: number
  last_price: number
  volume_traded?: number
  depth?: { buy: object[]; sell: object[] }
}
type ParseBinary = (frame: ArrayBuffer) => KiteTick[]

function kiteconnectParser(): ParseBinary {
  const ticker = new KiteTicker({ api_key: 'none', access_token: 'none' })
  const { parseBinary } = ticker as unknown as { parseBinary: ParseBinary }
  return parseBinary
}

class SummingSink implements TickSink {
  readonly tick = new Tick(LEVELS)
  sum = 0

  emit(): void {
    this.sum += this.tick.values[LTP]!
  }

  reject(reason: string): void {
    throw new Error(reason)
  }
}

function checkDecoder(sink: SummingSink, frame: Uint8Array, expected: DecodedTick): void {
  decodeKite(frame, sink)
  assert.deepEqual(describeTick(sink.tick), expected)
}

function checkKiteconnect(tick: KiteTick | undefined, { token, ltp, volume, depth }: DecodedTick) {
  assert.equal(tick?.instrument_token, Number(token))
  assert.equal(tick.last_price, ltp)
  // It reads counts as signed.
  assert.equal(tick.volume_traded, volume === undefined ? undefined : volume | 0)
  assert.deepEqual(tick.depth, depth)
}

function packetCase(
  mode: KiteMode,
  name: string,
  targets: { own?: Target; kiteconnect?: Target },
): Case {
  const parseBinary = kiteconnectParser()
  const sink = new SummingSink()
  const frames = makeSamples(mode).map(({ frame }) => frame)
  const buffers = frames.map(({ buffer }) => buffer)
  let expected = 0
  for (const frame of frames) {
    // The table of the layout, read slowly, says what the frame holds.
    const tick = interpretFrame(KITE_LAYOUT, frame).ticks[0]!
    checkDecoder(sink, frame, tick)
    checkKiteconnect(parseBinary(frame.buffer)[0], tick)
    expected += tick.ltp!
  }
  const own = () => {
    sink.sum = 0
    for (let i = 0; i < frames.length; i++) decodeKite(frames[i]!, sink)
    return sink.sum === expected
  }
  const kiteconnect = () => {
    let sum = 0
    for (let i = 0; i < buffers.length; i++) sum += parseBinary(buffers[i]!)[0]!.last_price
    return sum === expected
  }
  const operations = frames.length
  return {
    name,
    arms: [
      { name: 'decodeKite', operations, work: own, target: targets.own },
      {
        name: 'kiteconnect parseBinary',
        operations,
        work: kiteconnect,
        target: targets.kiteconnect,
      },
    ],
  }
}

export const codec: Group = {
  name: 'codec',
  about: 'a frame of the Kite ticker with one packet in it becomes a tick',
  operation: 'packet',
  prepare: () => ({
    cases: [
      packetCase(FULL, 'full packet, 184 bytes', {
        own: { nsMax: 150 },
        kiteconnect: { timesMin: 50 },
      }),
      packetCase(QUOTE, 'quote packet, 44 bytes', {}),
      packetCase(LTP_MODE, 'LTP packet, 8 bytes', {}),
    ],
  }),
}
