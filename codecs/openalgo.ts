// A tick as OpenAlgo's `market_data` JSON frame: the superset of keys that its Python, Go, Rust, Excel, AmiBroker
// and browser clients read. Prices print as the broker's decimal; times, volumes and quantities print as integers.
import {
  ASK,
  ASK_QTY,
  ATP,
  BID,
  BID_QTY,
  CLOSE,
  EXCHANGE_TIME,
  HIGH,
  LEVEL_WORDS,
  LOW,
  LOWER_CIRCUIT,
  LTP,
  LTQ,
  LTT,
  MODE_DEPTH,
  MODE_LTP,
  type Mode,
  OI,
  OPEN,
  type Tick,
  TOTAL_BUY_QTY,
  TOTAL_SELL_QTY,
  UPPER_CIRCUIT,
  VOLUME,
} from './tick.ts'

interface Keys {
  readonly positions: Int32Array
  /** Key texts with their punctuation, ready to be followed by the number. */
  readonly keys: readonly string[]
}

function keys(table: readonly (readonly [number, ...string[]])[]): Keys {
  const flat = table.flatMap(([position, ...names]) => names.map((name) => ({ position, name })))
  return {
    positions: Int32Array.from(flat.map(({ position }) => position)),
    keys: flat.map(({ name }) => `,"${name}":`),
  }
}

const LTP_KEYS = keys([
  [LTP, 'ltp'],
  [LTT, 'ltt'],
  [LTQ, 'last_trade_quantity'],
  [CLOSE, 'close'],
])

// Some values go out under two names, because clients of different age read different ones.
const QUOTE_KEYS = keys([
  [LTP, 'ltp'],
  [LTT, 'ltt'],
  [LTQ, 'last_trade_quantity', 'last_quantity'],
  [OPEN, 'open'],
  [HIGH, 'high'],
  [LOW, 'low'],
  [CLOSE, 'close'],
  [VOLUME, 'volume'],
  [ATP, 'average_price', 'avg_trade_price'],
  [TOTAL_BUY_QTY, 'total_buy_quantity'],
  [TOTAL_SELL_QTY, 'total_sell_quantity'],
  [OI, 'oi'],
  [BID, 'bid_price'],
  [ASK, 'ask_price'],
  [BID_QTY, 'bid_size'],
  [ASK_QTY, 'ask_size'],
  [UPPER_CIRCUIT, 'upper_circuit'],
  [LOWER_CIRCUIT, 'lower_circuit'],
  [EXCHANGE_TIME, 'exchange_timestamp'],
])

const CHANGE_BITS = (1 << LTP) | (1 << CLOSE)

/** The text before the values, made once per instrument and mode. Symbol and exchange stand inside and outside. */
export function openAlgoHead(broker: string, exchange: string, symbol: string, mode: Mode): string {
  const identity = `"symbol":${JSON.stringify(symbol)},"exchange":${JSON.stringify(exchange)},"mode":${mode}`
  return `{"type":"market_data",${identity},"broker":${JSON.stringify(broker)},"data":{${identity}`
}

/**
 * The frame of `tick` for a client that holds `mode`; `head` comes from `openAlgoHead` for the same mode.
 * `timestamp` is the receive time in epoch ms, `change` is against the previous session's close.
 */
export function encodeOpenAlgo(tick: Tick, mode: Mode, head: string, isSnapshot: boolean): string {
  const { positions, keys } = mode === MODE_LTP ? LTP_KEYS : QUOTE_KEYS
  const { values, present } = tick
  let text = head
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i]!
    if ((present & (1 << position)) !== 0) text += keys[i]! + values[position]!
  }
  if ((present & CHANGE_BITS) === CHANGE_BITS && values[CLOSE] !== 0) text += change(values)
  if (mode === MODE_DEPTH) text += depth(tick)
  text += `,"seq":${tick.seq},"epoch":${tick.epoch}`
  if (isSnapshot) text += ',"snapshot":true'
  return `${text},"timestamp":${Math.floor(tick.receiveTimeUs / 1000)}}}`
}

function change(values: Float64Array): string {
  const close = values[CLOSE]!
  const points = values[LTP]! - close
  // Rounded past the finest tick size of any segment, so that the subtraction's binary dust does not print.
  const rounded = Math.round(points * 1e4) / 1e4
  const percent = Math.round((points / close) * 1e4) / 1e2
  return `,"change":${rounded},"change_percent":${percent}`
}

function depth(tick: Tick): string {
  const buy = side(tick, 0, tick.buyLevels)
  const sell = side(tick, tick.levelsMax * LEVEL_WORDS, tick.sellLevels)
  return `,"depth_level":${tick.levelsMax},"depth":{"buy":[${buy}],"sell":[${sell}]}`
}

function side(tick: Tick, firstWord: number, levels: number): string {
  const words = tick.depth
  let text = ''
  for (let i = 0, at = firstWord; i < levels; i++, at += LEVEL_WORDS) {
    if (i > 0) text += ','
    text += `{"price":${words[at]},"quantity":${words[at + 1]},"orders":${words[at + 2]}}`
  }
  return text
}
