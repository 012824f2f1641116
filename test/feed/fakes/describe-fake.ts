// What the brokers from outside have in common: an access token, a list of 120 shares at two exchanges whose tokens
// repeat, and ticks that are easy to write down.
import {
  type BrokerSpec,
  type FeedSpec,
  type InstrumentLayout,
  type InstrumentSource,
  unsupported,
} from '../../../adapters/broker.ts'
import { defineBroker } from '../../../adapters/define-broker.ts'
import {
  LEVEL_WORDS,
  MODE_DEPTH,
  type Mode,
  type TickSink,
  VALUE_NAMES,
  type ValueName,
} from '../../../codecs/tick.ts'
import { shareOf } from '../../symbols/row.ts'

/** Shares per exchange. */
export const SHARES = 60
/** The broker's segment of each exchange. Tokens 1 to 60 are there in both. */
export const SEGMENTS = { NSE: 1, BSE: 11 } as const

/** The instrument file that every fake server serves. */
export const INSTRUMENTS_CSV = [
  'segment,token,exchange,symbol',
  ...Object.entries(SEGMENTS).flatMap(([exchange, segment]) =>
    Array.from({ length: SHARES }, (_, at) => `${segment},${at + 1},${exchange},SHARE${at + 1}`),
  ),
].join('\n')

const all: InstrumentLayout = {
  format: 'csv',
  columns: ['segment', 'token', 'exchange', 'symbol'],
  row: ([segment, token, exchange, symbol]) =>
    shareOf(exchange!, symbol!, Number(token), Number(segment)),
}

const instruments: InstrumentSource = {
  files: (hosts) => [
    { layout: 'all', request: { method: 'GET', url: `${hosts.rest}/instruments` } },
  ],
  publishedAt: '06:00',
  layouts: { all },
}

/** Describes a fake broker by its feed. */
export function describeFake(
  id: string,
  feed: Omit<FeedSpec, 'depthLevels' | 'decode' | 'instrumentsPerSocket' | 'socketsMax'> &
    Partial<FeedSpec>,
): BrokerSpec {
  return defineBroker({
    id,
    name: id,
    family: 'own',
    // Nothing listens there: tests say where the server is.
    hosts: { rest: 'http://127.0.0.1:1', feed: 'ws://127.0.0.1:1' },
    exchanges: Object.keys(SEGMENTS),
    signIn: {
      credentials: [{ name: 'access_token', secret: true, needed: 'always', help: 'any text' }],
      steps: [],
    },
    instruments,
    feed: {
      instrumentsPerSocket: 1000,
      socketsMax: 1,
      depthLevels: 5,
      decode: (_frame, sink) => sink.reject('this wire is decoded by its connection', 0),
      ...feed,
    },
    orders: unsupported('this broker has no orders'),
  })
}

export interface FakeLevel {
  readonly price: number
  readonly quantity: number
}

/** A tick by the public names of its values; both sides of the book best first. */
export interface FakeTick {
  readonly segment: number
  readonly token: number
  readonly mode: Mode
  readonly values: { readonly [name in ValueName]?: number | undefined }
  readonly buy?: readonly FakeLevel[]
  readonly sell?: readonly FakeLevel[]
}

/** Fills the sink's tick and hands it over. */
export function emitTick(sink: TickSink, from: FakeTick): void {
  const { tick } = sink
  tick.segment = from.segment
  tick.token = from.token
  tick.mode = from.mode
  tick.present = 0
  VALUE_NAMES.forEach((name, position) => {
    const value = from.values[name]
    if (value === undefined) return
    tick.values[position] = value
    tick.present |= 1 << position
  })
  const hasBook = from.mode === MODE_DEPTH
  tick.buyLevels = hasBook ? (from.buy ?? []).length : 0
  tick.sellLevels = hasBook ? (from.sell ?? []).length : 0
  const sides = [from.buy ?? [], from.sell ?? []]
  sides.forEach((levels, side) => {
    levels.forEach(({ price, quantity }, level) => {
      tick.depth.set([price, quantity, 1], (side * tick.levelsMax + level) * LEVEL_WORDS)
    })
  })
  sink.emit()
}
