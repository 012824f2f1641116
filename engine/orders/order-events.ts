// Order events of all accounts: they stand between the threads that call brokers and those who use them, so that every
// book that is read, and every write, tells the live tables too.
import type { ReadName } from '../../adapters/order-rules.ts'
import type { OrderRecord, ReadReply } from '../../adapters/orders.ts'
import type { Logger } from '../observe/log.ts'
import type { OrderBroker } from './desk.ts'
import { indianDate } from './journal-record.ts'
import { nameOf } from './names.ts'
import { OrderAccount } from './order-account.ts'
import { type OrderUpdate, orderUpdate } from './order-update.ts'
import type { GatewayAnswer } from './refusal.ts'
import { ToldStates } from './told-states.ts'
import type { AnswerOf, AskOf, OrdersPool, ReadsPool } from './write.ts'

const CHECK_EVERY_MS = 200

/** Where clients are. */
export interface OrderAudience {
  /** Whether any client listens to the orders of a broker. */
  listens(broker: string): boolean
  send(update: OrderUpdate): void
}

export interface OrderEventsOptions {
  readonly brokers: readonly OrderBroker[]
  /** The line over which a broker tells of orders now: `Feed.orderLine`. */
  line(broker: string): number | null
  readonly audience: OrderAudience
  /** Is told of each order message: what is looked for may be in it. */
  onMessage(broker: string, record: OrderRecord): void
  /** Reads an order book through `reads`, at the pace that the broker allows. */
  readBook(broker: string): Promise<GatewayAnswer<unknown>>
  /** Keeps what was told. */
  readonly folder: string
  readonly pollMs: number
  readonly nowMs: () => number
  readonly log: Logger
}

/** The gateway's view: answers where no call to the broker is needed, else null. */
export interface LiveOrders {
  book(broker: string): readonly OrderRecord[] | null
  order(broker: string, orderId: string): OrderRecord | null
}

export class OrderEvents implements LiveOrders {
  readonly #options: OrderEventsOptions
  readonly #accounts = new Map<string, OrderAccount>()
  #timer: NodeJS.Timeout | undefined

  private constructor(options: OrderEventsOptions) {
    this.#options = options
  }

  /** Reads what clients were told today. Throws where the folder cannot be read. */
  static async open(options: OrderEventsOptions): Promise<OrderEvents> {
    const events = new OrderEvents(options)
    for (const broker of options.brokers) await events.#addAccount(broker)
    return events
  }

  /** Begins to look at order books where messages do not come. */
  start(): void {
    const check = () => {
      for (const account of this.#accounts.values()) account.check()
    }
    this.#timer = setInterval(check, CHECK_EVERY_MS)
    this.#timer.unref()
  }

  /** Resolves when what was told is kept. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    for (const account of this.#accounts.values()) await account.close()
  }

  /** The broker tells of an order, perhaps not for the first time. */
  message(broker: string, record: OrderRecord, by: 'feed' | 'postback'): void {
    this.#accounts.get(broker)?.message(record, by)
  }

  book(broker: string): readonly OrderRecord[] | null {
    return this.#accounts.get(broker)?.currentBook() ?? null
  }

  order(broker: string, orderId: string): OrderRecord | null {
    return this.#accounts.get(broker)?.currentOrder(orderId) ?? null
  }

  /** The same reads, of whose answers the tables learn. */
  watchReads(reads: Pick<ReadsPool, 'read'>): Pick<ReadsPool, 'read'> {
    const { line, nowMs } = this.#options
    return {
      read: async <Name extends ReadName>(
        broker: string,
        name: Name,
        ask: AskOf<Name>,
      ): Promise<ReadReply<AnswerOf<Name>>> => {
        const askedAtMs = nowMs()
        const lineThen = line(broker)
        const reply = await reads.read(broker, name, ask)
        if ('answer' in reply)
          await this.#sawAnswer(broker, name, reply.answer, askedAtMs, lineThen)
        return reply
      },
    }
  }

  /** The same writes, of whose outcomes the tables learn. */
  watchWrites(orders: Pick<OrdersPool, 'open' | 'write'>): Pick<OrdersPool, 'open' | 'write'> {
    return {
      open: () => orders.open(),
      write: async (task) => {
        const outcome = await orders.write(task)
        this.#accounts.get(task.broker)?.wrote(task, outcome)
        return outcome
      },
    }
  }

  /** Counters for the status. */
  status() {
    return [...this.#accounts.values()].map((account) => account.status())
  }

  async #addAccount(broker: OrderBroker): Promise<void> {
    const { folder, audience, line, onMessage, readBook, pollMs, nowMs, log } = this.#options
    const { id } = broker.spec
    if ('unsupported' in broker.spec.orders) return
    const told = await ToldStates.open({ folder, broker: id, date: indianDate(nowMs()) }, log)
    const account = new OrderAccount({
      broker: id,
      told,
      listens: () => audience.listens(id),
      line: () => line(id),
      send: (record) => this.#send(broker, record),
      onMessage: (record) => onMessage(id, record),
      readBook: () => readBook(id),
      ...{ pollMs, nowMs, log },
    })
    this.#accounts.set(id, account)
  }

  async #sawAnswer(
    broker: string,
    name: ReadName,
    answer: unknown,
    askedAtMs: number,
    line: number | null,
  ): Promise<void> {
    const account = this.#accounts.get(broker)
    if (name === 'orderBook') {
      await account?.book(answer as AnswerOf<'orderBook'>, askedAtMs, line)
    } else if (name === 'orderStatus' && answer !== null) {
      account?.row(answer as OrderRecord, askedAtMs)
    }
  }

  async #send({ spec, ...broker }: OrderBroker, record: OrderRecord): Promise<void> {
    const { audience, log } = this.#options
    const { id, orders } = spec
    try {
      if ('unsupported' in orders) return
      const name = await nameOf({ broker: { spec, ...broker }, orders }, record)
      audience.send(orderUpdate(id, record, name))
    } catch (error) {
      log.error({ broker: id, orderId: record.orderId, err: error }, 'an order event was not sent')
    }
  }
}
