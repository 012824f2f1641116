// A plain reader of Noren's wire, and a client that keeps what it gets: what the simulators are held against. It
// knows nothing of their sources.
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { inflateRawSync } from 'node:zlib'
import { WebSocket } from 'ws'
import type { NorenBroker } from '../../sim/noren-brands.ts'
import {
  type NorenOptions,
  type NorenSimulator,
  startNorenSimulator,
} from '../../sim/noren-server.ts'
import { until } from './kite-reader.ts'

export type Frame = Readonly<Record<string, string>>
export const BROKERS: readonly NorenBroker[] = ['shoonya', 'flattrade', 'zebu']

/** A simulator that ticks only when told, and closes with the test. */
export async function startNoren(
  t: TestContext,
  broker: NorenBroker,
  options: Partial<NorenOptions> = {},
): Promise<NorenSimulator> {
  const noren = await startNorenSimulator(broker, {
    seed: 11,
    ratePerSecond: 0,
    instruments: 2000,
    today: '2026-08-18',
    ...options,
  })
  t.after(() => noren.close())
  return noren
}

export const originOf = ({ restUrl }: NorenSimulator) => new URL(restUrl).origin
const PARTIAL = new Set(['tf', 'df'])
const SNAPSHOT = new Set(['tk', 'dk'])
const GUARDED = new Set(['o', 'h', 'l', 'c', 'ap'])

export class NorenClient {
  readonly socket: WebSocket
  readonly frames: Frame[] = []
  /** What is known of `t NSE|2885` and `d NSE|2885`, each merged from its own frames. */
  readonly known = new Map<string, Record<string, string>>()
  /** Guarded fields that came as 0.00. */
  zeros = 0

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) throw new Error('a binary frame')
      this.#take(JSON.parse(String(data)))
    })
  }

  get ticks(): Frame[] {
    return this.frames.filter(({ t }) => PARTIAL.has(t!) || SNAPSHOT.has(t!))
  }

  say(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  async reach(count: number): Promise<void> {
    await until(() => this.frames.length >= count, `${count} frames, got ${this.frames.length}`)
  }

  /** Subscribes and takes the snapshots. */
  async subscribe(t: 't' | 'd', keys: readonly string[]): Promise<void> {
    const before = this.frames.length
    this.say({ t, k: keys.join('#') })
    await this.reach(before + keys.length)
  }

  #take(frame: Record<string, string>): void {
    this.frames.push(frame)
    const { t = '', e, tk, ...fields } = frame
    if (!PARTIAL.has(t) && !SNAPSHOT.has(t)) return
    const key = `${t[0]} ${e}|${tk}`
    if (SNAPSHOT.has(t)) {
      this.known.set(key, fields)
      return
    }
    const state = this.known.get(key)
    if (state === undefined) throw new Error(`${key} changed before it was told`)
    for (const [name, value] of Object.entries(fields)) {
      const isZero = GUARDED.has(name) && Number(value) === 0
      if (isZero) this.zeros += 1
      else state[name] = value
    }
  }
}

export async function open(feedUrl: string): Promise<NorenClient> {
  const client = new NorenClient(new WebSocket(feedUrl))
  await once(client.socket, 'open')
  return client
}

export const hello = (noren: NorenSimulator, token = noren.credentials.access_token!) => ({
  t: 'a',
  uid: noren.credentials.user_id,
  actid: noren.credentials.user_id,
  source: 'API',
  accesstoken: token,
})

/** A socket that has signed in. */
export async function connect(noren: NorenSimulator): Promise<NorenClient> {
  const client = await open(noren.feedUrl)
  client.say(hello(noren))
  await client.reach(1)
  return client
}

/** The one text of a zip, found by its central directory. */
export function unzip(zip: Buffer): { name: string; text: string } {
  const end = zip.length - 22
  if (zip.readUInt32LE(end) !== 0x06054b50) throw new Error('no end of central directory')
  if (zip.readUInt16LE(end + 10) !== 1) throw new Error('not one file')
  const central = zip.readUInt32LE(end + 16)
  if (zip.readUInt32LE(central) !== 0x02014b50) throw new Error('no central directory')
  const packed = zip.readUInt32LE(central + 20)
  const size = zip.readUInt32LE(central + 24)
  const nameBytes = zip.readUInt16LE(central + 28)
  const local = zip.readUInt32LE(central + 42)
  const name = zip.toString('utf8', central + 46, central + 46 + nameBytes)
  const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
  const text = inflateRawSync(zip.subarray(from, from + packed))
  if (text.length !== size) throw new Error('wrong size')
  return { name, text: text.toString('utf8') }
}

/** Rows of a comma-separated text by the names of its header. */
export function rowsOf(text: string): Record<string, string>[] {
  const [header = '', ...lines] = text.trimEnd().split('\n')
  const names = header.split(',')
  return lines.map((line) => {
    const cells = line.split(',')
    if (cells.length !== names.length) throw new Error(`${cells.length} cells: ${line}`)
    return Object.fromEntries(names.map((name, place) => [name, cells[place]!]))
  })
}
