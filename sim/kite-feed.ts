// The feed behind the sockets: subscriptions, paced ticks, heartbeats. Kite Connect v3, WebSocket.
import type { RawData, WebSocket } from 'ws'
import type { Exchange } from './exchange.ts'
import { FeedClient } from './feed-client.ts'
import { INDEX, type InstrumentTable } from './instruments.ts'
import { obey, readCommand } from './kite-commands.ts'
import type { KiteOptions } from './kite-server.ts'
import {
  FRAME_PACKETS_MAX,
  HEARTBEAT,
  type KiteMode,
  newFrame,
  packetBytes,
  writePacket,
} from './kite-wire.ts'
import { PacedFeed, type PaceOptions } from './paced-feed.ts'
import { Subscriptions } from './subscriptions.ts'
import type { Watch } from './watch.ts'

export const INSTRUMENTS_PER_SOCKET = 3000
const HEARTBEAT_MS = 1000
/** Between two ticks of an instrument that has orders and no subscription. */
const UNHEARD_MS = 1000

class Client extends FeedClient<KiteMode> {
  /** `performance.now()` of the last frame. */
  lastSentMs = performance.now()
}

export class KiteFeed extends PacedFeed<Client> {
  readonly #table: InstrumentTable
  readonly #exchange: Exchange
  readonly #watch: Watch
  /** Epoch ms. */
  readonly #clock: () => number
  readonly #ticksByItself: boolean
  readonly #onPacket: KiteOptions['onPacket']
  // The frame that is being put together: instruments and modes.
  readonly #picked = new Uint32Array(FRAME_PACKETS_MAX)
  readonly #pickedModes = new Uint8Array(FRAME_PACKETS_MAX)
  #lastUnheardMs = performance.now()

  constructor(
    table: InstrumentTable,
    exchange: Exchange,
    watch: Watch,
    options: PaceOptions & Pick<KiteOptions, 'onPacket'> & { clock: () => number },
  ) {
    super(options, table.length)
    this.#table = table
    this.#exchange = exchange
    this.#watch = watch
    this.#clock = options.clock
    this.#ticksByItself = options.ratePerSecond > 0
    this.#onPacket = options.onPacket
  }

  /** Sends a text frame to every socket; one whose client has long stopped to read is ended instead. */
  tell(text: string): void {
    for (const client of this.clients) {
      if (client.isLost) client.socket.terminate()
      else this.send(client, text)
    }
  }

  /**
   * One tick for every pair of socket and instrument, or for those of the tokens; and one for instruments that nobody
   * listens to, where they are named or have orders. Returns the packets sent.
   */
  tickOnce(tokens?: readonly number[]): number {
    const wanted = tokens && new Set(tokens.map((token) => this.#table.indexOf(token)))
    this.#tickUnheard(wanted ?? this.#watch.instruments)
    return this.tickPairs(wanted)
  }

  /** Lets an instrument trade at a price in rupees. Throws a RangeError where it cannot. */
  moveTo(token: number, rupees: number): void {
    const instrument = this.#table.indexOf(token)
    if (instrument < 0) throw new RangeError(`token: ${token} is not listed`)
    const nowMs = this.#clock()
    const units = Math.round(rupees * this.#table.unitsPerRupee(instrument))
    this.#exchange.moveTo(instrument, units, nowMs)
    for (const client of this.clients) {
      if (client.subscriptions.modeOf(instrument) === 0) continue
      this.#sendInstruments(client, [instrument], false)
    }
    this.#watch.ticked(instrument, nowMs)
  }

  protected override newClient(socket: WebSocket): Client {
    return new Client(socket, new Subscriptions(INSTRUMENTS_PER_SOCKET, this.random))
  }

  protected override tokenText(instrument: number): string {
    return String(this.#table.token(instrument))
  }

  protected override onRound(nowMs: number): void {
    if (this.#ticksByItself && !this.isPaused && nowMs - this.#lastUnheardMs >= UNHEARD_MS) {
      this.#lastUnheardMs = nowMs
      this.#tickUnheard(this.#watch.instruments)
    }
    if (this.isMuted) return
    for (const client of this.clients) {
      const silent = nowMs - client.lastSentMs >= HEARTBEAT_MS
      if (silent && !client.isSlow) this.send(client, HEARTBEAT)
    }
  }

  /** Ticks without packets, for orders on what no socket has subscribed to. */
  #tickUnheard(instruments: ReadonlySet<number>): void {
    const nowMs = this.#clock()
    for (const instrument of [...instruments]) {
      if (instrument < 0 || this.#isHeard(instrument)) continue
      this.#exchange.advance(instrument, nowMs)
      this.#watch.ticked(instrument, nowMs)
    }
  }

  #isHeard(instrument: number): boolean {
    for (const { subscriptions } of this.clients) {
      if (subscriptions.modeOf(instrument) !== 0) return true
    }
    return false
  }

  protected override sendTicks(client: Client, count: number): void {
    const { subscriptions } = client
    for (let left = count; left > 0; ) {
      const packets = Math.min(left, FRAME_PACKETS_MAX)
      for (let packet = 0; packet < packets; packet++) {
        const place = subscriptions.nextPlace()
        this.#picked[packet] = subscriptions.instrumentAt(place)
        this.#pickedModes[packet] = subscriptions.modeAt(place)
      }
      this.#sendPicked(client, packets, true)
      left -= packets
    }
  }

  protected override tickEach(client: Client, instruments: readonly number[]): void {
    this.#sendInstruments(client, instruments, true)
  }

  /** One packet for each of these subscribed instruments, after a tick of theirs or as they are. */
  #sendInstruments(client: Client, instruments: readonly number[], advance: boolean): void {
    for (let from = 0; from < instruments.length; from += FRAME_PACKETS_MAX) {
      const part = instruments.slice(from, from + FRAME_PACKETS_MAX)
      part.forEach((instrument, packet) => {
        this.#picked[packet] = instrument
        this.#pickedModes[packet] = client.subscriptions.modeOf(instrument)
      })
      this.#sendPicked(client, part.length, advance)
    }
  }

  /** Sends the picked instruments as one frame, or counts them where the client is too slow. */
  #sendPicked(client: Client, packets: number, advance: boolean): void {
    if (!client.isOpen) return
    if (client.isSlow) {
      this.skipped += packets
      return
    }
    const table = this.#table
    let bytes = 0
    for (let packet = 0; packet < packets; packet++) {
      const mode = this.#pickedModes[packet] as KiteMode
      bytes += 2 + packetBytes(table, this.#picked[packet]!, mode)
    }
    const frame = newFrame(packets, bytes)
    const nowMs = this.#clock()
    let at = 2
    for (let packet = 0; packet < packets; packet++) {
      const instrument = this.#picked[packet]!
      const row = advance
        ? this.#exchange.advance(instrument, nowMs)
        : this.#exchange.row(instrument, nowMs)
      if (advance) this.#watch.ticked(instrument, nowMs)
      const token = table.token(instrument)
      const isIndex = table.kind(instrument) === INDEX
      const mode = this.#pickedModes[packet] as KiteMode
      const end = writePacket(frame, at, this.#exchange, row, token, isIndex, mode)
      this.#onPacket?.(token, frame.subarray(at + 2, end))
      this.countPacket(instrument)
      at = end
    }
    this.framesSent += 1
    this.send(client, frame)
  }

  protected override send(client: Client, frame: Uint8Array | string): void {
    client.lastSentMs = performance.now()
    super.send(client, frame)
  }

  protected override hear(client: Client, data: RawData, isBinary: boolean): void {
    const command = isBinary ? 'Invalid message: it must be text' : readCommand(String(data))
    const { changed, faults } =
      typeof command === 'string'
        ? { changed: [], faults: [command] }
        : obey(command, this.#table, client.subscriptions)
    this.#sendInstruments(client, changed, false)
    for (const fault of faults) this.send(client, JSON.stringify({ type: 'error', data: fault }))
  }
}
