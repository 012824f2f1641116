// The NorenOMS decoder against JSON.parse and a mapping by names.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeNoren } from '../../codecs/noren.ts'
import type { DecodedTick, DepthLevel } from '../../codecs/tick.ts'
import { packageRoot } from '../../config/root.ts'
import { collect, type FuzzOutcome, type FuzzTarget } from './target.ts'

const LEVELS = 5
const REFUSED: FuzzOutcome = { ticks: [], isRefused: true }
const NO_TICK: FuzzOutcome = { ticks: [], isRefused: false }
const MODES = new Map([
  ['tk', 'quote'],
  ['tf', 'quote'],
  ['dk', 'depth'],
  ['df', 'depth'],
])
const EXCHANGES = ['NSE', 'BSE', 'NFO', 'BFO', 'CDS', 'MCX']

const PRICES = { lp: 'ltp', c: 'close', ap: 'atp', o: 'open', h: 'high', l: 'low' } as const
const CIRCUITS = { uc: 'upperCircuit', lc: 'lowerCircuit' } as const
const COUNTS = {
  ltq: 'ltq',
  v: 'volume',
  tbq: 'totalBuyQty',
  tsq: 'totalSellQty',
  oi: 'oi',
} as const

type Fields = Readonly<Record<string, unknown>>

/** What a field spells, where it is a decimal. */
function price(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string' || text.length > 32 || !/^-?\d+(\.\d+)?$/.test(text))
    return undefined
  const number = Number(text)
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER) return undefined
  return number === 0 ? 0 : number
}

function count(value: unknown): number | undefined {
  const number = price(value)
  return number !== undefined && number >= 0 ? number : undefined
}

/** Epoch ms of `ft`, and of the trade that `ltt` places on the same Indian day, unless it lies after the frame. */
function times(fields: Fields): { exchangeTime?: number; ltt?: number } {
  const seconds = count(fields.ft)
  if (seconds === undefined || seconds === 0 || seconds > 0xffffffff) return {}
  const exchangeTime = seconds * 1000
  if (typeof fields.ltt !== 'string' || !/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(fields.ltt)) {
    return { exchangeTime }
  }
  const day = new Date(exchangeTime + 330 * 60_000).toISOString().slice(0, 10)
  const ltt = Date.parse(`${day}T${fields.ltt}+05:30`)
  return ltt > exchangeTime + 60_000 ? { exchangeTime } : { exchangeTime, ltt }
}

/** The best level as far as it is there, under the tick's names. */
function best(fields: Fields, letter: 'b' | 's', names: readonly [string, string]) {
  const [at, quantity] = [price(fields[`${letter}p1`]), count(fields[`${letter}q1`])]
  if (!at && !quantity) return {}
  return {
    ...(at === undefined ? {} : { [names[0]]: at }),
    ...(quantity === undefined ? {} : { [names[1]]: quantity }),
  }
}

function levels(fields: Fields, letter: 'b' | 's'): DepthLevel[] {
  const all = [1, 2, 3, 4, 5].map((level) => {
    const at = price(fields[`${letter}p${level}`])
    const quantity = count(fields[`${letter}q${level}`]) ?? 0
    const orders = count(fields[`${letter}o${level}`]) ?? 0
    const isThere = at !== undefined && (at !== 0 || quantity !== 0)
    return { isThere, level: { price: at ?? 0, quantity, orders } }
  })
  const last = all.findLastIndex(({ isThere }) => isThere)
  return all.slice(0, last + 1).map(({ level }) => level)
}

function named(
  fields: Fields,
  names: Readonly<Record<string, string>>,
  read: (value: unknown) => number | undefined,
): Record<string, number> {
  const pairs = Object.entries(names).map(([field, name]) => [name, read(fields[field])] as const)
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined)) as Record<
    string,
    number
  >
}

function expectedTick(fields: Fields, mode: string): DecodedTick {
  return {
    token: String(Number(fields.tk)),
    mode,
    ...named(fields, { ...PRICES, ...CIRCUITS }, price),
    ...named(fields, COUNTS, count),
    ...times(fields),
    ...best(fields, 'b', ['bid', 'bidQty']),
    ...best(fields, 's', ['ask', 'askQty']),
    ...(mode === 'depth' ? { depth: { buy: levels(fields, 'b'), sell: levels(fields, 's') } } : {}),
  }
}

function isToken(value: unknown): boolean {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string' || !/^\d{1,10}$/.test(text)) return false
  return Number(text) >= 1 && Number(text) <= 0xffffffff
}

/** What one frame alone tells. */
function expect(frame: Uint8Array): FuzzOutcome {
  let fields: Fields
  try {
    fields = JSON.parse(Buffer.from(frame).toString())
  } catch {
    return REFUSED
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return REFUSED
  const mode = typeof fields.t === 'string' ? MODES.get(fields.t) : undefined
  if (mode === undefined) return NO_TICK
  if (!EXCHANGES.includes(fields.e as string) || !isToken(fields.tk)) return REFUSED
  return { ticks: [expectedTick(fields, mode)], isRefused: false }
}

const path = join(packageRoot, 'adapters/shoonya/fixtures/frames.jsonl')
const frames = readFileSync(path, 'utf8').split('\n').filter(Boolean)

export const target: FuzzTarget = {
  frames: frames.map((text) => Buffer.from(text)),
  decode: (frame) => collect(LEVELS, (sink) => decodeNoren(frame, sink)),
  expect,
}
