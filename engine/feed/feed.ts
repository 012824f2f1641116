// One broker session seen from the core: its thread, the reading end of its ring, and its router. The thread's worker
// may crash and come back; the shared memory, the wanted instruments and the subscribers stay.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { BrokerSpec, Hosts, Session } from '../../adapters/broker.ts'
import type { OrderRecord } from '../../adapters/orders.ts'
import { type Mode, Tick } from '../../codecs/tick.ts'
import { nowMs } from '../clock.ts'
import { LastValues } from '../distribute/last-values.ts'
import { type Arena, Router } from '../distribute/router.ts'
import type { Logger } from '../observe/log.ts'
import { TimedReader } from '../observe/stages.ts'
import { createRing, type FeedEvent, RingReader } from '../ring/ring.ts'
import type { Catalogue } from '../symbols/catalogue.ts'
import { TokenIndex } from '../symbols/token-index.ts'
import { type FeedIndex, type IndexChange, logChange, openIndex } from './index-swap.ts'
import { hideInError, secretHider } from './secrets.ts'
import {
  DISCONNECTS,
  FEED_COUNTERS,
  type FeedMemory,
  type FromFeedWorker,
  readCounters,
  SOCKET_STATES,
  SOCKETS_LIVE,
  type SocketState,
} from './state.ts'
import { FeedThread } from './thread.ts'
import { pairsOf, Wants } from './wants.ts'

export interface FeedOptions {
  readonly spec: BrokerSpec
  readonly brokerModule: string | undefined
  readonly plan: string | undefined
  readonly hosts: Hosts
  /** Null while nobody is signed in. */
  readonly session: Session | null
  /** The broker refuses a session, for good. */
  onRefused(why: string, session: Session): void
  /** The broker tells of an order, perhaps not for the first time. */
  onOrder(record: OrderRecord): void
  readonly catalogue: Catalogue
  readonly tokens: SharedArrayBuffer
  readonly doorbell: SharedArrayBuffer
  readonly arena: Arena
  readonly log: Logger
  /** Where the stages of ticks are timed; null where they are not. */
  readonly stages: SharedArrayBuffer | null
  readonly ringSlots: number
  readonly instrumentsMax: number
  readonly backoffMsMin: number
  readonly backoffMsMax: number
  readonly staleMs: number
}

export class Feed {
  readonly id: string
  readonly spec: BrokerSpec
  /** The newest index: what can be subscribed. */
  catalogue: Catalogue
  tokens: TokenIndex
  readonly router: Router
  /** The last ticks of what is wanted, for readers in other threads too. */
  readonly lastValues: LastValues
  readonly reader: RingReader
  /** Overwritten by each snapshot. */
  readonly scratch: Tick
  /** Instruments that the broker carries over all sockets of a session. */
  readonly capacity: number
  /** Is told of each new index once it is in use. */
  onIndexUsed: ((index: FeedIndex) => void) | null = null
  /** State of each socket, by its number. */
  readonly socketStates: SocketState[] = []
  readonly #options: FeedOptions
  #session: Session | null
  #sessionNumber = 0
  #memory: FeedMemory
  /** The index by which the records that are read now were resolved. */
  #recordTokens: TokenIndex
  #indexNumber = 0
  /** Ends when the swaps asked for so far have. */
  #swaps: Promise<unknown> = Promise.resolve()
  #onAnswer = () => {}
  readonly #counters: Float64Array
  readonly #wants = new Wants()
  #changes = new Map<number, Mode | 0>()
  readonly #thread: FeedThread

  constructor(options: FeedOptions) {
    const { spec, ringSlots, instrumentsMax, stages } = options
    this.#options = options
    this.id = spec.id
    this.spec = spec
    this.#session = options.session
    this.catalogue = options.catalogue
    this.tokens = new TokenIndex(options.tokens)
    this.#recordTokens = this.tokens
    this.capacity = spec.feed.instrumentsPerSocket * spec.feed.socketsMax
    this.#memory = {
      ring: createRing(ringSlots, spec.feed.depthLevels),
      doorbell: options.doorbell,
      seqs: new SharedArrayBuffer(instrumentsMax * Uint32Array.BYTES_PER_ELEMENT),
      counters: new SharedArrayBuffer(FEED_COUNTERS.length * Float64Array.BYTES_PER_ELEMENT),
      tokens: options.tokens,
      // Seconds fit uint32 and differ between two runs of the engine.
      epoch: Math.floor(nowMs() / 1000),
      stages,
    }
    this.#counters = new Float64Array(this.#memory.counters)
    const { ring } = this.#memory
    this.reader = stages ? new TimedReader(stages, ring) : new RingReader(ring)
    this.scratch = new Tick(spec.feed.depthLevels)
    this.lastValues = new LastValues(instrumentsMax, this.scratch)
    this.router = new Router(
      instrumentsMax,
      this.lastValues,
      options.arena,
      (instrument) => this.#identify(instrument),
      (instrument, mode) => this.#want(instrument, mode),
    )
    const { log, backoffMsMin, backoffMsMax } = options
    this.#thread = new FeedThread({
      ...{ log, backoffMsMin, backoffMsMax },
      data: () => this.#workerData(),
      onStarted: () => this.#post(this.#wants.listed),
      onMessage: (message) => this.#onMessage(message),
      onEnded: (isFinal) => this.#onEnded(isFinal),
      shown: (thrown) => this.#shown(thrown),
    })
  }

  /** Whose session it is; '' where nobody knows. */
  get userId(): string {
    return this.#session?.userId ?? ''
  }

  get epoch(): number {
    return this.#memory.epoch
  }

  get workerRestarts(): number {
    return this.#thread.restarts
  }

  get isConnected(): boolean {
    return this.#counters[SOCKETS_LIVE]! > 0
  }

  /**
   * While the broker tells of orders over a live line, a number that changes with each loss of one: messages may be
   * missing between two different ones. Null while nobody tells of orders.
   */
  get orderLine(): number | null {
    if (this.spec.feed.tellsOrders !== true || !this.isConnected) return null
    return this.#counters[DISCONNECTS]! + this.workerRestarts
  }

  get wantedCount(): number {
    return this.#wants.listed.size
  }

  /** The newest index, for other threads. */
  get index(): FeedIndex {
    return { catalogue: this.catalogue.buffer, tokens: this.#memory.tokens }
  }

  counters(): ReturnType<typeof readCounters> {
    return readCounters(this.#memory.counters)
  }

  /** Instrument number of a symbol that this broker lists, or -1. */
  find(exchange: string, symbol: string): number {
    const instrument = this.catalogue.find(exchange, symbol)
    return instrument >= 0 && this.tokens.has(instrument) ? instrument : -1
  }

  /** Whether the broker can still carry this instrument. */
  hasRoomFor(instrument: number): boolean {
    return this.#wants.listed.has(instrument) || this.wantedCount < this.capacity
  }

  start(): void {
    this.#thread.start()
  }

  /** Ends the worker; its sockets are closed when this resolves. */
  stop(): Promise<void> {
    return this.#thread.stop()
  }

  /**
   * Goes on with another session: every socket connects anew with it, also one that was refused. Null says that there
   * is none: what is live stays, and what is lost waits.
   */
  useSession(session: Session | null): void {
    this.#session = session
    this.#sessionNumber += 1
    this.#thread.post({ kind: 'session', session, number: this.#sessionNumber })
  }

  /**
   * Goes on with another index while ticks flow: the core knows its instruments first, then the worker resolves by it,
   * and resolves once no record is left that was resolved by the one before. Rejects, and stays with the one in use,
   * when the new one is not for this engine. Swaps follow one another.
   */
  useIndex(index: FeedIndex): Promise<IndexChange> {
    const swap = this.#swaps.then(() => this.#swap(index))
    this.#swaps = swap.catch(() => {})
    return swap
  }

  /** The records that follow were resolved by another index. */
  onIndex({ code }: FeedEvent): void {
    if (code === this.#indexNumber) this.#renewIdentities()
  }

  /** Keeps the state that a status record tells. */
  onStatus(event: FeedEvent): SocketState {
    const state = SOCKET_STATES[event.code] ?? 'idle'
    this.socketStates[event.socket] = state
    return state
  }

  async #swap(index: FeedIndex): Promise<IndexChange> {
    const before = this.tokens
    const next = openIndex(index, this.catalogue, this.#options.instrumentsMax)
    // What is on its way to the worker was wanted by the index before.
    this.#tellWorker()
    this.catalogue = next.catalogue
    this.tokens = next.tokens
    this.#memory = { ...this.#memory, tokens: index.tokens }
    this.onIndexUsed?.(this.index)
    this.#indexNumber += 1
    const answered = new Promise<void>((resolve) => {
      this.#onAnswer = resolve
    })
    const { tokens } = index
    const isHeard = this.#thread.post({ kind: 'index', tokens, number: this.#indexNumber })
    if (!isHeard) this.#onAnswer()
    const { vanished, returned } = this.#wants.relist((instrument) => this.tokens.has(instrument))
    for (const instrument of returned) this.#change(instrument, this.#wants.listed.get(instrument)!)
    const moved = [...this.#wants.listed.keys()].filter(
      (instrument) => before.has(instrument) && !before.agreesWith(this.tokens, instrument),
    )
    const change = { rows: this.tokens.rows, moved, vanished, returned }
    logChange(this.#options.log, this.catalogue, change)
    await answered
    await this.#readAllWritten()
    // The record that says so may have been overwritten before it was read.
    this.#renewIdentities()
    return change
  }

  #renewIdentities(): void {
    if (this.#recordTokens === this.tokens) return
    this.#recordTokens = this.tokens
    this.router.renewIdentities()
  }

  /** Resolves when the core has read what stands in the ring now. */
  async #readAllWritten(): Promise<void> {
    const end = this.reader.position + this.reader.behind
    while (this.reader.position < end && !this.#thread.isStopping) await nextTurn()
  }

  #identify(instrument: number) {
    return {
      broker: this.id,
      exchange: this.catalogue.exchangeOf(instrument),
      symbol: this.catalogue.symbolOf(instrument),
      token: this.#recordTokens.tokenTextOf(instrument),
    }
  }

  #want(instrument: number, mode: Mode | 0): void {
    if (this.#wants.set(instrument, mode, this.tokens.has(instrument))) {
      this.#change(instrument, mode)
    }
  }

  #change(instrument: number, mode: Mode | 0): void {
    // All changes of one turn of the event loop go in one message.
    if (this.#changes.size === 0) setImmediate(() => this.#tellWorker())
    this.#changes.set(instrument, mode)
  }

  #tellWorker(): void {
    const changes = this.#changes
    this.#changes = new Map()
    this.#post(changes)
  }

  #post(modes: ReadonlyMap<number, Mode | 0>): void {
    if (modes.size === 0) return
    const pairs = pairsOf(modes)
    this.#thread.post({ kind: 'want', pairs }, [pairs.buffer])
  }

  #workerData() {
    const { spec, brokerModule, plan, hosts } = this.#options
    const { instrumentsMax, backoffMsMin, backoffMsMax, staleMs } = this.#options
    return {
      broker: spec.id,
      brokerModule,
      plan,
      hosts,
      session: this.#session,
      sessionNumber: this.#sessionNumber,
      memory: this.#memory,
      instrumentsMax,
      backoffMsMin,
      backoffMsMax,
      staleMs,
    }
  }

  #onMessage(message: FromFeedWorker): void {
    if (message.kind === 'log') this.#options.log[message.level](message.fields, message.text)
    else if (message.kind === 'refused') this.#onRefused(message.why, message.number)
    else if (message.kind === 'order') this.#options.onOrder(message.record)
    else this.#onAnswer()
  }

  #onRefused(why: string, number: number): void {
    // There may be another one by now.
    if (this.#session === null || number !== this.#sessionNumber) return
    this.#options.onRefused(why, this.#session)
  }

  #shown(thrown: unknown): Error {
    return hideInError(thrown, secretHider(this.spec.signIn.credentials, this.#session))
  }

  #onEnded(isFinal: boolean): void {
    // The next worker starts with the newest index.
    this.#onAnswer()
    this.#counters[SOCKETS_LIVE] = 0
    // The sockets went with the worker, and nobody else is left to say so.
    if (!isFinal) this.socketStates.fill('reconnecting')
  }
}
