// Upstox frames beside the decoder of the broker's own npm SDK (upstox-js-sdk 2.31.0), which for each frame looks its
// type up, decodes with protobufjs by the same .proto, and hands on the text of JSON.stringify.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import protobuf from 'protobufjs'
import { LTP, MODE_DEPTH, MODE_LTP, type Mode, Tick, type TickSink } from '../../codecs/tick.ts'
import { decodeUpstox, type UpstoxMerge } from '../../codecs/upstox.ts'
import { UpstoxRecords } from '../../codecs/upstox-records.ts'
import { packageRoot } from '../../config/root.ts'
import type { Case, Group } from './group.ts'

const SCHEMA = join(packageRoot, 'adapters/upstox/fixtures/MarketDataFeedV3.proto')
const RESPONSE = 'com.upstox.marketdatafeederv3udapi.rpc.proto.FeedResponse'
const LEVELS = 30
const AT_MS = 1750133099123
/** Frames that an arm takes by turns, so that it learns none by heart. */
const FRAMES = 16
const FEEDS_PER_FRAME = [1, 10, 50] as const
const TIMES_MIN = 3

/** What the arms read of a feed. */
interface Ltpc {
  readonly ltp: number
}
interface PlainFeed {
  readonly ltpc?: Ltpc | null
  readonly fullFeed?: { readonly marketFF: { readonly ltpc: Ltpc } } | null
}
interface PlainResponse {
  readonly feeds: Readonly<Record<string, PlainFeed>>
}

class SummingSink implements TickSink {
  readonly tick = new Tick(LEVELS)
  sum = 0
  ticks = 0

  emit(): void {
    this.sum += this.tick.values[LTP]!
    this.ticks += 1
  }

  reject(reason: string): void {
    throw new Error(reason)
  }
}

const keyOf = (number: number) => `NSE_EQ|INE${String(number).padStart(6, '0')}A01`
const rupees = (paise: number) => paise / 100

function ltpcOf(number: number) {
  const ltp = rupees(100_000 + 5 * number)
  return { ltp, ltt: AT_MS - number, ltq: 1 + (number % 500), cp: ltp - 1.5 }
}

function fullOf(number: number, levels: number) {
  const ltpc = ltpcOf(number)
  const paise = 100_000 + 5 * number
  const bidAskQuote = Array.from({ length: levels }, (_, level) => ({
    bidQ: 10 + 37 * level,
    bidP: rupees(paise - 5 * level),
    askQ: 300 + level,
    askP: rupees(paise + 5 + 5 * level),
  }))
  const bar = { open: ltpc.cp, high: ltpc.ltp + 2, low: ltpc.cp - 2, close: ltpc.ltp }
  const ohlc = [
    { interval: '1d', ...bar, vol: 4_182_336, ts: 1750098600000 },
    { interval: 'I1', ...bar, vol: 15_230, ts: 1750132980000 },
  ]
  const totals = { atp: ltpc.ltp - 0.35, vtt: 4_182_336, tbq: 512_440, tsq: 688_215 }
  const marketFF = { ltpc, marketLevel: { bidAskQuote }, optionGreeks: {}, marketOHLC: { ohlc } }
  return { fullFeed: { marketFF: { ...marketFF, ...totals } } }
}

/** The kinds of feed that a socket asks for, the mode that its ticks have, and one message of each. */
const KINDS: readonly {
  readonly name: string
  readonly mode: Mode
  feed(number: number): object
}[] = [
  { name: 'ltpc', mode: MODE_LTP, feed: (number) => ({ ltpc: ltpcOf(number) }) },
  {
    name: 'full',
    mode: MODE_DEPTH,
    feed: (number) => ({ ...fullOf(number, 5), requestMode: 1 }),
  },
  {
    name: 'full_d30',
    mode: MODE_DEPTH,
    feed: (number) => ({ ...fullOf(number, 30), requestMode: 3 }),
  },
]

function sumOf({ feeds }: PlainResponse): number {
  let sum = 0
  for (const key in feeds) {
    const { ltpc, fullFeed } = feeds[key]!
    sum += (fullFeed ? fullFeed.marketFF.ltpc : ltpc!).ltp
  }
  return sum
}

function frameCase(root: protobuf.Root, kind: (typeof KINDS)[number], feedsPerFrame: number): Case {
  const type = root.lookupType(RESPONSE)
  const records = new UpstoxRecords(FRAMES * feedsPerFrame, LEVELS)
  const frames = Array.from({ length: FRAMES }, (_, frame) => {
    const numbers = Array.from({ length: feedsPerFrame }, (_, i) => frame * feedsPerFrame + i)
    for (const number of numbers) records.want(keyOf(number), kind.mode)
    const feeds = Object.fromEntries(numbers.map((number) => [keyOf(number), kind.feed(number)]))
    const response = type.fromObject({ type: 1, feeds, currentTs: AT_MS })
    return Buffer.from(type.encode(response).finish())
  })
  const read = (frame: Uint8Array) =>
    root.lookupType(RESPONSE).decode(frame) as unknown as PlainResponse
  const sink = new SummingSink()
  const expected = frames.reduce((sum, frame) => sum + sumOf(read(frame)), 0)
  const isRight = (sum: number) => Math.abs(sum - expected) < 1e-6 * expected
  const own = (merge: UpstoxMerge | null) => () => {
    sink.sum = sink.ticks = 0
    for (let i = 0; i < FRAMES; i++) decodeUpstox(frames[i]!, sink, merge)
    return isRight(sink.sum) && sink.ticks === FRAMES * feedsPerFrame
  }
  const library = () => {
    let sum = 0
    for (let i = 0; i < FRAMES; i++) sum += sumOf(read(frames[i]!))
    return isRight(sum)
  }
  const text = () => {
    let characters = 0
    for (let i = 0; i < FRAMES; i++) characters += JSON.stringify(read(frames[i]!)).length
    return characters > FRAMES
  }
  assert.ok(own(records)() && own(null)() && library() && text())
  const operations = FRAMES * feedsPerFrame
  const bytes = Math.round(frames.reduce((sum, { length }) => sum + length, 0) / FRAMES)
  const feeds = feedsPerFrame === 1 ? '1 feed' : `${feedsPerFrame} feeds`
  return {
    name: `${kind.name}, frame of ${feeds}, ${bytes} bytes`,
    arms: [
      { name: 'decodeUpstox', operations, work: own(null) },
      {
        name: "the SDK's lookupType and decode",
        operations,
        work: library,
        target: { timesMin: TIMES_MIN },
      },
      { name: 'and its JSON.stringify', operations, work: text },
      { name: 'decodeUpstox with the records of a socket', operations, work: own(records) },
    ],
  }
}

export const upstox: Group = {
  name: 'upstox',
  about:
    "a frame of Upstox's feed becomes ticks; a frame takes as many times longer as it has feeds",
  operation: 'tick',
  prepare: () => {
    const root = new protobuf.Root().loadSync(SCHEMA)
    return {
      cases: KINDS.flatMap((kind) => FEEDS_PER_FRAME.map((feeds) => frameCase(root, kind, feeds))),
    }
  },
}
