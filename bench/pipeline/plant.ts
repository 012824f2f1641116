// A plant for measuring: the generator, and beside it engines, floors and peers, each a process of its own. What sits
// between the generator and the clients is an `Arm`; the arms of a plant are measured by turns.
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNats } from '../peers/nats-server.ts'
import type { ClientStart } from './client.ts'
import { type Engine, engineOf, spawnEngine } from './engine.ts'
import { INSTRUMENTS, tokens } from './market.ts'
import { ask, endAll, forkBench, type Pins, pin } from './processes.ts'
import type { Instrument } from './walkers.ts'

const SUBSCRIBED_MS_MAX = 10_000
const LOOK_EVERY_MS = 20
/** Something that ticks go through on their way to clients. */
export interface Arm {
  readonly name: string
  /** Its connection at the generator. */
  readonly path: string
  /** Processes between the generator and the clients. */
  readonly pids: readonly number[]
  readonly client: ChildProcess
  /** How many receive each tick. */
  readonly receivers: number
  readonly engine: Engine | null
}

/** The texts by which a client of Kite subscribes to the instruments of the bench. */
export const kiteCommands: readonly string[] = [
  JSON.stringify({ a: 'subscribe', v: tokens }),
  JSON.stringify({ a: 'mode', v: ['quote', tokens] }),
]

/** What a floor or a peer with a server says. */
interface Served {
  readonly port: number
}

type ClientWish = Pick<ClientStart, 'kind'> & Partial<ClientStart>

export class Plant {
  readonly #children: ChildProcess[] = []
  readonly #folders: string[] = []
  readonly #pins: Pins
  readonly generator: ChildProcess
  #generatorPort = 0
  #names = 0

  private constructor(pins: Pins) {
    this.#pins = pins
    this.generator = this.#fork('pipeline/generator.js', 'generator')
  }

  static readonly #open = new Set<Plant>()

  /** Closes whatever is open, when the bench is told to end. */
  static async closeAll(): Promise<void> {
    for (const plant of Plant.#open) await plant.close()
  }

  static async start(pins: Pins = {}): Promise<Plant> {
    const plant = new Plant(pins)
    Plant.#open.add(plant)
    const { port } = await ask<{ port: number }>(plant.generator, { do: 'listen' })
    plant.#generatorPort = port
    return plant
  }

  /** Runs something with a plant that is closed after it, whatever happens. */
  static async with<Result>(pins: Pins, use: (plant: Plant) => Promise<Result>): Promise<Result> {
    const plant = await Plant.start(pins)
    try {
      return await use(plant)
    } finally {
      await plant.close()
    }
  }

  /** Ends all processes and removes their folders. */
  async close(): Promise<void> {
    Plant.#open.delete(this)
    await endAll(this.#children)
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true })
  }

  /** A path at the generator that no other connection has. */
  newPath(what: string): string {
    this.#names += 1
    return `/${what}-${this.#names}`
  }

  feedUrl(path: string): string {
    return `ws://127.0.0.1:${this.#generatorPort}${path}`
  }

  /** Starts a module of the bench; `part` is what it is called for pinning. */
  #fork(module: string, part: string): ChildProcess {
    const child = forkBench(module)
    this.#children.push(child)
    pin(child.pid!, this.#pins[part])
    return child
  }

  /** Starts a floor or a peer, and answers with what it says of itself; it is pinned as an engine is. */
  async #startOther<Answer>(module: string, path: string, more: object = {}) {
    const child = this.#fork(module, 'engine')
    const start = { do: 'start', feedUrl: this.feedUrl(path), commands: kiteCommands, ...more }
    return { child, ...(await ask<Answer>(child, start)) }
  }

  #newFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'tickplant-bench-'))
    this.#folders.push(folder)
    return folder
  }

  /** Starts an engine as a user would, with these configuration keys beside what names its broker. */
  async startEngine(
    keys: Readonly<Record<string, string>> = {},
    nodeFlags: readonly string[] = [],
  ): Promise<Engine> {
    const folder = this.#newFolder()
    const path = this.newPath('engine')
    const start = { folder, feedUrl: this.feedUrl(path), keys, nodeFlags }
    const child = spawnEngine(start)
    this.#children.push(child)
    const engine = await engineOf(child, start)
    pin(child.pid!, this.#pins.engine)
    return { ...engine, path }
  }

  /** A process of clients on any server. */
  async startClient(wish: ClientWish): Promise<ChildProcess> {
    const client = this.#fork('pipeline/client.js', 'client')
    const where = { count: 1, port: 0, path: '/', endpoint: '' }
    const said = { apiKey: '', commands: [], topics: [], instruments: [] }
    await ask(client, { do: 'start', ...where, ...said, ...wish })
    return client
  }

  /** Clients on an engine, in as many processes as one. */
  async engineArm(
    name: string,
    engine: Engine,
    kind: ClientStart['kind'],
    count = 1,
  ): Promise<Arm> {
    const { word, instruments, path } = engine
    const client = await this.startClient({
      kind,
      count,
      instruments,
      port: word.websocket.port,
      apiKey: word.apiKey,
      endpoint: (kind === 'zmq-batches' ? word.zeromq?.batches : word.zeromq?.ticks)?.[0] ?? '',
      topics:
        kind === 'zmq-batches'
          ? ['BATCH', ...topicsOf(instruments)]
          : kind === 'zmq-topics'
            ? topicsOf(instruments)
            : [],
    })
    await this.#subscribed(path)
    return { name, path, pids: [engine.process.pid!], client, receivers: count, engine }
  }

  /** A client straight on the broker: on a plain socket, or on `ws`. */
  async directArm(name: string, kind: 'raw' | 'raw-ws'): Promise<Arm> {
    const path = this.newPath('direct')
    const wish = { kind, path, port: this.#generatorPort, commands: kiteCommands }
    const client = await this.startClient(wish)
    await this.#subscribed(path)
    return { name, path, pids: [], client, receivers: 1, engine: null }
  }

  /** A client that reaches the broker through two sockets and nothing between them. */
  async tcpArm(name: string): Promise<Arm> {
    const path = this.newPath('tcp')
    const { child, port } = await this.#startOther<Served>('floors/raw-tcp.js', path)
    const client = await this.startClient({ kind: 'raw', path, port, commands: kiteCommands })
    await this.#subscribed(path)
    return { name, path, pids: [child.pid!], client, receivers: 1, engine: null }
  }

  /** A client of the usual way. */
  async usualArm(name: string): Promise<Arm> {
    const path = this.newPath('usual')
    const { child, port } = await this.#startOther<Served>('peers/usual.js', path)
    await this.#subscribed(path)
    const client = await this.startClient({ kind: 'usual', port })
    return { name, path, pids: [child.pid!], client, receivers: 1, engine: null }
  }

  /** A client of NATS, to which one process publishes. */
  async natsArm(name: string): Promise<Arm> {
    const path = this.newPath('nats')
    const nats = await startNats(this.#newFolder())
    this.#children.push(nats.process)
    const { child } = await this.#startOther('peers/nats.js', path, { server: nats.url })
    await this.#subscribed(path)
    const client = await this.startClient({ kind: 'nats', endpoint: nats.url })
    const pids = [child.pid!, nats.process.pid!]
    return { name, path, pids, client, receivers: 1, engine: null }
  }

  /** Clients behind the bare relay. */
  async relayArm(name: string, count = 1): Promise<Arm> {
    const path = this.newPath('relay')
    const { child, port } = await this.#startOther<Served>('floors/relay.js', path)
    await this.#subscribed(path)
    const client = await this.startClient({ kind: 'raw', port, count })
    return { name, path, pids: [child.pid!], client, receivers: count, engine: null }
  }

  /** Resolves when a connection holds every instrument in quote mode. */
  async #subscribed(path: string): Promise<void> {
    const untilMs = performance.now() + SUBSCRIBED_MS_MAX
    for (;;) {
      const { subscribed } = await ask<{ subscribed: number }>(this.generator, { do: 'look', path })
      if (subscribed === INSTRUMENTS) return
      if (performance.now() > untilMs) {
        throw new Error(`${path} holds ${subscribed} of ${INSTRUMENTS} instruments`)
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
  }
}

const topicsOf = (instruments: readonly Instrument[]) =>
  instruments.map(({ exchange, symbol }) => `${exchange}_${symbol}_QUOTE`)
