// One client's account at a broker: its orders in the market, and what their trades make of positions, holdings and
// funds. Knows no broker's words. Its clock is the caller's, and it draws nothing at random.
import type { Contract, Contracts, Segment } from './contracts.ts'
import { type Exchange, LAST } from './exchange.ts'
import { Funds, type OpeningFunds } from './funds.ts'
import { scaleMargin } from './margin.ts'
import { OrderBook } from './matching.ts'
import { type Ask, Order, type Product, type Stage, type Terms, type Trade } from './order.ts'
import { OrderIds } from './order-ids.ts'
import { type Overnight, Position } from './position.ts'
import { checkHoldings, checkMargin, checkPrice, orderMargin, protectedLimit } from './risk.ts'
import { ORDERS, type Watch } from './watch.ts'

/** Trades in the trade book; the oldest are left out beyond it. */
const TRADES_MAX = 200_000

/** Shares in the depository. */
export interface Holding {
  readonly contract: Contract
  readonly isin: string
  /** Settled, and bought the day before. */
  readonly quantity: number
  readonly t1Quantity: number
  readonly averageRupees: number
}

export interface AccountOptions {
  readonly contracts: Contracts
  readonly exchange: Exchange
  readonly watch: Watch
  readonly funds: Readonly<Record<Segment, OpeningFunds>>
  /** Asked for once, at the first use. */
  readonly holdings: () => readonly Holding[]
  readonly overnight: readonly (Overnight & { contract: Contract; product: Product })[]
  /** More are refused. */
  readonly ordersMax: number
  /** Epoch ms. */
  readonly clock: () => number
}

export class Account {
  readonly contracts: Contracts
  readonly exchange: Exchange
  readonly clock: () => number
  readonly ids = new OrderIds()
  readonly funds: Readonly<Record<Segment, Funds>>
  /** By id, in the order of their arrival. Nothing is ever taken out. */
  readonly orders = new Map<string, Order>()
  readonly trades: Trade[] = []
  /** Told of each stage an order enters, after the account has changed. */
  onStage: (order: Order) => void = () => {}
  readonly #positions = new Map<string, Position>()
  readonly #openHoldings: () => readonly Holding[]
  #holdings: readonly Holding[] | undefined
  readonly #book: OrderBook
  readonly #ordersMax: number

  constructor(options: AccountOptions) {
    this.contracts = options.contracts
    this.exchange = options.exchange
    this.clock = options.clock
    this.#openHoldings = options.holdings
    this.#ordersMax = options.ordersMax
    this.funds = {
      equity: new Funds(options.funds.equity),
      commodity: new Funds(options.funds.commodity),
    }
    for (const { contract, product, ...overnight } of options.overnight) {
      const position = new Position(contract, product, overnight)
      this.#positions.set(keyOf(contract, product), position)
      this.#settle(position)
    }
    this.#book = new OrderBook(options.exchange, {
      triggered: (order) => this.#triggered(order),
      traded: (order, price, quantity) => this.#traded(order, price, quantity),
      ended: (order) => this.#finish(order, 'cancelled'),
      waits: (instrument, waits) => options.watch.set(instrument, ORDERS, waits),
    })
    options.watch.onTick((instrument, nowMs) => this.#book.match(instrument, nowMs))
  }

  get holdings(): readonly Holding[] {
    this.#holdings ??= this.#openHoldings()
    return this.#holdings
  }

  get positions(): IterableIterator<Position> {
    return this.#positions.values()
  }

  get isFull(): boolean {
    return this.orders.size >= this.#ordersMax
  }

  position(contract: Contract, product: Product): Position {
    const key = keyOf(contract, product)
    let position = this.#positions.get(key)
    if (position === undefined) {
      position = new Position(contract, product)
      this.#positions.set(key, position)
    }
    return position
  }

  /** The position where there is one already. */
  findPosition(contract: Contract, product: Product): Position | undefined {
    return this.#positions.get(keyOf(contract, product))
  }

  /** Takes an order and carries it as far as the market lets it go now. It may come back rejected. */
  place(ask: Ask, id = this.ids.nextOrder(this.clock())): Order {
    const nowMs = this.clock()
    const order = new Order(id, ask, nowMs)
    this.orders.set(id, order)
    const isParked = ask.variety === 'amo'
    for (const stage of ['received', 'validating'] as const) this.#enter(order, stage)
    order.limit = ask.price
    const rejection = this.#check(order)
    if (rejection !== null) {
      order.rejection = rejection
      this.#enter(order, 'rejected')
      return order
    }
    this.#block(order, 1)
    if (isParked) {
      this.#enter(order, 'parked')
      return order
    }
    this.#enter(order, 'opening')
    order.exchangeId = this.ids.nextExchangeOrder()
    this.#enterBook(order)
    return order
  }

  /** Changes an order that is not final; where the new terms cannot be, gives why and leaves it as it is. */
  modify(order: Order, terms: Terms): Order['rejection'] {
    const before = order.terms
    this.#block(order, -1)
    order.terms = terms
    order.limit = terms.price
    const rejection = this.#check(order)
    if (rejection !== null) {
      order.terms = before
      order.limit = before.price
      this.#block(order, 1)
      return rejection
    }
    this.#block(order, 1)
    order.modifications += 1
    const isParked = order.stage === 'parked'
    this.#book.remove(order)
    this.#enter(order, 'change validating')
    this.#enter(order, 'changing')
    if (isParked) this.#enter(order, 'parked')
    else this.#enterBook(order)
    return null
  }

  cancel(order: Order): void {
    this.#book.remove(order)
    this.#enter(order, 'cancelling')
    this.#finish(order, 'cancelled')
  }

  /** Ends the orders whose time is over. */
  endDue(): void {
    this.#book.endDue(this.clock())
  }

  /** Moves a quantity of a position to another product. */
  convert(from: Position, product: Product, side: 'BUY' | 'SELL', quantity: number): void {
    const leg = side === 'BUY' ? from.dayBuy : from.daySell
    const value = leg.quantity === 0 ? 0 : (leg.value / leg.quantity) * quantity
    const to = this.position(from.contract, product)
    from.trade(side, -quantity, -value)
    to.trade(side, quantity, value)
    this.#settle(from)
    this.#settle(to)
  }

  /** Last price of an instrument, in price units of the wire. */
  lastUnits({ instrument }: Contract): number {
    return this.exchange.words[this.#row(instrument) + LAST]!
  }

  lastRupees(contract: Contract): number {
    return this.lastUnits(contract) / contract.unitsPerRupee
  }

  #row(instrument: number): number {
    return this.exchange.row(instrument, this.clock())
  }

  #check(order: Order): Order['rejection'] {
    const { contract, product } = order.ask
    const position = this.position(contract, product)
    const row = this.#row(contract.instrument)
    return (
      checkPrice(order, this.exchange, row) ??
      checkHoldings(order, position, this.holdings) ??
      checkMargin(order, position, this.funds[contract.segment], this.lastRupees(contract))
    )
  }

  /** Blocks what an order needs, or with -1 gives it back. */
  #block(order: Order, sign: 1 | -1): void {
    const { contract, product, side } = order.ask
    const position = this.position(contract, product)
    if (sign > 0) order.blocked = orderMargin(order, position, this.lastRupees(contract))
    this.funds[contract.segment].add(order.blocked, 0, sign)
    position.pending[side] += sign * order.pendingQuantity
  }

  #enterBook(order: Order): void {
    const { contract } = order.ask
    const row = this.#row(contract.instrument)
    const { priceType } = order.terms
    const isStop = priceType === 'SL' || priceType === 'SL-M'
    if (isStop) this.#enter(order, 'waiting')
    else this.#open(order, row)
    this.#book.add(order, row)
  }

  #triggered(order: Order): void {
    this.#open(order, this.#row(order.ask.contract.instrument))
  }

  #open(order: Order, row: number): void {
    const { priceType, price } = order.terms
    const isMarket = priceType === 'MARKET' || priceType === 'SL-M'
    order.limit = isMarket ? protectedLimit(order, this.exchange, row) : price
    this.#enter(order, 'open')
  }

  #traded(order: Order, price: number, quantity: number): void {
    const { contract, product, side } = order.ask
    const funds = this.funds[contract.segment]
    const nowMs = this.clock()
    const left = order.pendingQuantity
    order.filledQuantity += quantity
    order.filledValue += price * quantity
    const trade = { id: this.ids.nextTrade(), order, quantity, price, atMs: nowMs }
    order.trades.push(trade)
    this.trades.push(trade)
    if (this.trades.length > TRADES_MAX) this.trades.splice(0, TRADES_MAX / 10)
    funds.add(order.blocked, 0, -1)
    order.blocked = scaleMargin(order.blocked, order.pendingQuantity / left)
    funds.add(order.blocked, 0, 1)
    const position = this.position(contract, product)
    position.pending[side] -= quantity
    const rupees = price / contract.unitsPerRupee
    position.trade(side, quantity, quantity * rupees * contract.multiplier)
    this.#settle(position)
    const isDone = order.filledQuantity === order.terms.quantity
    this.#enter(order, isDone ? 'complete' : 'updated')
  }

  #finish(order: Order, stage: Stage): void {
    this.#block(order, -1)
    order.cancelledQuantity = order.pendingQuantity
    this.#enter(order, stage)
  }

  #enter(order: Order, stage: Stage): void {
    order.enter(stage, this.clock())
    this.onStage(order)
  }

  /** Counts a position anew in the funds. */
  #settle(position: Position): void {
    const funds = this.funds[position.contract.segment]
    funds.add(position.counted.margin, position.counted.realised, -1)
    position.counted = { margin: position.margin(), realised: position.realised() }
    funds.add(position.counted.margin, position.counted.realised, 1)
  }
}

const keyOf = ({ instrument }: Contract, product: Product) => `${instrument} ${product}`
