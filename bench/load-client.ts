// One client of bench/load, driven by messages of its parent. It looks at every tick's token and seq and at nothing
// else, so that it measures the engine and not a msgpack library.
import { once } from 'node:events'
import WebSocket from 'ws'

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

interface Start {
  do: 'start' | 'settle'
  name: string
  mode: string
  url: string
  apiKey: string
  symbols: { exchange: string; symbol: string; token: number }[]
}

const QUIET_MS = 1000
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

// The lengths of the msgpack types that the stream uses; the first byte of each is the type.
const FIXED: Readonly<Record<number, number>> = { 195: 1, 206: 5, 203: 9, 205: 3, 204: 2 }

/** Walks one frame: an array of maps, of whose entries only three matter. */
function readPacked(bytes: Buffer): void {
  const items = bytes.readUInt16BE(1)
  let at = 3
  for (let item = 0; item < items; item++) at = readMap(bytes, at)
}

function readMap(bytes: Buffer, start: number): number {
  let at = start
  let entries: number
  if (bytes[at] === 0xde) {
    entries = bytes.readUInt16BE(at + 1)
    at += 3
  } else entries = bytes[at++]! & 0x0f
  let token = ''
  let seq = 0
  for (; entries > 0; entries--) {
    const keyEnd = at + 1 + (bytes[at]! & 0x1f)
    const key = bytes.toString('latin1', at + 1, keyEnd)
    const end = skip(bytes, keyEnd)
    if (key === 'token') token = bytes.toString('latin1', keyEnd + 1, end)
    else if (key === 'seq') seq = bytes.readUInt32BE(keyEnd + 1)
    else if (key === 'lost') lostAnnounced += numberAt(bytes, keyEnd)
    at = end
  }
  if (token !== '') count(token, seq)
  return at
}

function numberAt(bytes: Buffer, at: number): number {
  const type = bytes[at]!
  if (type === 0xcb) return bytes.readDoubleBE(at + 1)
  if (type === 0xce) return bytes.readUInt32BE(at + 1)
  if (type === 0xcd) return bytes.readUInt16BE(at + 1)
  return type === 0xcc ? bytes[at + 1]! : type
}

function skip(bytes: Buffer, at: number): number {
  const type = bytes[at]!
  if (type < 0x80) return at + 1
  if (type >= 0xa0 && type < 0xc0) return at + 1 + (type & 0x1f)
  if (type === 0xd9) return at + 2 + bytes[at + 1]!
  const length = FIXED[type]
  if (length !== undefined) return at + length
  if (type === 0xdc) return skipMany(bytes, at + 3, bytes.readUInt16BE(at + 1))
  if (type >= 0x80 && type < 0x90) return skipMany(bytes, at + 1, (type & 0x0f) * 2)
  throw new Error(`msgpack type 0x${type.toString(16)} is not part of the stream`)
}

function skipMany(bytes: Buffer, start: number, values: number): number {
  let at = start
  for (let i = 0; i < values; i++) at = skip(bytes, at)
  return at
}

function readJson(text: string): void {
  const message = JSON.parse(text)
  if (message.type === 'market_data')
    count(tokens.get(`${message.exchange}:${message.symbol}`)!, message.data.seq)
  else if (message.type === 'gap') lostAnnounced += message.lost ?? 0
}

async function start(request: Start): Promise<void> {
  name = request.name
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
}

/** Waits until nothing has come for a while, then reports. */
async function settle(): Promise<ClientReport> {
  while (closed === '' && performance.now() - heardAt < QUIET_MS) {
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS / 10))
  }
  const byToken = Object.fromEntries(tallies)
  return { name, received, lostAnnounced, hasAll, closed, byToken }
}

process.on('message', (request: Start) => {
  const done = request.do === 'start' ? start(request).then(() => ({})) : settle()
  void done.then((answer) => process.send!(answer))
})
process.on('SIGTERM', () => process.exit(0))
