// A NorenOMS frame becomes the full record of its scrip, beside what parsing its text alone takes.
import assert from 'node:assert/strict'
import { NorenRecord } from '../../codecs/noren.ts'
import { NorenFrame } from '../../codecs/noren-frame.ts'
import { describeTick, LTP, MODE_DEPTH, MODE_QUOTE, Tick } from '../../codecs/tick.ts'
import { SeededRandom } from '../../sim/random.ts'
import type { Case, Group } from './group.ts'

const LEVELS = 5
/** So many that no arm can learn one by heart. */
const SAMPLES = 256
/** Decode and merge may take this much of the time that JSON.parse takes. */
const PARSE_SHARE_MAX = 1.7

type Fields = Record<string, string>

/** Synthetic frames of the form and length that the wire has; the same ones every time. */
class FrameMaker {
  readonly #random = new SeededRandom(7)

  #price = () => (100 + this.#random.below(50_000) * 0.05).toFixed(2)
  #count = (limit: number) => String(this.#random.below(limit))

  #level(side: 'b' | 's', level: number): Fields {
    const fields: Fields = {}
    fields[`${side}p${level}`] = this.#price()
    fields[`${side}q${level}`] = this.#count(20_000)
    fields[`${side}o${level}`] = this.#count(90)
    return fields
  }

  #address = (t: string): Fields => ({
    t,
    e: 'NFO',
    tk: String(35_000 + this.#random.below(30_000)),
  })

  touchline(): Fields {
    return {
      ...this.#address('tf'),
      lp: this.#price(),
      pc: '0.42',
      ap: this.#price(),
      v: this.#count(9_000_000),
      ft: String(1_787_390_000 + this.#random.below(20_000)),
      bp1: this.#price(),
      bq1: this.#count(20_000),
      sp1: this.#price(),
      sq1: this.#count(20_000),
    }
  }

  /** An update of a book: the trade, and the levels that changed. */
  depthUpdate(): Fields {
    return {
      ...this.#address('df'),
      lp: this.#price(),
      ft: String(1_787_390_000 + this.#random.below(20_000)),
      ltt: '13:58:37',
      ltq: this.#count(900),
      v: this.#count(9_000_000),
      tbq: this.#count(900_000),
      ...this.#level('b', 1),
      ...this.#level('b', 2),
      ...this.#level('s', 1),
    }
  }

  depth(): Fields {
    const levels = [1, 2, 3, 4, 5]
    return {
      ...this.depthUpdate(),
      t: 'dk',
      ts: 'NIFTY28JUL22C16600',
      pp: '2',
      ls: '50',
      ti: '0.05',
      c: this.#price(),
      o: this.#price(),
      h: this.#price(),
      l: this.#price(),
      ap: this.#price(),
      oi: this.#count(9_000_000),
      tsq: this.#count(900_000),
      uc: this.#price(),
      lc: this.#price(),
      ...Object.assign({}, ...levels.map((level) => this.#level('b', level))),
      ...Object.assign({}, ...levels.map((level) => this.#level('s', level))),
    }
  }
}

/** Texts as a socket delivers them: each in memory of its own, in one piece. */
const onTheWire = (fields: Fields) => Buffer.from(JSON.stringify(fields)).toString()

function frameCase(name: string, mode: number, make: () => Fields): Case {
  const samples = Array.from({ length: SAMPLES }, make)
  const texts = samples.map(onTheWire)
  const expected = samples.reduce((sum, { lp }) => sum + Number(lp), 0)
  const frame = new NorenFrame()
  const record = new NorenRecord()
  const tick = new Tick(LEVELS)
  const decode = (text: string) => {
    frame.read(text)
    record.merge(frame)
    tick.segment = frame.segment
    tick.token = frame.token
    record.fill(tick, mode)
  }
  for (const [at, { lp, v, bp1, tk }] of samples.entries()) {
    decode(texts[at]!)
    const { ltp, volume, bid, token } = describeTick(tick)
    assert.deepEqual([ltp, volume, bid, token], [Number(lp), Number(v), Number(bp1), tk])
  }
  const own = () => {
    let sum = 0
    for (let at = 0; at < texts.length; at++) {
      decode(texts[at]!)
      sum += tick.values[LTP]!
    }
    return sum === expected
  }
  const parse = () => {
    let sum = 0
    for (let at = 0; at < texts.length; at++) sum += Number(JSON.parse(texts[at]!).lp)
    return sum === expected
  }
  const operations = texts.length
  return {
    name,
    arms: [
      { name: 'NorenFrame and NorenRecord', operations, work: own },
      {
        name: 'JSON.parse alone',
        operations,
        work: parse,
        // The target is on the engine's own way; a ratio is told of the other arm, so it is turned round.
        target: { timesMin: Number((1 / PARSE_SHARE_MAX).toFixed(2)) },
      },
    ],
  }
}

export const noren: Group = {
  name: 'noren',
  about: 'a JSON text frame of NorenOMS is laid over the record of its scrip, which becomes a tick',
  operation: 'frame',
  prepare: () => {
    const maker = new FrameMaker()
    return {
      cases: [
        frameCase('touchline update', MODE_QUOTE, () => maker.touchline()),
        frameCase('depth update, three levels', MODE_DEPTH, () => maker.depthUpdate()),
        frameCase('depth snapshot, five levels', MODE_DEPTH, () => maker.depth()),
      ],
    }
  },
}
