// One client of bench/load, driven by messages of its parent. It looks at every tick's token and seq, and where it
// is timed at when the engine received it, so that it measures the engine and not a msgpack library.
import { once } from 'node:events'
import { build, type Histogram } from 'hdr-histogram-js'
import WebSocket from 'ws'
import type { Token } from '../adapters/broker.ts'
import { ARRAY_HEADER_BYTES } from '../codecs/msgpack.ts'
import { nowUs } from '../engine/clock.ts'
import { PackedReader } from './packed-reader.ts'

export interface Tally {
  received: number
  firstSeq: number
  lastSeq: number
}

export interface ClientReport {
  name: string
  received: number
  lostAnnounced: number
  /** It wanted every instrument, so that announced losses are its own. */
  hasAll: boolean
  closed: string
  byToken: Record<string, Tally>
}

/** Microseconds from the broker's socket in the engine to the client's, since it was asked before. */
export interface ClientLatency {
  ticks: number
  p50Us: number
  p99Us: number
}

export interface ClientStart {
  do: 'start'
  name: string
  mode: string
  /** It measures latency; packed ticks only. */
  isTimed: boolean
  url: string
  apiKey: string
  symbols: { exchange: string; symbol: string; token: Token }[]
}

const QUIET_MS = 1000
const LATENCY_US_MAX = 60_000_000
const tallies = new Map<string, Tally>()
// JSON ticks name no token.
const tokens = new Map<string, string>()
let socket: WebSocket
let received = 0
let lostAnnounced = 0
let hasAll = false
let closed = ''
let name = ''
let heardAt = performance.now()
let histogram: Histogram | null = null

function count(token: string, seq: number): void {
  received += 1
  const tally = tallies.get(token)
  if (tally === undefined) {
    tallies.set(token, { received: 1, firstSeq: seq, lastSeq: seq })
    return
  }
  tally.received += 1
  tally.lastSeq = seq
}

const reader = new PackedReader()

/** Walks one frame: an array of ticks and events. */
function readPacked(bytes: Buffer): void {
  const arrivedUs = nowUs()
  let at = ARRAY_HEADER_BYTES
  for (let items = reader.open(bytes); items > 0; items--) {
    at = reader.read(at)
    if (reader.token !== 0) {
      count(String(reader.token), reader.seq)
      // The clocks of two processes may differ by some microseconds.
      histogram?.recordValue(
        Math.min(Math.max(arrivedUs - reader.receiveTimeUs, 1), LATENCY_US_MAX),
      )
    }
    lostAnnounced += reader.lost
  }
}

function readJson(text: string): void {
  const message = JSON.parse(text)
  if (message.type === 'market_data')
    count(tokens.get(`${message.exchange}:${message.symbol}`)!, message.data.seq)
  else if (message.type === 'gap') lostAnnounced += message.lost ?? 0
}

async function start(request: ClientStart): Promise<object> {
  name = request.name
  if (request.isTimed) {
    histogram = build({ highestTrackableValue: LATENCY_US_MAX, numberOfSignificantValueDigits: 3 })
  }
  const [format, wanted] = name.split(':')
  const symbols = request.symbols.slice(0, wanted === undefined ? undefined : Number(wanted))
  hasAll = symbols.length === request.symbols.length
  for (const { exchange, symbol, token } of symbols) {
    tokens.set(`${exchange}:${symbol}`, String(token))
  }
  socket = new WebSocket(request.url, { perMessageDeflate: false })
  await once(socket, 'open')
  socket.send(
    JSON.stringify({ action: 'authenticate', api_key: request.apiKey, format, events: true }),
  )
  socket.send(JSON.stringify({ action: 'subscribe', symbols, mode: request.mode }))
  const subscribed = new Promise<void>((resolve, reject) => {
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      heardAt = performance.now()
      if (isBinary) return readPacked(data)
      const text = data.toString()
      if (text.startsWith('{"type":"subscribe","status":"success"')) resolve()
      else if (text.startsWith('{"status":"error"')) reject(new Error(text))
      else readJson(text)
    })
  })
  socket.on('close', (code, reason) => {
    closed = `${code} ${reason.toString()}`
  })
  await subscribed
  return {}
}

/** What was measured since the last time, and begins anew. */
async function latency(): Promise<ClientLatency> {
  if (histogram === null) throw new Error('this client measures no latency')
  const report = {
    ticks: histogram.totalCount,
    p50Us: histogram.getValueAtPercentile(50),
    p99Us: histogram.getValueAtPercentile(99),
  }
  histogram.reset()
  return report
}

/** Waits until nothing has come for a while, then reports. */
async function settle(): Promise<ClientReport> {
  while (closed === '' && performance.now() - heardAt < QUIET_MS) {
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS / 10))
  }
  const byToken = Object.fromEntries(tallies)
  return { name, received, lostAnnounced, hasAll, closed, byToken }
}

const ACTS = { start, latency, settle }

process.on('message', (request: ClientStart | { do: 'latency' | 'settle' }) => {
  void ACTS[request.do](request as ClientStart).then((answer) => process.send!(answer))
})
process.on('SIGTERM', () => process.exit(0))
