// Writes to a broker's account. Each is checked, held against limits, kill switch and quota on the core loop, and
// then handed to the orders thread, which journals it and sends it once. Nothing is ever sent that cannot succeed, and
// no answer is given twice to one order.
import { createHash } from 'node:crypto'
import type { Session } from '../../adapters/broker.ts'
import type { ModifyGttAsk, PlaceGttAsk } from '../../adapters/gtt.ts'
import type { WriteName } from '../../adapters/order-rules.ts'
import type { ModifyAsk, OrderTerms, PlaceAsk } from '../../adapters/orders.ts'
import type { Logger } from '../observe/log.ts'
import { inBrokersCounting, indianDay } from './admission.ts'
import { OrderChecks } from './checks.ts'
import { type Desk, windowsFor } from './desk.ts'
import { FieldReader, type Named, readTerms } from './fields.ts'
import { FirstAnswers, type Told } from './first-answers.ts'
import { checkGtt, type GttTerms, readGtt } from './gtt-ask.ts'
import { IntentIds } from './intent-ids.ts'
import { LastGates } from './last-gates.ts'
import type { OrderLimits } from './limits.ts'
import type { LiveOrders } from './order-events.ts'
import { isUnsent } from './outcome.ts'
import type { PacedReads } from './paced-reads.ts'
import type { Window } from './quota.ts'
import type { GatewayAnswer, GatewayError } from './refusal.ts'
import { answerOf, type Sent } from './sent.ts'
import type { JournalEntry, OrdersPool, Outcome, WriteTask } from './write.ts'

/** Finds out what became of writes whose outcome is unknown. */
export interface Reconciling {
  /** Takes up what the journal left open; `add` of the same writes then answers with what that finds. */
  resume(entries: readonly JournalEntry[]): Promise<void>
  add(task: WriteTask, intentAtMs: number): Promise<Outcome>
  /** Is told of every write that the broker accepted. */
  accepted(task: WriteTask, id: string): void
  /** The intent of a place of this instrument, or of a GTT of it, that is being looked for, or null. */
  unknownPlaceOf(
    broker: string,
    exchange: string,
    symbol: string,
    name: 'place' | 'placeGtt',
  ): string | null
}

export interface WriteOptions {
  readonly orders: Pick<OrdersPool, 'open' | 'write'>
  readonly reconciler: Reconciling
  readonly killSwitch: { readonly isSet: boolean }
  /** Orders that are known without a call; none where it is left out. */
  readonly live?: LiveOrders
  /** For all brokers together. */
  readonly limits: OrderLimits
  /** Whether new orders wait while the fate of one of the same instrument is unknown. */
  readonly holdUnknown: boolean
  /** How long an order may wait for what an earlier run left open. */
  readonly openingMsMax: number
  /** Is told when a broker does not take the session with which it was asked. */
  readonly onRefused: (broker: string, why: string, session: Session | null) => void
  readonly nowMs: () => number
  readonly wait: (ms: number) => Promise<unknown>
  readonly log: Logger
}

/** Who asks: the id of the API key, never the key. */
export interface Caller {
  readonly keyId: string
}

/** One call on its way. */
interface Call {
  readonly desk: Desk
  readonly name: WriteName
  readonly keyId: string
  readonly strategy: string
  readonly clientOrderId: string | null
  readonly askHash: string
}

const unsent = (error: GatewayError): Told<Sent> => ({ answer: { error }, isSent: false })

export class Writes {
  readonly #reads: PacedReads
  readonly #options: WriteOptions
  readonly #checks: OrderChecks
  readonly #windows: readonly Window[]
  readonly #firstAnswers = new FirstAnswers<Sent>()
  readonly #gates: LastGates
  readonly #intentIds: IntentIds

  constructor(reads: PacedReads, options: WriteOptions) {
    this.#reads = reads
    this.#options = options
    this.#checks = new OrderChecks(reads, options.limits)
    this.#windows = windowsFor(options.limits)
    this.#gates = new LastGates(options, this.#windows)
    this.#intentIds = new IntentIds(options.nowMs)
  }

  /**
   * Learns from the journal what was sent before: first answers, what counts against quotas, and what is still open,
   * which is looked for at once. Called once, before any write.
   */
  async open(): Promise<void> {
    const opening = new Map<Desk, Promise<Outcome>[]>()
    const entries = await this.#options.orders.open()
    const today = indianDay(this.#options.nowMs())
    void this.#options.reconciler.resume(entries)
    for (const entry of entries) {
      const { task, intentAtMs, settledBy } = entry
      if (settledBy !== null && indianDay(intentAtMs) < today) {
        this.#remember(entry)
        continue
      }
      const desk = this.#reads.desks.get(task.broker)
      desk?.recount(task, intentAtMs)
      if (task.name === 'place') for (const window of this.#windows) window.count(intentAtMs)
      this.#remember(entry)
      if (desk === undefined || settledBy !== null) continue
      const looks = opening.get(desk) ?? []
      looks.push(this.#reconcile(task, intentAtMs))
      opening.set(desk, looks)
    }
    for (const [desk, looks] of opening) {
      desk.opening = Promise.all(looks).then(() => {
        desk.opening = null
      })
    }
  }

  /**
   * Places an order. `wish` is what the caller asked for where the order only follows from it: one and the same wish
   * under one id is placed once, whatever order it would lead to by now.
   */
  place(input: unknown, caller: Caller, wish?: object): Promise<GatewayAnswer<Sent>> {
    const fields = new FieldReader(input)
    const terms = readTerms(fields)
    return this.#start(fields, 'place', caller, wish ?? terms, (call) => this.#place(call, terms))
  }

  /** The first answer to a wish under the caller's id; null where there is none, and where the input is wrong. */
  firstAnswer(input: unknown, wish: object): Promise<GatewayAnswer<Sent>> | null {
    const fields = new FieldReader(input)
    const desk = this.#reads.desk(fields)
    const id = fields.clientOrderId()
    if (id === null || fields.error !== null || 'error' in desk) return null
    return this.#firstAnswers.find(id, hashOf('place', desk.id, wish), this.#options.nowMs())
  }

  /** Changes an order; the fields give its whole new state. */
  modify(input: unknown, caller: Caller): Promise<GatewayAnswer<Sent>> {
    const fields = new FieldReader(input)
    const orderId = fields.id('orderid')
    const terms = readTerms(fields)
    const asked = { ...terms, orderId }
    return this.#start(fields, 'modify', caller, asked, (call) =>
      this.#modify(call, terms, orderId),
    )
  }

  /** Cancels an order. */
  cancel(input: unknown, caller: Caller): Promise<GatewayAnswer<Sent>> {
    const fields = new FieldReader(input)
    const ask = { orderId: fields.id('orderid') }
    return this.#start(fields, 'cancel', caller, ask, (call) => this.#send(call, ask, null))
  }

  /** Places an order that waits for a price. */
  placeGtt(input: unknown, caller: Caller): Promise<GatewayAnswer<Sent>> {
    const fields = new FieldReader(input)
    const terms = readGtt(fields)
    return this.#start(fields, 'placeGtt', caller, terms, (call) => this.#gtt(call, terms, null))
  }

  /** Changes such an order; the fields give its whole new state. */
  modifyGtt(input: unknown, caller: Caller): Promise<GatewayAnswer<Sent>> {
    const fields = new FieldReader(input)
    const triggerId = fields.id('trigger_id')
    const terms = readGtt(fields)
    const asked = { ...terms, triggerId }
    return this.#start(fields, 'modifyGtt', caller, asked, (call) =>
      this.#gtt(call, terms, triggerId),
    )
  }

  /** Cancels such an order, with all its legs. */
  cancelGtt(input: unknown, caller: Caller): Promise<GatewayAnswer<Sent>> {
    const fields = new FieldReader(input)
    const ask = { triggerId: fields.id('trigger_id') }
    return this.#start(fields, 'cancelGtt', caller, ask, (call) => this.#send(call, ask, null))
  }

  /** What all writes begin with: the account, the caller's own id, and whether anything can be sent now. */
  #start(
    fields: FieldReader,
    name: WriteName,
    { keyId }: Caller,
    asked: object,
    send: (call: Call) => Promise<Told<Sent>>,
  ): Promise<GatewayAnswer<Sent>> {
    const desk = this.#reads.desk(fields)
    const clientOrderId = fields.clientOrderId()
    const strategy = fields.optionalText('strategy')
    if (fields.error !== null) return Promise.resolve({ error: fields.error })
    if ('error' in desk) return Promise.resolve(desk)
    const askHash = hashOf(name, desk.id, asked)
    const call: Call = { desk, name, keyId, strategy, clientOrderId, askHash }
    return this.#firstAnswers.once(clientOrderId, askHash, this.#options.nowMs(), () => {
      const error = refuseUnsupported(desk, name) ?? desk.refuseWrites()
      return error === null ? send(call) : Promise.resolve(unsent(error))
    })
  }

  async #place(call: Call, terms: OrderTerms & Named): Promise<Told<Sent>> {
    const { desk } = call
    const found = desk.find(terms, this.#options.nowMs())
    if ('error' in found) return unsent(found.error)
    const checked = await this.#checks.admit(desk, found, terms)
    if ('error' in checked) return unsent(checked.error)
    const { instrument } = found
    const { algoId } = desk.broker
    const ask: Omit<PlaceAsk, 'tag'> = {
      ...inBrokersCounting(desk.orders, instrument, checked),
      instrument,
      ...(algoId !== null && desk.orders.rules.takesAlgoId ? { algoId } : {}),
    }
    return this.#send(call, ask, instrument)
  }

  async #modify(call: Call, terms: OrderTerms & Named, orderId: string): Promise<Told<Sent>> {
    const { desk } = call
    const found = desk.find(terms, this.#options.nowMs())
    if ('error' in found) return unsent(found.error)
    const checked = await this.#checks.admit(desk, found, terms)
    if ('error' in checked) return unsent(checked.error)
    const known = this.#options.live?.order(desk.id, orderId) ?? null
    const other = known && (await this.#checks.refuseOther(desk, found, terms, known))
    const error = other ?? desk.refuseChange(orderId)
    if (error !== null) return unsent(error)
    const { instrument } = found
    const ask: ModifyAsk = {
      ...inBrokersCounting(desk.orders, instrument, checked),
      instrument,
      orderId,
    }
    return this.#send(call, ask, instrument)
  }

  async #gtt(call: Call, terms: GttTerms, triggerId: string | null): Promise<Told<Sent>> {
    const { desk } = call
    const found = desk.find(terms, this.#options.nowMs())
    if ('error' in found) return unsent(found.error)
    // What is wrong with the order is told without asking anybody for a price.
    const early = checkGtt(desk.orders, found.instrument, terms, 0)
    if ('error' in early) return unsent(early.error)
    const last = await this.#checks.lastPrice(desk, found)
    if ('error' in last) return unsent(last.error)
    const ask: PlaceGttAsk = { ...early, lastPrice: last.ok }
    for (const { triggerPrice, price } of ask.legs) {
      const leg = { quantity: terms.quantity, price, triggerPrice }
      const error = this.#checks.refuseByLimits(desk, terms, leg, null)
      if (error !== null) return unsent(error)
    }
    const whole: PlaceGttAsk | ModifyGttAsk = triggerId === null ? ask : { ...ask, triggerId }
    return this.#send(call, whole, found.instrument)
  }

  /** Through the last gates, and out. */
  async #send(
    call: Call,
    ask: WriteTask['ask'] | Omit<PlaceAsk, 'tag'>,
    named: Named | null,
  ): Promise<Told<Sent>> {
    const { desk, name } = call
    if (this.#gates.mustWait(desk, name)) {
      const error = await this.#gates.waitForOpening(desk)
      if (error !== null) return unsent(error)
    }
    const error = this.#gates.refuse(desk, name, ask, named)
    if (error !== null) return unsent(error)
    const intentId = this.#intentIds.next()
    const { keyId, strategy, clientOrderId, askHash } = call
    const task: WriteTask = {
      broker: desk.id,
      name,
      ask: name === 'place' ? { ...(ask as PlaceAsk), tag: intentId } : (ask as ModifyAsk),
      intentId,
      clientOrderId,
      askHash,
      keyId,
      strategy,
    }
    const intentAtMs = this.#options.nowMs()
    const session = desk.broker.session()
    const outcome = await this.#options.orders.write(task)
    if (outcome.outcome === 'unknown') void this.#reconcile(task, intentAtMs)
    if (outcome.outcome === 'accepted') this.#options.reconciler.accepted(task, outcome.id)
    if (outcome.outcome === 'rejected' && outcome.refusal.code === 'INVALID_TOKEN') {
      this.#options.onRefused(desk.id, outcome.refusal.message, session)
    }
    return { answer: answerOf(task, outcome), isSent: !isUnsent(outcome) }
  }

  /** Whether a change is the only one of its order or GTT that was sent. */
  isOnlyChange(task: WriteTask): boolean {
    return this.#reads.desks.get(task.broker)?.isOnlyChange(task) ?? false
  }

  /** To be told of what is found late, after a write was given up: who comes again with its id then gets that. */
  settled({ clientOrderId, ...task }: WriteTask, outcome: Outcome): void {
    if (clientOrderId === null) return
    const answer = answerOf(task, outcome)
    this.#firstAnswers.keep(clientOrderId, task.askHash, this.#options.nowMs(), answer)
  }

  async #reconcile(task: WriteTask, intentAtMs: number): Promise<Outcome> {
    const { reconciler, log } = this.#options
    const { broker, name, intentId } = task
    log.warn({ broker, operation: name, intentId }, 'outcome of a write is unknown; looking for it')
    const outcome = await reconciler.add(task, intentAtMs)
    this.settled(task, outcome)
    return outcome
  }

  #remember({ task, intentAtMs, outcome }: JournalEntry): void {
    const { clientOrderId, askHash } = task
    if (clientOrderId === null || (outcome !== null && isUnsent(outcome))) return
    const known: Outcome = outcome ?? { outcome: 'unknown', why: 'it is looked for' }
    this.#firstAnswers.keep(clientOrderId, askHash, intentAtMs, answerOf(task, known))
  }
}

function hashOf(name: WriteName, broker: string, asked: object): string {
  return createHash('sha256')
    .update(JSON.stringify([name, broker, asked]))
    .digest('hex')
}

function refuseUnsupported(desk: Desk, name: WriteName): GatewayError | null {
  const call = desk.orders.writes[name]
  if (!('unsupported' in call)) return null
  return { code: 'UNSUPPORTED', message: `${desk.id}: ${call.unsupported}` }
}
