// The one way to brokers' accounts, for the command line and for REST: what callers send is checked, what cannot
// succeed is never sent, and every answer is a value or a refusal with a code of the closed set. No call throws for bad
// input.
import type { OrderRecord } from '../../adapters/orders.ts'
import { Account } from './account.ts'
import { Market } from './market.ts'
import { PacedReads, type ReadOptions } from './paced-reads.ts'
import type { Outcome, WriteTask } from './write.ts'
import { type Caller, type Reconciling, type WriteOptions, Writes } from './writes.ts'

export interface GatewayOptions extends ReadOptions, WriteOptions {
  readonly reconciler: Reconciling & {
    /** Is told of every order book that comes. */
    sawOrders(broker: string, records: readonly OrderRecord[]): void
  }
}

export class OrderGateway {
  readonly #writes: Writes
  readonly #account: Account
  readonly #market: Market

  constructor(options: GatewayOptions) {
    const { reconciler, nowMs, live } = options
    const reads = new PacedReads(options)
    this.#writes = new Writes(reads, options)
    const sawOrders = reconciler.sawOrders.bind(reconciler)
    this.#account = new Account(reads, nowMs, sawOrders, live ?? null)
    this.#market = new Market(reads)
  }

  /** Learns from the journal what was sent before. Called once, before any write. */
  open = (): Promise<void> => this.#writes.open()

  /** To be told of what became of writes whose outcome was unknown, however late. */
  settled = (task: WriteTask, outcome: Outcome): void => this.#writes.settled(task, outcome)

  /** Whether a change is the only one of its order or GTT that was sent, as far as the journal of the day tells. */
  isOnlyChange = (task: WriteTask): boolean => this.#writes.isOnlyChange(task)

  place = (input: unknown, caller: Caller, wish?: object) => this.#writes.place(input, caller, wish)
  /** What a wish under the caller's own id was answered before, or null. */
  firstAnswer = (input: unknown, wish: object) => this.#writes.firstAnswer(input, wish)
  modify = (input: unknown, caller: Caller) => this.#writes.modify(input, caller)
  cancel = (input: unknown, caller: Caller) => this.#writes.cancel(input, caller)
  placeGtt = (input: unknown, caller: Caller) => this.#writes.placeGtt(input, caller)
  modifyGtt = (input: unknown, caller: Caller) => this.#writes.modifyGtt(input, caller)
  cancelGtt = (input: unknown, caller: Caller) => this.#writes.cancelGtt(input, caller)

  /** Asks the broker for its order book, for those who need no more than that it was read. */
  readOrderBook = (broker: string) => this.#account.readOrderBook(broker)

  orderBook = (input: unknown, from?: 'broker') => this.#account.orderBook(input, from)
  orderStatus = (input: unknown) => this.#account.orderStatus(input)
  tradeBook = (input: unknown) => this.#account.tradeBook(input)
  positions = (input: unknown) => this.#account.positions(input)
  holdings = (input: unknown) => this.#account.holdings(input)
  gttBook = (input: unknown) => this.#account.gttBook(input)
  funds = (input: unknown) => this.#account.funds(input)
  margin = (input: unknown) => this.#account.margin(input)

  quote = (input: unknown) => this.#market.quote(input)
  quotes = (input: unknown) => this.#market.quotes(input)
  depth = (input: unknown) => this.#market.depth(input)
  history = (input: unknown) => this.#market.history(input)
  intervals = (input: unknown) => this.#market.intervals(input)
  /** The account that would be asked, where it can be asked anything now. */
  ready = (input: unknown) => this.#account.ready(input)
}
