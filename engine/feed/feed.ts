// One broker session seen from the core: its worker thread, the reading end of its ring, and its router. The worker
// may crash and come back; the shared memory, the wanted instruments and the subscribers stay.
import { Worker } from 'node:worker_threads'
import type { BrokerSpec, Hosts, Session } from '../../adapters/broker.ts'
import { type Mode, Tick } from '../../codecs/tick.ts'
import { nowMs } from '../clock.ts'
import { LastValues } from '../distribute/last-values.ts'
import { type Arena, Router } from '../distribute/router.ts'
import type { Logger } from '../observe/log.ts'
import { createRing, type FeedEvent, RingReader } from '../ring/ring.ts'
import type { Catalogue } from '../symbols/catalogue.ts'
import { TokenIndex } from '../symbols/token-index.ts'
import { backoffMs } from './backoff.ts'
import { secretHider } from './secrets.ts'
import {
  FEED_COUNTERS,
  type FeedMemory,
  type FeedWorkerData,
  type FromFeedWorker,
  readCounters,
  SOCKET_STATES,
  SOCKETS_LIVE,
  type SocketState,
  type ToFeedWorker,
} from './state.ts'

const STOP_MS_MAX = 3_000
// A worker that lived this long was good: its crash is a new one, not the last one again.
const GOOD_LIFE_MS = 60_000
const WORKER_HEAP_MB_MAX = 256

export interface FeedOptions {
  readonly spec: BrokerSpec
  readonly brokerModule: string | undefined
  readonly hosts: Hosts
  readonly session: Session
  readonly catalogue: Catalogue
  readonly tokens: SharedArrayBuffer
  readonly doorbell: SharedArrayBuffer
  readonly arena: Arena
  readonly log: Logger
  readonly ringSlots: number
  readonly instrumentsMax: number
  readonly backoffMsMin: number
  readonly backoffMsMax: number
  readonly staleMs: number
}

export class Feed {
  readonly id: string
  readonly spec: BrokerSpec
  readonly userId: string
  readonly catalogue: Catalogue
  readonly tokens: TokenIndex
  readonly router: Router
  readonly reader: RingReader
  /** Overwritten by each snapshot. */
  readonly scratch: Tick
  /** Instruments that the broker carries over all sockets of a session. */
  readonly capacity: number
  /** State of each socket, by its number. */
  readonly socketStates: SocketState[] = []
  workerRestarts = 0
  #crashesInARow = 0
  readonly #options: FeedOptions
  readonly #memory: FeedMemory
  readonly #counters: Float64Array
  readonly #wanted = new Map<number, Mode>()
  #changes = new Map<number, Mode | 0>()
  #worker: Worker | null = null
  #isStopping = false
  #restartTimer: NodeJS.Timeout | undefined

  constructor(options: FeedOptions) {
    const { spec, ringSlots, instrumentsMax } = options
    this.#options = options
    this.id = spec.id
    this.spec = spec
    this.userId = options.session.userId ?? ''
    this.catalogue = options.catalogue
    this.tokens = new TokenIndex(options.tokens)
    this.capacity = spec.feed.instrumentsPerSocket * spec.feed.socketsMax
    this.#memory = {
      ring: createRing(ringSlots, spec.feed.depthLevels),
      doorbell: options.doorbell,
      seqs: new SharedArrayBuffer(instrumentsMax * Uint32Array.BYTES_PER_ELEMENT),
      counters: new SharedArrayBuffer(FEED_COUNTERS.length * Float64Array.BYTES_PER_ELEMENT),
      tokens: options.tokens,
      // Seconds fit uint32 and differ between two runs of the engine.
      epoch: Math.floor(nowMs() / 1000),
    }
    this.#counters = new Float64Array(this.#memory.counters)
    this.reader = new RingReader(this.#memory.ring)
    this.scratch = new Tick(spec.feed.depthLevels)
    this.router = new Router(
      instrumentsMax,
      new LastValues(instrumentsMax, this.scratch),
      options.arena,
      (instrument) => this.#identify(instrument),
      (instrument, mode) => this.#want(instrument, mode),
    )
  }

  get epoch(): number {
    return this.#memory.epoch
  }

  get isConnected(): boolean {
    return this.#counters[SOCKETS_LIVE]! > 0
  }

  get wantedCount(): number {
    return this.#wanted.size
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
    return this.#wanted.has(instrument) || this.#wanted.size < this.capacity
  }

  start(): void {
    this.#startWorker(null)
  }

  /** Ends the worker; its sockets are closed when this resolves. */
  async stop(): Promise<void> {
    this.#isStopping = true
    clearTimeout(this.#restartTimer)
    const worker = this.#worker
    if (worker === null) return
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    const cutOff = setTimeout(() => void worker.terminate(), STOP_MS_MAX)
    worker.postMessage({ kind: 'stop' } satisfies ToFeedWorker)
    await ended
    clearTimeout(cutOff)
  }

  /** Keeps the state that a status record tells. */
  onStatus(event: FeedEvent): SocketState {
    const state = SOCKET_STATES[event.code] ?? 'idle'
    this.socketStates[event.socket] = state
    return state
  }

  #identify(instrument: number) {
    return {
      broker: this.id,
      exchange: this.catalogue.exchangeOf(instrument),
      symbol: this.catalogue.symbolOf(instrument),
      token: String(this.tokens.tokenOf(instrument)),
    }
  }

  #want(instrument: number, mode: Mode | 0): void {
    if (mode === 0) this.#wanted.delete(instrument)
    else this.#wanted.set(instrument, mode)
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
    if (this.#worker === null || modes.size === 0) return
    const pairs = new Int32Array(modes.size * 2)
    let at = 0
    for (const [instrument, mode] of modes) {
      pairs[at++] = instrument
      pairs[at++] = mode
    }
    const message: ToFeedWorker = { kind: 'want', pairs }
    this.#worker.postMessage(message, [pairs.buffer])
  }

  #startWorker(missingSinceMs: number | null): void {
    const { spec, brokerModule, hosts, session, log } = this.#options
    const { instrumentsMax, backoffMsMin, backoffMsMax, staleMs } = this.#options
    const data: FeedWorkerData = {
      broker: spec.id,
      brokerModule,
      hosts,
      session,
      memory: this.#memory,
      instrumentsMax,
      backoffMsMin,
      backoffMsMax,
      staleMs,
      missingSinceMs,
    }
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: data,
      name: `feed ${spec.id}`,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB_MAX },
    })
    this.#worker = worker
    worker.on('message', ({ level, fields, text }: FromFeedWorker) => log[level](fields, text))
    worker.on('error', (error) => log.error({ err: this.#shown(error) }, 'feed worker crashed'))
    const startedAtMs = nowMs()
    worker.on('exit', () => this.#onExit(worker, startedAtMs))
    this.#post(this.#wanted)
  }

  /** What was thrown in the worker, fit for the log: any value may be thrown, and an error may quote a secret. */
  #shown(thrown: unknown): Error {
    const { name, message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown))
    const hide = secretHider(this.spec.signIn.credentials, this.#options.session)
    // A new one, because an error that comes from another thread may be read-only.
    const shown = new Error(hide(message))
    shown.name = name
    shown.stack = hide(stack ?? '')
    return shown
  }

  #onExit(worker: Worker, startedAtMs: number): void {
    if (this.#worker !== worker) return
    this.#worker = null
    this.#counters[SOCKETS_LIVE] = 0
    if (this.#isStopping) return
    const { backoffMsMin, backoffMsMax, log } = this.#options
    const missingSinceMs = nowMs()
    // The sockets went with the worker, and nobody else is left to say so.
    this.socketStates.fill('reconnecting')
    if (missingSinceMs - startedAtMs > GOOD_LIFE_MS) this.#crashesInARow = 0
    const delayMs = backoffMs(this.#crashesInARow, backoffMsMin, backoffMsMax, Math.random())
    this.#crashesInARow += 1
    this.workerRestarts += 1
    log.error({ restartInMs: delayMs }, 'feed worker ended')
    this.#restartTimer = setTimeout(() => this.#startWorker(missingSinceMs), delayMs)
  }
}
