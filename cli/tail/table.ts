import { columns } from '../command.ts'
import { type Item, isTick, type Show } from './stream.ts'

const REDRAW_EVERY_MS = 250
const NOTES_MAX = 5

/** Heads of the columns, and the names of their values: that of msgpack, then OpenAlgo's where it differs. */
const COLUMNS = {
  LTP: ['ltp'],
  LTQ: ['ltq', 'last_trade_quantity'],
  VOLUME: ['volume'],
  BID: ['bid', 'bid_price'],
  ASK: ['ask', 'ask_price'],
  OPEN: ['open'],
  HIGH: ['high'],
  LOW: ['low'],
  CLOSE: ['close'],
  SEQ: ['seq'],
} as const

const HEADER = ['INSTRUMENT', ...Object.keys(COLUMNS), 'RECEIVED (UTC)']

function cellOf(tick: Item, names: readonly string[]): string {
  const name = names.find((each) => tick[each] !== undefined)
  return name === undefined ? '' : String(tick[name])
}

/** When the engine received a tick: msgpack says it in µs, JSON in ms. */
function receivedAt({ receiveTime, timestamp }: Item): string {
  const ms = receiveTime === undefined ? Number(timestamp) : Number(receiveTime) / 1000
  return Number.isFinite(ms) ? new Date(ms).toISOString().slice(11, 23) : ''
}

function row([name, tick]: [string, Item]): string[] {
  return [name, ...Object.values(COLUMNS).map((names) => cellOf(tick, names)), receivedAt(tick)]
}

/** The latest ticks, by the name of the instrument, as lines under a header. */
export function tableOf(latest: ReadonlyMap<string, Item>): string[] {
  return columns([HEADER, ...[...latest].map(row)])
}

/** Draws the latest tick of each instrument again and again, in place, and the latest events below. */
export function drawTable(): Show {
  const latest = new Map<string, Item>()
  const notes: string[] = []
  const draw = () => {
    const lines = [...tableOf(latest), '', ...notes]
    process.stdout.write(`\x1b[H\x1b[J${lines.join('\n')}\n`)
  }
  setInterval(draw, REDRAW_EVERY_MS).unref()
  return (items) => {
    for (const item of items) {
      if (isTick(item)) latest.set(`${item.exchange}:${item.symbol}`, item)
      else notes.push(JSON.stringify(item))
    }
    notes.splice(0, notes.length - NOTES_MAX)
    return true
  }
}
