// The paper broker's server, and the pools on it, for tests.
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { OrderInstrument, PlaceAsk } from '../../adapters/orders.ts'
import { createLogger, type Logger } from '../../engine/observe/log.ts'
import { journalDates, journalFile, readJournalFile } from '../../engine/orders/journal-file.ts'
import { foldRecord } from '../../engine/orders/journal-record.ts'
import { type StartedOrdersPool, startOrdersPool } from '../../engine/orders/orders-pool.ts'
import type { BrokerPlan, OrdersPlan, ReadsPlan } from '../../engine/orders/plan.ts'
import { READ_LIMITS, startReadsPool } from '../../engine/orders/reads-pool.ts'
import type { JournalEntry, WriteTask } from '../../engine/orders/write.ts'
import { type Scope, temporaryFolder } from '../support/plant.ts'
import { PaperServer } from './paper-server.ts'

export const BROKER = 'paper'
export const BROKER_MODULE = fileURLToPath(new URL('./paper-broker.js', import.meta.url))
export const SESSION = { accessToken: 'paper-token-0123456789' }

/** A logger, and its lines, parsed. */
export function keepLogs(): { readonly log: Logger; readonly logs: Record<string, unknown>[] } {
  const logs: Record<string, unknown>[] = []
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().split('\n')) if (line !== '') logs.push(JSON.parse(line))
      done()
    },
  })
  return { log: createLogger({ level: 'trace', destination }), logs }
}

/** The paper broker with its server at a URL. */
export function brokerAt(rest: string): BrokerPlan {
  const hosts = { rest, feed: 'ws://127.0.0.1:1' }
  return { id: BROKER, brokerModule: BROKER_MODULE, plan: undefined, hosts }
}

/** What the pools are started with, on a server. */
export function plansFor(server: Pick<PaperServer, 'url'>, folder: string) {
  const line = {
    brokers: [brokerAt(server.url)],
    localAddress: '',
    probeIntervalMs: 60_000,
    warmConnections: 1,
  }
  // What answers at all does so in time, on a busy machine too, where the threads of orders come second.
  const orders: OrdersPlan = { ...line, folder, syncPolicy: 'batch', writeTimeoutMs: 60_000 }
  const times = { readTimeoutMs: 30_000, historyTimeoutMs: 30_000 }
  const reads: ReadsPlan = { ...line, ...READ_LIMITS, ...times, retryMsMin: 1, retryMsMax: 5 }
  return { orders, reads }
}

export interface PaperDesk {
  readonly server: PaperServer
  readonly orders: StartedOrdersPool
  readonly folder: string
  readonly log: Logger
  readonly logs: Record<string, unknown>[]
}

/** A server and the orders pool on it, signed in and open; both end with the test. */
export async function startDesk(
  scope: Scope,
  changes: Partial<OrdersPlan> = {},
): Promise<PaperDesk> {
  const server = await new PaperServer().listen(scope)
  const folder = join(await temporaryFolder(scope), 'orders')
  const { log, logs } = keepLogs()
  const orders = await startOrders(scope, { ...plansFor(server, folder).orders, ...changes }, log)
  return { server, orders, folder, log, logs }
}

/** An orders pool, signed in and open. */
export async function startOrders(scope: Scope, plan: OrdersPlan, log: Logger) {
  const orders = startOrdersPool(plan, log)
  scope.after(() => orders.close())
  await orders.open()
  await orders.useSession(BROKER, SESSION)
  return orders
}

/** A reads pool, signed in. */
export async function startReads(scope: Scope, plan: ReadsPlan, log: Logger) {
  const reads = startReadsPool(plan, log)
  scope.after(() => reads.close())
  await reads.useSession(BROKER, SESSION)
  return reads
}

/** The entries of the newest file of a journal. */
export function entriesOf(folder: string): JournalEntry[] {
  const entries = new Map<string, JournalEntry>()
  const date = journalDates(folder).at(-1)!
  readJournalFile(journalFile(folder, date), (record) => foldRecord(entries, record))
  return [...entries.values()]
}

export function instrumentOf(symbol: string): OrderInstrument {
  return {
    exchange: 'NSE',
    symbol,
    brokerExchange: 'NSE',
    brokerSymbol: symbol,
    token: '1',
    exchangeToken: null,
    segment: 1,
    instrumentType: 'EQ',
    lotSize: 1,
    tickSize: 0.05,
    freezeQuantity: null,
  }
}

export function placeAsk(tag: string, symbol = 'SHARE1'): PlaceAsk {
  return {
    instrument: instrumentOf(symbol),
    tag,
    action: 'BUY',
    product: 'CNC',
    priceType: 'LIMIT',
    validity: 'DAY',
    quantity: 10,
    disclosedQuantity: 0,
    price: 100.05,
    triggerPrice: 0,
  }
}

/** A write, of an order to place unless told otherwise. */
export function taskOf(intentId: string, changes: Partial<WriteTask> = {}): WriteTask {
  return {
    broker: BROKER,
    name: 'place',
    ask: placeAsk(intentId),
    intentId,
    clientOrderId: `mine-${intentId}`,
    askHash: 'a'.repeat(64),
    keyId: 'k1',
    strategy: 'test',
    ...changes,
  }
}
