// Any sequence of partial frames against objects that are merged again from the first one, by the rules alone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeNoren, NorenRecord } from '../../codecs/noren.ts'
import { NorenFrame } from '../../codecs/noren-frame.ts'
import { describeTick, MODE_DEPTH, Tick, type TickSink } from '../../codecs/tick.ts'

const NAMES = {
  lp: 'ltp',
  ltq: 'ltq',
  c: 'close',
  ap: 'atp',
  v: 'volume',
  tbq: 'totalBuyQty',
  tsq: 'totalSellQty',
  o: 'open',
  h: 'high',
  l: 'low',
  oi: 'oi',
  uc: 'upperCircuit',
  lc: 'lowerCircuit',
} as const
const GUARDED = ['o', 'h', 'l', 'c', 'ap']
const LEVELS = [1, 2, 3, 4, 5]
const BOOK = ['b', 's'].flatMap((side) =>
  [...'pqo'].flatMap((field) => LEVELS.map((level) => `${side}${field}${level}`)),
)
const KEYS = [...Object.keys(NAMES), ...BOOK, 'ft', 'ltt', 'toi', 'poi', 'pc', '52h', 'ts']

const value = fc.oneof(
  { weight: 6, arbitrary: fc.nat(10_000_000).map((paise) => (paise / 100).toFixed(2)) },
  { weight: 3, arbitrary: fc.nat(1_000_000).map(String) },
  { weight: 2, arbitrary: fc.constantFrom('0', '0.00', '', '-', 'abc', '-5', '1e5') },
  { weight: 1, arbitrary: fc.constantFrom('13:58:37', '00:00:01', '25:00:00') },
)
const partial = fc.dictionary(fc.constantFrom(...KEYS), value, {
  maxKeys: 12,
  noNullPrototype: true,
})
const type = fc.constantFrom('tk', 'tf', 'dk', 'df')
const sequence = fc.array(fc.tuple(type, partial), { minLength: 1, maxLength: 12 })

type Fields = Record<string, string>
const DECIMAL = /^-?\d+(\.\d+)?$/
const isCount = (key: string) => /^([bs][qo]\d|ltq|v|tbq|tsq|oi)$/.test(key)

/** Whether a text is a value of this field. */
function isValue(key: string, text: string): boolean {
  if (key === 'ltt') return /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(text)
  if (!DECIMAL.test(text)) return false
  return key === 'ft' ? Number(text) > 0 : !isCount(key) || Number(text) >= 0
}

/** The texts that hold after all frames, with the time of the last trade already placed. */
function mergeAgain(frames: readonly Fields[]): { known: Fields; ltt?: number | undefined } {
  const known: Fields = {}
  let ltt: number | undefined
  for (const fields of frames) {
    const came = Object.entries(fields).filter(([key, text]) => isValue(key, text))
    for (const [key, text] of came) {
      const isKept = GUARDED.includes(key) && Number(text) === 0 && Number(known[key] ?? 0) !== 0
      if (!isKept) known[key] = text
    }
    const clock = Object.fromEntries(came).ltt
    if (clock === undefined) continue
    ltt = undefined
    if (known.ft === undefined) continue
    const exchangeTime = Number(known.ft) * 1000
    const day = new Date(exchangeTime + 330 * 60_000).toISOString().slice(0, 10)
    const time = Date.parse(`${day}T${clock}+05:30`)
    const isOwn = Object.fromEntries(came).ft !== undefined
    if (!isOwn || time <= exchangeTime + 60_000) ltt = time
  }
  return { known, ltt }
}

const number = (text: string | undefined) => Number(text ?? 0) + 0

function sideOf(known: Fields, side: string) {
  const all = LEVELS.map((level) => {
    const [price, quantity, orders] = [...'pqo'].map((field) => number(known[side + field + level]))
    const isThere = known[`${side}p${level}`] !== undefined && (price !== 0 || quantity !== 0)
    return { isThere, level: { price, quantity, orders } }
  })
  const last = all.findLastIndex(({ isThere }) => isThere)
  return all.slice(0, last + 1).map(({ level }) => level)
}

function expectedTick(frames: readonly Fields[]) {
  const { known, ltt } = mergeAgain(frames)
  const expected: Record<string, unknown> = { token: '7', mode: 'depth' }
  for (const [key, name] of Object.entries(NAMES)) {
    if (known[key] !== undefined) expected[name] = number(known[key])
  }
  if (known.ft !== undefined) expected.exchangeTime = Number(known.ft) * 1000
  if (ltt !== undefined) expected.ltt = ltt
  for (const [side, price, quantity] of [
    ['b', 'bid', 'bidQty'],
    ['s', 'ask', 'askQty'],
  ] as const) {
    const [at, count] = [known[`${side}p1`], known[`${side}q1`]]
    if (number(at) === 0 && number(count) === 0) continue
    if (at !== undefined) expected[price] = number(at)
    if (count !== undefined) expected[quantity] = number(count)
  }
  expected.depth = { buy: sideOf(known, 'b'), sell: sideOf(known, 's') }
  return expected
}

test('after every frame the record is what merging all frames again gives', () => {
  fc.assert(
    fc.property(sequence, (steps) => {
      const record = new NorenRecord()
      const frame = new NorenFrame()
      const tick = new Tick(5)
      tick.token = 7
      steps.forEach(([t, fields], at) => {
        assert.equal(frame.read(JSON.stringify({ t, e: 'NSE', tk: '7', ...fields })), null)
        record.merge(frame)
        record.fill(tick, MODE_DEPTH)
        const seen = steps.slice(0, at + 1).map(([, each]) => each)
        assert.deepEqual(describeTick(tick), expectedTick(seen))
      })
    }),
    { numRuns: 2000, seed: 20_260_901 },
  )
})

test('no text and no bytes make the decoder throw, or give a number that is not finite', () => {
  const tick = new Tick(5)
  const sink: TickSink = {
    tick,
    emit() {
      const { depth, token: _, mode: __, ...values } = describeTick(tick)
      const levels = [...(depth?.buy ?? []), ...(depth?.sell ?? [])].flatMap(Object.values)
      assert.ok([...Object.values(values), ...levels].every(Number.isFinite))
    },
    reject() {},
  }
  const json = fc.json().map((text) => `{"t":"df","e":"NSE","tk":"5","lp":${text},"bp1":${text}}`)
  const frames = fc.oneof(fc.string({ unit: 'binary' }), json, fc.uint8Array({ maxLength: 300 }))
  fc.assert(
    fc.property(frames, (frame) => decodeNoren(frame, sink)),
    { numRuns: 5000, seed: 7 },
  )
})
