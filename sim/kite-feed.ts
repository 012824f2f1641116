// The feed behind the sockets: subscriptions, paced ticks, heartbeats. Kite Connect v3, WebSocket.
import type { RawData, WebSocket } from 'ws'
import type { Exchange } from './exchange.ts'
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
import { deal, Pace } from './pace.ts'
import { SeededRandom } from './random.ts'
import type { SimulatorStats } from './simulator.ts'
import { Subscriptions } from './subscriptions.ts'
import type { Watch } from './watch.ts'

export const INSTRUMENTS_PER_SOCKET = 3000
const ROUND_MS = 5
const HEARTBEAT_MS = 1000
/** Between two ticks of an instrument that has orders and no subscription. */
const UNHEARD_MS = 1000
/** What a round may make up for when the process was late; more would come out as a burst. */
const DEBT_MS_MAX = 100
/** A socket with more than this unsent gets no more packets until its client has read. */
const QUEUE_BYTES_MAX = 4 * 1024 * 1024
/** A socket with more than this unsent is ended when its client still asks for more. */
const ABANDONED_BYTES = 2 * QUEUE_BYTES_MAX

class Client {
  readonly socket: WebSocket
  readonly subscriptions: Subscriptions<KiteMode>
  /** `performance.now()` of the last frame. */
  lastSentMs = performance.now()
  credit = 0
  dealt = 0

  constructor(socket: WebSocket, subscriptions: Subscriptions<KiteMode>) {
    this.socket = socket
    this.subscriptions = subscriptions
  }

  /** A pair of socket and instrument is a pair, whosever it is. */
  get weight(): number {
    return this.subscriptions.count
  }

  get isSlow(): boolean {
    return this.socket.bufferedAmount > QUEUE_BYTES_MAX
  }
}

export class KiteFeed {
  readonly #table: InstrumentTable
  readonly #exchange: Exchange
  readonly #watch: Watch
  /** Epoch ms. */
  readonly #clock: () => number
  readonly #ticksByItself: boolean
  readonly #pace: Pace
  readonly #onPacket: KiteOptions['onPacket']
  readonly #random: SeededRandom
  readonly #clients = new Set<Client>()
  readonly #timer: NodeJS.Timeout
  readonly #startedMs = performance.now()
  readonly #packetsOf: Uint32Array
  // The frame that is being put together: instruments and modes.
  readonly #picked = new Uint32Array(FRAME_PACKETS_MAX)
  readonly #pickedModes = new Uint8Array(FRAME_PACKETS_MAX)
  #paused = false
  #muted = false
  #lastRoundMs = performance.now()
  #lastUnheardMs = performance.now()
  #packetsSent = 0
  #framesSent = 0
  #skipped = 0
  #rate = { sinceMs: performance.now(), packetsBefore: 0, packetsPerSecond: 0 }

  constructor(
    table: InstrumentTable,
    exchange: Exchange,
    watch: Watch,
    options: Pick<KiteOptions, 'seed' | 'ratePerSecond' | 'onPacket'> & { clock: () => number },
  ) {
    const { seed, ratePerSecond, onPacket, clock } = options
    this.#table = table
    this.#exchange = exchange
    this.#watch = watch
    this.#clock = clock
    this.#ticksByItself = ratePerSecond > 0
    this.#pace = new Pace(ratePerSecond, DEBT_MS_MAX)
    this.#onPacket = onPacket
    this.#random = new SeededRandom(seed)
    this.#packetsOf = new Uint32Array(table.length)
    this.#timer = setInterval(() => this.#round(performance.now()), ROUND_MS)
  }

  get openSockets(): number {
    let open = 0
    for (const { socket } of this.#clients) if (socket.readyState === socket.OPEN) open += 1
    return open
  }

  /** Takes a socket that has just been upgraded. */
  accept(socket: WebSocket): void {
    const client = new Client(
      socket,
      new Subscriptions<KiteMode>(INSTRUMENTS_PER_SOCKET, this.#random),
    )
    this.#clients.add(client)
    socket.on('close', () => this.#clients.delete(client))
    // A protocol error is followed by `close`, and there is nothing to save.
    socket.on('error', () => {})
    socket.on('message', (data, isBinary) => this.#hear(client, data, isBinary))
  }

  stop(): void {
    clearInterval(this.#timer)
    this.dropSockets()
  }

  /** Ends all sockets without a closing handshake. */
  dropSockets(): void {
    for (const { socket } of this.#clients) socket.terminate()
  }

  pauseTicks(): void {
    this.#paused = true
  }

  resumeTicks(): void {
    this.#paused = false
  }

  muteHeartbeats(muted: boolean): void {
    this.#muted = muted
  }

  /** Sends a frame as it is to every socket: text as text, bytes as binary. */
  sendRaw(frame: Uint8Array | string): void {
    for (const client of this.#clients) this.#send(client, frame)
  }

  /** Sends a text frame to every socket; one whose client has long stopped to read is ended instead. */
  tell(text: string): void {
    for (const client of this.#clients) {
      if (client.socket.bufferedAmount > ABANDONED_BYTES) client.socket.terminate()
      else this.#send(client, text)
    }
  }

  /**
   * One tick for every pair of socket and instrument, or for those of the tokens; and one for instruments that nobody
   * listens to, where they are named or have orders. Returns the packets sent.
   */
  tickOnce(tokens?: readonly number[]): number {
    const wanted = tokens && new Set(tokens.map((token) => this.#table.indexOf(token)))
    const before = this.#packetsSent
    this.#tickUnheard(wanted ?? this.#watch.instruments)
    for (const client of this.#clients) {
      const { subscriptions } = client
      const instruments: number[] = []
      for (let place = 0; place < subscriptions.count; place++) {
        const instrument = subscriptions.instrumentAt(place)
        if (wanted === undefined || wanted.has(instrument)) instruments.push(instrument)
      }
      this.#sendInstruments(client, instruments, true)
    }
    return this.#packetsSent - before
  }

  /** Lets an instrument trade at a price in rupees. Throws a RangeError where it cannot. */
  moveTo(token: number, rupees: number): void {
    const instrument = this.#table.indexOf(token)
    if (instrument < 0) throw new RangeError(`token: ${token} is not listed`)
    const nowMs = this.#clock()
    const units = Math.round(rupees * this.#table.unitsPerRupee(instrument))
    this.#exchange.moveTo(instrument, units, nowMs)
    for (const client of this.#clients) {
      if (client.subscriptions.modeOf(instrument) === 0) continue
      this.#sendInstruments(client, [instrument], false)
    }
    this.#watch.ticked(instrument, nowMs)
  }

  /** So many ticks at once, spread as the paced ones are. Returns the packets sent. */
  burst(count: number): number {
    const before = this.#packetsSent
    this.#spread(count)
    return this.#packetsSent - before
  }

  stats(withTokens = false): SimulatorStats {
    const packetsByToken: Record<string, number> = {}
    for (let index = 0; withTokens && index < this.#table.length; index++) {
      const packets = this.#packetsOf[index]!
      if (packets > 0) packetsByToken[this.#table.token(index)] = packets
    }
    return {
      uptimeSeconds: (performance.now() - this.#startedMs) / 1000,
      sockets: this.openSockets,
      subscribedPairs: this.#pairs(),
      packetsSent: this.#packetsSent,
      framesSent: this.#framesSent,
      skipped: this.#skipped,
      behind: this.#pace.behind,
      packetsPerSecond: this.#rate.packetsPerSecond,
      ...(withTokens && { packetsByToken }),
    }
  }

  #pairs(): number {
    let pairs = 0
    for (const { subscriptions } of this.#clients) pairs += subscriptions.count
    return pairs
  }

  #round(nowMs: number): void {
    const elapsedMs = nowMs - this.#lastRoundMs
    this.#lastRoundMs = nowMs
    if (nowMs - this.#rate.sinceMs >= 1000) this.#measure(nowMs)
    if (!this.#paused && this.#pairs() > 0) this.#spread(this.#pace.due(elapsedMs))
    if (this.#ticksByItself && !this.#paused && nowMs - this.#lastUnheardMs >= UNHEARD_MS) {
      this.#lastUnheardMs = nowMs
      this.#tickUnheard(this.#watch.instruments)
    }
    if (this.#muted) return
    for (const client of this.#clients) {
      const silent = nowMs - client.lastSentMs >= HEARTBEAT_MS
      if (silent && !client.isSlow) this.#send(client, HEARTBEAT)
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
    for (const { subscriptions } of this.#clients) {
      if (subscriptions.modeOf(instrument) !== 0) return true
    }
    return false
  }

  #measure(nowMs: number): void {
    const { sinceMs, packetsBefore } = this.#rate
    const packets = this.#packetsSent - packetsBefore
    this.#rate = {
      sinceMs: nowMs,
      packetsBefore: this.#packetsSent,
      packetsPerSecond: Math.round((packets * 1000) / (nowMs - sinceMs)),
    }
  }

  #spread(count: number): void {
    const clients = [...this.#clients]
    deal(count, clients)
    for (const client of clients) this.#sendTicks(client, client.dealt)
  }

  /** The next `count` ticks of a socket's walk. */
  #sendTicks(client: Client, count: number): void {
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
    if (client.socket.readyState !== client.socket.OPEN) return
    if (client.isSlow) {
      this.#skipped += packets
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
      this.#packetsOf[instrument]! += 1
      at = end
    }
    this.#packetsSent += packets
    this.#framesSent += 1
    this.#send(client, frame)
  }

  #send(client: Client, frame: Uint8Array | string): void {
    const { socket } = client
    if (socket.readyState !== socket.OPEN) return
    client.lastSentMs = performance.now()
    socket.send(frame)
  }

  #hear(client: Client, data: RawData, isBinary: boolean): void {
    // A client that talks and does not read would pile up answers without limit.
    if (client.socket.bufferedAmount > ABANDONED_BYTES) {
      client.socket.terminate()
      return
    }
    const command = isBinary ? 'Invalid message: it must be text' : readCommand(String(data))
    const { changed, faults } =
      typeof command === 'string'
        ? { changed: [], faults: [command] }
        : obey(command, this.#table, client.subscriptions)
    this.#sendInstruments(client, changed, false)
    for (const fault of faults) this.#send(client, JSON.stringify({ type: 'error', data: fault }))
  }
}
