// Market data as Noren writes it: JSON texts in which every value is a string. Snapshots tell all, updates only
// what is new since the last frame of that kind.
import {
  AVERAGE,
  CLOSE,
  DEPTH,
  DEPTH_LEVELS,
  EXCHANGE_TIME,
  HIGH,
  LAST,
  LAST_QUANTITY,
  LAST_TRADE_TIME,
  LEVEL_WORDS,
  LOW,
  OPEN,
  OPEN_INTEREST,
  OPEN_INTEREST_HIGH,
  TOTAL_BUY,
  TOTAL_SELL,
  VOLUME,
} from './exchange.ts'
import { FUTURE, INDEX, type InstrumentTable, MARKETS } from './instruments.ts'
import type { Scrip } from './noren-market.ts'
import { scramble } from './random.ts'

/** What may be subscribed of a scrip; a scrip that is subscribed in both ways has the sum. */
export const TOUCHLINE = 1
export const BOOK = 2
export type Channel = typeof TOUCHLINE | typeof BOOK
export type Channels = Channel | 3

/** `t` of snapshots and updates by channel. */
const SNAPSHOTS = { [TOUCHLINE]: 'tk', [BOOK]: 'dk' } as const
const UPDATES = { [TOUCHLINE]: 'tf', [BOOK]: 'df' } as const

type Form = 'price' | 'count' | 'percent' | 'clock'
/** Who has it: everything, what is traded, what has open interest. */
type Of = 'all' | 'traded' | 'derivatives'

interface Field {
  readonly name: string
  readonly form: Form
  readonly of: Of
  readonly inTouchline: boolean
  /** Prices in units of the market's wire, `percent` in hundredths, `clock` in epoch seconds. */
  read(words: Int32Array, at: number): number
}

const field = (name: string, form: Form, of: Of, word: number, inTouchline = true): Field => ({
  name,
  form,
  of,
  inTouchline,
  read: (words, at) => words[at + word]!,
})
const unsigned = (name: string, word: number, inTouchline: boolean): Field => ({
  ...field(name, 'count', 'traded', word, inTouchline),
  read: (words, at) => words[at + word]! >>> 0,
})

function percentChange(words: Int32Array, at: number): number {
  const close = words[at + CLOSE]!
  return Math.round(((words[at + LAST]! - close) * 10_000) / close)
}

function sideFields(side: 'b' | 's', from: number): Field[] {
  return Array.from({ length: DEPTH_LEVELS }, (_, level) => {
    const word = from + level * LEVEL_WORDS
    const isBest = level === 0
    return [
      field(`${side}p${level + 1}`, 'price', 'traded', word, isBest),
      field(`${side}q${level + 1}`, 'count', 'traded', word + 1, isBest),
      field(`${side}o${level + 1}`, 'count', 'traded', word + 2, false),
    ]
  }).flat()
}

const FIELDS: readonly Field[] = [
  field('lp', 'price', 'all', LAST),
  { ...field('pc', 'percent', 'all', LAST), read: percentChange },
  field('c', 'price', 'all', CLOSE),
  field('o', 'price', 'all', OPEN),
  field('h', 'price', 'all', HIGH),
  field('l', 'price', 'all', LOW),
  field('ap', 'price', 'traded', AVERAGE),
  unsigned('v', VOLUME, true),
  field('oi', 'count', 'derivatives', OPEN_INTEREST),
  {
    ...field('toi', 'count', 'derivatives', OPEN_INTEREST),
    read: (words, at) => words[at + OPEN_INTEREST]! + 4 * words[at + OPEN_INTEREST_HIGH]!,
  },
  field('ft', 'count', 'all', EXCHANGE_TIME),
  field('ltt', 'clock', 'traded', LAST_TRADE_TIME, false),
  field('ltq', 'count', 'traded', LAST_QUANTITY, false),
  unsigned('tbq', TOTAL_BUY, false),
  unsigned('tsq', TOTAL_SELL, false),
  ...sideFields('b', DEPTH),
  ...sideFields('s', DEPTH + DEPTH_LEVELS * LEVEL_WORDS),
]
export const FIELD_COUNT = FIELDS.length
export const LAST_PRICE_FIELD = 0
/** Fields that an update may give as 0.00 although nothing of that kind happened. */
const ZEROED = ['o', 'h', 'l', 'c', 'ap'].map((name) =>
  FIELDS.findIndex((each) => each.name === name),
)

/** What a scrip's frames need to know of it. */
export interface Label {
  readonly precision: 2 | 4
  /** Units of the market's wire in the last digit that is written. */
  readonly unitsPerDigit: number
  /** `"e":"NSE","tk":"2885"`. */
  readonly mark: string
  /** `,"ts":"RELIANCE-EQ"`. */
  readonly name: string
  /** What else only snapshots tell, by channel. */
  readonly standing: Readonly<Record<Channel, string>>
  /** Numbers of the fields it has, by channel. */
  readonly fields: Readonly<Record<Channel, readonly number[]>>
}

const IST_OFFSET_SECONDS = 19_800
const INDEX_TICK_RUPEES = 0.05
/** Share of the close at which trading stops, and where the year's prices lie. */
const CIRCUIT_SHARE = 0.1
const OPTION_CIRCUIT_SHARE = 4
const CIRCUIT_STEPS_MIN = 20
const YEAR_SHARE = 0.4

function decimalText(digits: number, precision: number): string {
  const text = String(Math.abs(digits)).padStart(precision + 1, '0')
  const point = text.length - precision
  return `${digits < 0 ? '-' : ''}${text.slice(0, point)}.${text.slice(point)}`
}

function clockText(epochSeconds: number): string {
  const indian = new Date((epochSeconds + IST_OFFSET_SECONDS) * 1000)
  return indian.toISOString().slice(11, 19)
}

function valueText(value: number, { form }: Field, { precision }: Label): string {
  if (form === 'price') return decimalText(value, precision)
  if (form === 'percent') return decimalText(value, 2)
  return form === 'clock' ? clockText(value) : String(value)
}

/** The fields of a channel that a kind of instrument has. */
function fieldsOf(kind: number, channel: Channel): number[] {
  return FIELDS.flatMap((each, number) => {
    if (channel === TOUCHLINE && !each.inTouchline) return []
    if (each.of === 'traded' && kind === INDEX) return []
    return each.of === 'derivatives' && kind < FUTURE ? [] : [number]
  })
}

/** Circuits and the year's highest and lowest price; an index has no circuits. */
function bandText(table: InstrumentTable, index: number, price: (units: number) => string): string {
  const close = table.referenceUnits(index)
  const grid = table.gridUnits(index)
  const kind = table.kind(index)
  const steps = (share: number) => Math.floor((close * share) / grid) * grid
  const year = steps(YEAR_SHARE)
  const yearText = `,"52h":"${price(close + year)}","52l":"${price(close - year)}"`
  if (kind === INDEX) return yearText
  const share = kind > FUTURE ? OPTION_CIRCUIT_SHARE : CIRCUIT_SHARE
  const reach = Math.max(CIRCUIT_STEPS_MIN * grid, steps(share))
  const upper = price(close + reach)
  return `,"uc":"${upper}","lc":"${price(Math.max(grid, close - reach))}"${yearText}`
}

export function labelOf(scrip: Scrip, table: InstrumentTable, index: number): Label {
  const { exchange, token, tradingsymbol, precision, lotSize, tickRupees } = scrip
  const kind = table.kind(index)
  const unitsPerRupee = exchange === 'CDS' ? MARKETS['CDS-FUT'].unitsPerRupee : 100
  const unitsPerDigit = unitsPerRupee / 10 ** precision
  const tick = (tickRupees || INDEX_TICK_RUPEES).toFixed(precision)
  const price = (units: number) => decimalText(units / unitsPerDigit, precision)
  const openInterestBefore = (scramble(token) & 0x3fff) * lotSize
  const facts =
    `,"pp":"${precision}","ls":"${lotSize}","ti":"${tick}","ml":"${lotSize}"` +
    `${kind >= FUTURE ? `,"poi":"${openInterestBefore}"` : ''}`
  return {
    precision,
    unitsPerDigit,
    mark: `"e":"${exchange}","tk":"${token}"`,
    name: `,"ts":${JSON.stringify(tradingsymbol)}`,
    standing: { [TOUCHLINE]: facts, [BOOK]: facts + bandText(table, index, price) },
    fields: { [TOUCHLINE]: fieldsOf(kind, TOUCHLINE), [BOOK]: fieldsOf(kind, BOOK) },
  }
}

/** Reads all fields of a row of the market into `values`, prices in the last digit that is written. */
export function readValues(
  values: Float64Array,
  words: Int32Array,
  at: number,
  { unitsPerDigit }: Label,
): void {
  FIELDS.forEach(({ form, read }, number) => {
    const value = read(words, at)
    values[number] = form === 'price' ? Math.round(value / unitsPerDigit) : value
  })
}

/** All fields of a channel as they stand inside of an object: `,"lp":"2890.50",...`. */
export function fieldsText(label: Label, channel: Channel, values: Float64Array): string {
  let text = label.standing[channel]
  for (const number of label.fields[channel]) text += fieldText(number, values[number]!, label)
  return text
}

const fieldText = (number: number, value: number, label: Label) =>
  `,"${FIELDS[number]!.name}":"${valueText(value, FIELDS[number]!, label)}"`

export function snapshotText(label: Label, channel: Channel, values: Float64Array): string {
  const { mark, name } = label
  return `{"t":"${SNAPSHOTS[channel]}",${mark}${name}${fieldsText(label, channel, values)}}`
}

/**
 * What is new since `before`, or null where nothing is. `zeroed`, a number from 0 up, names a field that is told
 * as 0 where it has not changed, as these servers do now and then; -1 for none.
 */
export function updateText(
  label: Label,
  channel: Channel,
  before: Float64Array,
  values: Float64Array,
  zeroed: number,
): string | null {
  const hollow = zeroed < 0 ? -1 : ZEROED[zeroed % ZEROED.length]!
  let text = ''
  for (const number of label.fields[channel]) {
    const value = values[number]!
    if (value !== before[number]) text += fieldText(number, value, label)
    else if (number === hollow) text += fieldText(number, 0, label)
  }
  return text === '' ? null : `{"t":"${UPDATES[channel]}",${label.mark}${text}}`
}
