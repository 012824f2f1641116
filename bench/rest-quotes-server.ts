// The servers of the bench of /quotes, each a process of its own: the engine's endpoint over a table of last ticks, or
// a bare answer of uWebSockets.js with as many bytes. The kind is the first argument.
import { hash, timingSafeEqual } from 'node:crypto'
import zerodha from '../adapters/zerodha/spec.ts'
import {
  ASK,
  BID,
  CLOSE,
  HIGH,
  LOW,
  LTP,
  MODE_QUOTE,
  OI,
  OPEN,
  Tick,
  VOLUME,
} from '../codecs/tick.ts'
import { answererOf } from '../engine/api/answerer.ts'
import { serveHttp } from '../engine/api/http.ts'
import { LiveQuotes } from '../engine/api/live-quotes.ts'
import { apiRoutes } from '../engine/api/openapi.ts'
import { RateLimits } from '../engine/api/rate-limits.ts'
import { tradingEndpoints } from '../engine/api/trading.ts'
import type { KeyRecord } from '../engine/auth/keys.ts'
import { nowMs, nowUs } from '../engine/clock.ts'
import { LastValues } from '../engine/distribute/last-values.ts'
import { listen, loadUWebSockets } from '../engine/distribute/uws.ts'
import type { OrderGateway } from '../engine/orders/gateway.ts'
import { buildCatalogue, Catalogue } from '../engine/symbols/catalogue.ts'

const INSTRUMENTS = 2000
const LEVELS = 5
const PRICES = [LTP, OPEN, HIGH, LOW, CLOSE, BID, ASK, VOLUME, OI]
const HOUR_MS = 3_600_000
const NEVER_REACHED = '900000 per second'

const uws = loadUWebSockets()
const address = { host: '127.0.0.1', port: 0 }
const symbolOf = (instrument: number) => ({ exchange: 'NSE', symbol: `SHARE${instrument}` })

/** As the engine has it: a key of the store, which is looked for when it is not that of this machine. */
function keyOf(key: string): (given: string) => KeyRecord | null {
  const digestOf = (text: string) => hash('sha256', text, 'buffer')
  const digest = digestOf(key)
  const ofMachine = digestOf('of this machine')
  const record: KeyRecord = {
    id: '00000000',
    name: 'bench',
    sha256: digest.toString('hex'),
    scopes: ['read'],
    createdAtMs: 0,
  }
  return (given) => {
    if (timingSafeEqual(digestOf(given), ofMachine)) return null
    return timingSafeEqual(digestOf(given), digest) ? record : null
  }
}

function serveEndpoint(key: string): number {
  const catalogue = new Catalogue(
    buildCatalogue(Array.from({ length: INSTRUMENTS }, (_, number) => symbolOf(number))),
  )
  const last = new LastValues(INSTRUMENTS, new Tick(LEVELS))
  const tick = new Tick(LEVELS)
  tick.mode = MODE_QUOTE
  for (const position of PRICES) {
    tick.present |= 1 << position
    tick.values[position] = 823.05 + position
  }
  for (let instrument = 0; instrument < INSTRUMENTS; instrument++) {
    tick.instrument = instrument
    tick.receiveTimeUs = nowUs()
    last.store(tick)
  }
  const feed = {
    id: zerodha.id,
    depthLevels: LEVELS,
    lastTick: (number: number, into: Tick) => last.load(number, into),
    find: (exchange: string, symbol: string) => catalogue.find(exchange, symbol),
  }
  const endpoints = tradingEndpoints({
    // Whoever asked it would not be answered from the table.
    gateway: null as unknown as OrderGateway,
    quotes: new LiveQuotes([feed], HOUR_MS, nowUs),
    brokers: [feed.id],
    nowMs,
    wait: () => Promise.resolve(),
  })
  const rates = { order: NEVER_REACHED, smartOrder: NEVER_REACHED, api: NEVER_REACHED }
  const verifyKey = keyOf(key)
  const routes = apiRoutes(endpoints, '', { verifyKey, limits: new RateLimits(rates, nowMs) })
  return serveHttp(uws, address, answererOf(routes, verifyKey)).port
}

function serveBare(body: string): number {
  const app = uws.App().any('/*', (response) => {
    response.onAborted(() => {})
    response.onData((_chunk, isLast) => {
      if (isLast) response.writeHeader('content-type', 'application/json').end(body)
    })
  })
  return listen(uws, app, address.host, address.port, 'bench').port
}

const [kind, argument = ''] = process.argv.slice(2)
const port = kind === 'endpoint' ? serveEndpoint(argument) : serveBare(argument)
process.send!({ port })
process.on('disconnect', () => process.exit(0))
