// The account's books under common names, and what an order would cost it.
import type {
  BrokerInstrument,
  MarginAsk,
  OrderRecord,
  PositionRecord,
} from '../../adapters/orders.ts'
import { checkTerms, inBrokersCounting } from './admission.ts'
import { gttRow, holdingRow, orderRow, positionRow, tradeRow } from './books.ts'
import type { Desk } from './desk.ts'
import { FieldReader, readTerms } from './fields.ts'
import { type NamedRecord, nameOf } from './names.ts'
import type { LiveOrders } from './order-events.ts'
import { errorOf, type Failed, type PacedReads } from './paced-reads.ts'
import type { GatewayAnswer } from './refusal.ts'
import type { AnswerOf, AskOf } from './write.ts'

const MARGIN_ORDERS_MAX = 50

type BookName = 'tradeBook' | 'positions' | 'holdings' | 'gttBook'
type SawOrders = (broker: string, records: readonly OrderRecord[]) => void

/** Where an answer comes from, which is said in it. */
const sourceOf = (known: object | null) => (known === null ? 'broker' : 'live')

export class Account {
  readonly #reads: PacedReads
  readonly #nowMs: () => number
  readonly #sawOrders: SawOrders
  readonly #live: LiveOrders | null

  /** `sawOrders` is told of every order book that comes; `live` has orders that are known without a call. */
  constructor(
    reads: PacedReads,
    nowMs: () => number,
    sawOrders: SawOrders,
    live: LiveOrders | null,
  ) {
    this.#reads = reads
    this.#nowMs = nowMs
    this.#sawOrders = sawOrders
    this.#live = live
  }

  /** The broker of the account that a caller means, where it can be asked anything now. */
  ready(input: unknown): GatewayAnswer<string> {
    const fields = new FieldReader(input)
    const desk = this.#reads.desk(fields)
    const error = fields.error ?? errorOf(desk) ?? (desk as Desk).refuseReads()
    return error === null ? { ok: (desk as Desk).id } : { error }
  }

  /**
   * All orders of the day. `source` is `live` where they are known without asking the broker, who is asked else, and
   * always where `from` says so.
   */
  async orderBook(input: unknown, from?: 'broker') {
    const fields = new FieldReader(input)
    const desk = this.#reads.desk(fields)
    const error = fields.error ?? errorOf(desk)
    if (error !== null) return { error }
    const { id } = desk as Desk
    const known = from === 'broker' ? null : (this.#live?.book(id) ?? null)
    const read = known === null ? await this.readOrderBook(id) : { ok: known }
    if ('error' in read) return read
    const rows = await this.#rows(desk as Desk, read.ok, orderRow)
    return { ...rows, source: sourceOf(known) }
  }

  /** The order book of an account, which must be one, from the broker. */
  async readOrderBook(broker: string): Promise<GatewayAnswer<readonly OrderRecord[]>> {
    const read = await this.#reads.read(this.#reads.desks.get(broker)!, 'orderBook', null)
    if ('ok' in read) this.#sawOrders(broker, read.ok)
    return read
  }

  /** One order, by the broker's id of it; `source` as in the order book. */
  async orderStatus(input: unknown) {
    const fields = new FieldReader(input)
    const desk = this.#reads.desk(fields)
    const orderId = fields.id('orderid')
    const error = fields.error ?? errorOf(desk)
    if (error !== null) return { error }
    const known = this.#live?.order((desk as Desk).id, orderId) ?? null
    const found = known === null ? await this.#findOrder(desk as Desk, orderId) : { ok: known }
    if ('error' in found) return found
    const record = found.ok
    if (record === null) {
      return {
        error: { code: 'NOT_FOUND', message: `Order ${orderId} not found`, field: 'orderid' },
      } as const
    }
    const row = orderRow(record, await nameOf(desk as Desk, record))
    return { ok: row, source: sourceOf(known) }
  }

  /** All trades of the day. */
  async tradeBook(input: unknown) {
    const read = await this.#book(input, 'tradeBook')
    return 'error' in read ? read : this.#rows(read.desk, read.records, tradeRow)
  }

  /** Net positions, those that were closed today included. */
  async positions(input: unknown) {
    const read = await this.#book(input, 'positions')
    if ('error' in read) return read
    const { desk, records } = read
    return this.#rows(desk, records, (record, name) =>
      positionRow(record, name, this.#livePrice(desk, name)),
    )
  }

  async holdings(input: unknown) {
    const read = await this.#book(input, 'holdings')
    return 'error' in read ? read : this.#rows(read.desk, read.records, holdingRow)
  }

  async gttBook(input: unknown) {
    const read = await this.#book(input, 'gttBook')
    return 'error' in read ? read : this.#rows(read.desk, read.records, gttRow)
  }

  /** Rupees; what positions made is reckoned from the positions, at live prices where they are fresh. */
  async funds(input: unknown) {
    const fields = new FieldReader(input)
    const desk = this.#reads.desk(fields)
    const error = fields.error ?? errorOf(desk)
    if (error !== null) return { error }
    const [funds, positions] = await Promise.all([
      this.#reads.read(desk as Desk, 'funds', null),
      this.#reads.read(desk as Desk, 'positions', null),
    ])
    if ('error' in funds) return funds
    if ('error' in positions) return positions
    const { availableCash, collateral, utilisedDebits } = funds.ok
    const profit = await this.#profitOf(desk as Desk, positions.ok)
    return {
      ok: {
        availablecash: availableCash,
        collateral,
        utiliseddebits: utilisedDebits,
        m2mrealized: profit.realised,
        m2munrealized: profit.unrealised,
      },
    }
  }

  /** What a list of orders would take, together. */
  async margin(input: unknown) {
    const fields = new FieldReader(input)
    const desk = this.#reads.desk(fields)
    const positions = fields.value('positions')
    const isList = Array.isArray(positions) && positions.length > 0
    if (!isList || positions.length > MARGIN_ORDERS_MAX) {
      fields.refuse('positions', positions, `a list of 1 to ${MARGIN_ORDERS_MAX} orders`)
    }
    const error = fields.error ?? errorOf(desk)
    if (error !== null) return { error }
    const orders: MarginAsk['orders'][number][] = []
    for (const [at, position] of (positions as unknown[]).entries()) {
      const order = this.#marginOrder(desk as Desk, position, at)
      if ('error' in order) return order
      orders.push(order)
    }
    const read = await this.#reads.read(desk as Desk, 'margin', { orders })
    if ('error' in read) return read
    const { total, span, exposure } = read.ok
    return { ok: { total_margin_required: total, span_margin: span, exposure_margin: exposure } }
  }

  async #book<Name extends BookName>(
    input: unknown,
    name: Name,
  ): Promise<{ desk: Desk; records: AnswerOf<Name> } | Failed> {
    const fields = new FieldReader(input)
    const desk = this.#reads.desk(fields)
    const error = fields.error ?? errorOf(desk)
    if (error !== null) return { error }
    const read = await this.#reads.read(desk as Desk, name, null as AskOf<Name>)
    return 'error' in read ? read : { desk: desk as Desk, records: read.ok }
  }

  async #rows<Record extends BrokerInstrument, Row>(
    desk: Desk,
    records: readonly Record[],
    row: (record: Record, name: NamedRecord) => Row,
  ): Promise<{ ok: Row[] }> {
    const rows: Row[] = []
    for (const record of records) rows.push(row(record, await nameOf(desk, record)))
    return { ok: rows }
  }

  async #findOrder(desk: Desk, orderId: string): Promise<GatewayAnswer<OrderRecord | null>> {
    if (!('unsupported' in desk.orders.reads.orderStatus)) {
      return this.#reads.read(desk, 'orderStatus', { orderId })
    }
    const book = await this.#reads.read(desk, 'orderBook', null)
    if ('error' in book) return book
    return { ok: book.ok.find((each) => each.orderId === orderId) ?? null }
  }

  #livePrice(desk: Desk, { number }: NamedRecord): number | null {
    return number === null ? null : this.#reads.freshPrice(desk, number)
  }

  async #profitOf(desk: Desk, positions: readonly PositionRecord[]) {
    const sums = { realised: 0, unrealised: 0 }
    for (const position of positions) {
      const { quantity, averagePrice, multiplier, buyValue, sellValue } = position
      if (quantity === 0) {
        sums.realised += sellValue - buyValue
        continue
      }
      const last = this.#livePrice(desk, await nameOf(desk, position)) ?? position.lastPrice
      sums.unrealised += (last - averagePrice) * quantity * multiplier
    }
    return sums
  }

  #marginOrder(desk: Desk, position: unknown, at: number) {
    const fields = new FieldReader(position, `positions[${at}].`)
    const terms = readTerms(fields)
    if (fields.error !== null) return { error: fields.error }
    const found = desk.find(terms, this.#nowMs())
    if ('error' in found) return found
    const { instrument } = found
    // What the exchange freezes goes in several orders, which together take as much.
    const checked = checkTerms(desk.orders, { ...instrument, freezeQuantity: null }, terms)
    if ('error' in checked) return checked
    return { ...inBrokersCounting(desk.orders, instrument, checked), instrument }
  }
}
