// A gateway on a broker's real table of orders, with the threads and the network replaced: every request that would be
// sent comes to `respond`, and what the gateway is told is what the adapter reads from the reply.
import type { HttpReply, HttpRequest, InstrumentRow, Session } from '../../adapters/broker.ts'
import type { OrderRecord, OrdersSpec } from '../../adapters/orders.ts'
import zerodha from '../../adapters/zerodha/spec.ts'
import { createLogger } from '../../engine/observe/log.ts'
import type { LastPrice, OrderBroker } from '../../engine/orders/desk.ts'
import { type GatewayOptions, OrderGateway } from '../../engine/orders/gateway.ts'
import { NO_LIMITS, type OrderLimits } from '../../engine/orders/limits.ts'
import type { JournalEntry, Outcome, WriteTask } from '../../engine/orders/write.ts'
import { buildCatalogue, Catalogue } from '../../engine/symbols/catalogue.ts'
import { buildDetails, Details } from '../../engine/symbols/details.ts'
import { TokenIndex, TokenIndexBuilder } from '../../engine/symbols/token-index.ts'
import { shareOf } from '../symbols/row.ts'

/** 09:30:00 in India on a Wednesday. */
export const NOW_MS = Date.UTC(2026, 6, 1, 4, 0, 0)
export const CALLER = { keyId: 'key1' }
/** What requests go to; `respond` may send them on to a real server. */
export const HOSTS = { rest: 'https://rest.test', feed: 'wss://feed.test' }
const SESSION: Session = { apiKey: 'key', accessToken: 'token' }

const SHARE: InstrumentRow = {
  ...shareOf('NSE', 'RELIANCE', 738561),
  name: 'RELIANCE INDUSTRIES',
  exchangeToken: '2885',
}

const future = (
  exchange: string,
  symbol: string,
  token: number,
  more: Partial<InstrumentRow>,
): InstrumentRow => ({
  ...SHARE,
  exchange,
  symbol,
  name: symbol,
  brokerExchange: exchange,
  brokerSymbol: `${symbol}-B`,
  token,
  expiry: '2026-07-28',
  instrumentType: 'FUT',
  ...more,
})

/** Instrument numbers are the places here. */
export const ROWS: readonly InstrumentRow[] = [
  SHARE,
  { ...SHARE, symbol: 'INFY', brokerSymbol: 'INFY', token: 408065 },
  future('NFO', 'NIFTY28JUL26FUT', 1001, { lotSize: 75, freezeQuantity: 1800 }),
  future('NFO', 'NIFTY30JUN26FUT', 1002, { lotSize: 75, expiry: '2026-06-30' }),
  future('NFO', 'NIFTY01JUL26FUT', 1003, { lotSize: 75, expiry: '2026-07-01' }),
  future('NFO', 'NIFTY28JUL2624000CE', 1004, { instrumentType: 'CE', strike: 24000, lotSize: 75 }),
  future('CDS', 'USDINR28JUL26FUT', 1005, { tickSize: 0.0025 }),
  future('MCX', 'CRUDEOIL20JUL26FUT', 1006, { lotSize: 100, tickSize: 1 }),
  {
    ...SHARE,
    exchange: 'NSE_INDEX',
    symbol: 'NIFTY',
    brokerSymbol: 'NIFTY 50',
    token: 256265,
    instrumentType: 'INDEX',
    lotSize: 0,
    tickSize: 0,
  },
]

function instrumentsOf(rows: readonly InstrumentRow[]) {
  const tokens = new TokenIndexBuilder()
  rows.forEach(({ segment, token }, instrument) => {
    tokens.add(instrument, segment, token)
  })
  const numbered = rows.map((row, instrument) => ({ ...row, instrument }))
  return {
    catalogue: new Catalogue(buildCatalogue(rows)),
    tokens: new TokenIndex(tokens.build()),
    details: new Details(buildDetails(numbered)),
  }
}

export interface BenchOptions {
  /** Instruments, numbered by their places; ROWS where nothing is said. */
  readonly rows?: readonly InstrumentRow[]
  readonly limits?: Partial<OrderLimits>
  readonly brokerLimits?: Partial<OrderLimits>
  readonly orders?: Partial<OrdersSpec>
  readonly broker?: Partial<OrderBroker>
  readonly options?: Partial<GatewayOptions>
  readonly journal?: readonly JournalEntry[]
  /** Brokers besides. */
  readonly others?: readonly OrderBroker[]
}

export const kite = (data: unknown, status = 200): HttpReply => ({
  status,
  headers: {},
  body: JSON.stringify({ status: 'success', data }),
})

export const kiteError = (status: number, error_type: string, message: string): HttpReply => ({
  status,
  headers: {},
  body: JSON.stringify({ status: 'error', error_type, message, data: null }),
})

/** The gateway, what the broker would answer, and everything that was asked of anybody. */
export class Bench {
  nowMs = NOW_MS
  session: Session | null = SESSION
  isKilled = false
  readonly lastPrices = new Map<number, LastPrice>()
  readonly requests: HttpRequest[] = []
  readonly tasks: WriteTask[] = []
  readonly waits: number[] = []
  readonly refused: string[] = []
  readonly seen: OrderRecord[] = []
  readonly resumed: JournalEntry[] = []
  /** What the reconciler was told of accepted writes. */
  readonly accepted: string[] = []
  /** Writes that are looked for, and how the search ends. */
  readonly searches = new Map<string, { task: WriteTask; end: (outcome: Outcome) => void }>()
  respond: (request: HttpRequest) => HttpReply | Promise<HttpReply> = () => kite(null)
  readonly gateway: OrderGateway
  readonly broker: OrderBroker

  constructor(bench: BenchOptions = {}) {
    const instruments = instrumentsOf(bench.rows ?? ROWS)
    const orders = { ...(zerodha.orders as OrdersSpec), ...bench.orders }
    this.broker = {
      spec: { ...zerodha, orders },
      limits: { ...NO_LIMITS, ...bench.brokerLimits },
      staticIpAcknowledged: true,
      algoId: null,
      session: () => this.session,
      instruments: () => instruments,
      lastPrice: (instrument) => this.lastPrices.get(instrument) ?? null,
      findName: async (exchange, brokerSymbol) =>
        ROWS.find((row) => row.exchange === exchange && row.brokerSymbol === brokerSymbol) ?? null,
      ...bench.broker,
    }
    this.gateway = new OrderGateway(this.#options(bench, orders))
  }

  /** Places an order as the fields have it. */
  place(fields: object) {
    return this.gateway.place(fields, CALLER)
  }

  #options(bench: BenchOptions, orders: OrdersSpec): GatewayOptions {
    const self = this
    const exchange = async (request: HttpRequest) => {
      this.requests.push(request)
      return this.respond(request)
    }
    return {
      brokers: [this.broker, ...(bench.others ?? [])],
      limits: { ...NO_LIMITS, ...bench.limits },
      orders: {
        open: async () => bench.journal ?? [],
        async write(task) {
          self.tasks.push(task)
          const call = orders.writes[task.name] as OrdersSpec['writes']['place']
          const ask = task.ask as never
          return call.read(await exchange(call.request(HOSTS, self.session!, ask)), ask)
        },
      },
      reads: {
        async read(_broker, name, ask) {
          const call = orders.reads[name] as OrdersSpec['reads']['orderBook']
          return call.read(
            await exchange(call.request(HOSTS, self.session!, ask as never)),
            ask as never,
          ) as never
        },
      },
      reconciler: {
        resume: async (entries) => void this.resumed.push(...entries),
        add: (task) =>
          new Promise((end) => {
            this.searches.set(task.intentId, { task, end })
          }),
        accepted: ({ name }, id) => void this.accepted.push(`${name} ${id}`),
        unknownPlaceOf: (...of) => this.#unknownPlaceOf(...of),
        sawOrders: (_broker, records) => this.seen.push(...records),
      },
      killSwitch: {
        get isSet() {
          return self.isKilled
        },
      },
      holdUnknown: true,
      openingMsMax: 1000,
      readWaitMsMax: 2000,
      lastPriceMsMax: 10_000,
      onRefused: (broker, why) => this.refused.push(`${broker}: ${why}`),
      nowMs: () => this.nowMs,
      wait: async (ms) => {
        this.waits.push(ms)
        this.nowMs += ms
      },
      log: createLogger({ level: 'silent' }),
      ...bench.options,
    }
  }

  #unknownPlaceOf(
    broker: string,
    exchange: string,
    symbol: string,
    name: 'place' | 'placeGtt',
  ): string | null {
    for (const [intentId, { task }] of this.searches) {
      if (task.name !== name || task.broker !== broker || !('instrument' in task.ask)) continue
      const { instrument } = task.ask
      if (instrument.exchange === exchange && instrument.symbol === symbol) return intentId
    }
    return null
  }
}

/** A good order for a share. */
export const LIMIT_ORDER = {
  exchange: 'NSE',
  symbol: 'RELIANCE',
  action: 'BUY',
  product: 'MIS',
  pricetype: 'LIMIT',
  quantity: 10,
  price: 2985.5,
} as const

export const FUTURE_ORDER = {
  ...LIMIT_ORDER,
  exchange: 'NFO',
  symbol: 'NIFTY28JUL26FUT',
  product: 'NRML',
  quantity: 75,
  price: 24000,
} as const
