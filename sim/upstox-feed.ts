// The feed behind the sockets: requests, snapshots, paced ticks. Upstox Market Data Feed V3.
import type { RawData, WebSocket } from 'ws'
import { deal, Pace } from './pace.ts'
import { SeededRandom } from './random.ts'
import type { SimulatorStats } from './simulator.ts'
import { Subscriptions } from './subscriptions.ts'
import type { UpstoxCatalogue } from './upstox-catalogue.ts'
import { FrameWriter } from './upstox-protobuf.ts'
import { EVERYTHING, type UpstoxQuotes } from './upstox-quotes.ts'
import { carryOut, KEYS_MAX, type KeyList, modeAt, modeOf, readRequest } from './upstox-requests.ts'
import {
  beginFrame,
  endFrame,
  INITIAL_FEED,
  LIVE_FEED,
  MARKET_INFO,
  NORMAL_OPEN,
  type RequestMode,
  writeFeed,
} from './upstox-wire.ts'

/** Keys that share a frame at most. */
export const FRAME_KEYS_MAX = 50
const ROUND_MS = 5
/** What a round may make up for when the process was late; more would come out as a burst. */
const DEBT_MS_MAX = 100
/** A socket with more than this unsent gets no more ticks until its client has read. */
const QUEUE_BYTES_MAX = 4 * 1024 * 1024
/** A socket with more than this unsent is ended when its client still asks for more. */
const ABANDONED_BYTES = 2 * QUEUE_BYTES_MAX

const SEGMENTS = ['NSE_EQ', 'NSE_FO', 'NCD_FO', 'NSE_COM', 'BSE_EQ', 'BSE_FO', 'BCD_FO', 'MCX_FO']
/** The market never closes here. */
const ALL_OPEN = { segmentStatus: Object.fromEntries(SEGMENTS.map((name) => [name, NORMAL_OPEN])) }

class Client {
  readonly socket: WebSocket
  readonly subscriptions: KeyList
  /** The last tick told here by instrument, 0 for none: only who knows the one before may be told less than all. */
  readonly told: Uint32Array
  credit = 0
  dealt = 0

  constructor(socket: WebSocket, random: SeededRandom, instruments: number) {
    this.socket = socket
    this.subscriptions = new Subscriptions(KEYS_MAX, random)
    this.told = new Uint32Array(instruments)
  }

  /** A pair of socket and instrument is a pair, whosever it is. */
  get weight(): number {
    return this.subscriptions.count
  }

  get isSlow(): boolean {
    return this.socket.bufferedAmount > QUEUE_BYTES_MAX
  }
}

export interface FeedOptions {
  readonly seed: number
  readonly ratePerSecond: number
  /** Epoch ms. */
  readonly clock: () => number
}

export class UpstoxFeed {
  readonly #catalogue: UpstoxCatalogue
  readonly #quotes: UpstoxQuotes
  readonly #pace: Pace
  readonly #clock: () => number
  readonly #random: SeededRandom
  readonly #clients = new Set<Client>()
  readonly #timer: NodeJS.Timeout
  readonly #startedMs = performance.now()
  readonly #packetsOf: Uint32Array
  readonly #writer = new FrameWriter()
  // The frame that is being put together: instruments and modes.
  readonly #picked = new Uint32Array(FRAME_KEYS_MAX)
  readonly #pickedModes = new Uint8Array(FRAME_KEYS_MAX)
  #paused = false
  #muted = false
  #lastRoundMs = performance.now()
  #packetsSent = 0
  #framesSent = 0
  #skipped = 0
  #rate = { sinceMs: performance.now(), packetsBefore: 0, packetsPerSecond: 0 }

  constructor(catalogue: UpstoxCatalogue, quotes: UpstoxQuotes, options: FeedOptions) {
    this.#catalogue = catalogue
    this.#quotes = quotes
    this.#clock = options.clock
    this.#pace = new Pace(options.ratePerSecond, DEBT_MS_MAX)
    this.#random = new SeededRandom(options.seed)
    this.#packetsOf = new Uint32Array(catalogue.table.length)
    this.#timer = setInterval(() => this.#round(performance.now()), ROUND_MS)
  }

  get openSockets(): number {
    let open = 0
    for (const { socket } of this.#clients) if (socket.readyState === socket.OPEN) open += 1
    return open
  }

  /** Takes a socket that has just been upgraded. */
  accept(socket: WebSocket): void {
    const client = new Client(socket, this.#random, this.#catalogue.table.length)
    this.#clients.add(client)
    socket.on('close', () => this.#clients.delete(client))
    // A protocol error is followed by `close`, and there is nothing to save.
    socket.on('error', () => {})
    socket.on('message', (data, isBinary) => this.#hear(client, data, isBinary))
    if (this.#muted) return
    beginFrame(this.#writer, MARKET_INFO)
    this.#send(client, endFrame(this.#writer, this.#clock(), ALL_OPEN))
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

  /** There is no heartbeat; the market info after an upgrade is all that comes unasked. */
  muteHeartbeats(muted: boolean): void {
    this.#muted = muted
  }

  /** Sends a frame as it is to every socket: text as text, bytes as binary. */
  sendRaw(frame: Uint8Array | string): void {
    for (const client of this.#clients) this.#send(client, frame)
  }

  /** One tick for every pair of socket and instrument, or for those of the keys. Returns the packets sent. */
  tickOnce(keys?: readonly string[]): number {
    const wanted = keys && new Set(keys.map((key) => this.#catalogue.placeOf(key)))
    const before = this.#packetsSent
    for (const client of this.#clients) {
      const { subscriptions } = client
      const instruments: number[] = []
      for (let place = 0; place < subscriptions.count; place++) {
        const instrument = subscriptions.instrumentAt(place)
        if (wanted === undefined || wanted.has(instrument)) instruments.push(instrument)
      }
      this.#sendInstruments(client, instruments, LIVE_FEED)
    }
    return this.#packetsSent - before
  }

  /** So many ticks at once, spread as the paced ones are. Returns the packets sent. */
  burst(count: number): number {
    const before = this.#packetsSent
    this.#spread(count)
    return this.#packetsSent - before
  }

  stats(withTokens = false): SimulatorStats {
    const packetsByToken: Record<string, number> = {}
    for (let place = 0; withTokens && place < this.#packetsOf.length; place++) {
      const packets = this.#packetsOf[place]!
      if (packets > 0) packetsByToken[this.#catalogue.keys[place]!] = packets
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

  /** The next `count` ticks of a socket's walk; a key comes once in a frame, so a short list makes short frames. */
  #sendTicks(client: Client, count: number): void {
    const { subscriptions } = client
    for (let left = count; left > 0; ) {
      const keys = Math.min(left, FRAME_KEYS_MAX, subscriptions.count)
      for (let key = 0; key < keys; key++) {
        const place = subscriptions.nextPlace()
        this.#picked[key] = subscriptions.instrumentAt(place)
        this.#pickedModes[key] = modeAt(subscriptions, place)
      }
      this.#sendPicked(client, keys, LIVE_FEED)
      left -= keys
    }
  }

  /** One packet for each of these subscribed instruments: as they are, or after a tick of theirs. */
  #sendInstruments(
    client: Client,
    instruments: readonly number[],
    type: typeof INITIAL_FEED | typeof LIVE_FEED,
  ): void {
    for (let from = 0; from < instruments.length; from += FRAME_KEYS_MAX) {
      const part = instruments.slice(from, from + FRAME_KEYS_MAX)
      part.forEach((instrument, key) => {
        this.#picked[key] = instrument
        this.#pickedModes[key] = modeOf(client.subscriptions, instrument)
      })
      this.#sendPicked(client, part.length, type)
    }
  }

  /** Sends the picked instruments as one frame, or counts them where the client is too slow. */
  #sendPicked(client: Client, keys: number, type: typeof INITIAL_FEED | typeof LIVE_FEED): void {
    if (client.socket.readyState !== client.socket.OPEN) return
    if (client.isSlow) {
      this.#skipped += keys
      for (const instrument of this.#picked.subarray(0, keys)) client.told[instrument] = 0
      return
    }
    const nowMs = this.#clock()
    const quotes = this.#quotes
    beginFrame(this.#writer, type)
    for (let key = 0; key < keys; key++) {
      const instrument = this.#picked[key]!
      const knowsLast = client.told[instrument] === 1 + quotes.ticks(instrument)
      const change = type === LIVE_FEED ? quotes.advance(instrument, nowMs) : EVERYTHING
      client.told[instrument] = 1 + quotes.ticks(instrument)
      const mode = this.#pickedModes[key] as RequestMode
      const feed = quotes.feed(instrument, mode, nowMs, knowsLast ? change : EVERYTHING)
      writeFeed(this.#writer, this.#catalogue.keys[instrument]!, feed)
      this.#packetsOf[instrument]! += 1
    }
    this.#packetsSent += keys
    this.#framesSent += 1
    this.#send(client, endFrame(this.#writer, nowMs))
  }

  #send(client: Client, frame: Uint8Array | string): void {
    const { socket } = client
    if (socket.readyState === socket.OPEN) socket.send(frame)
  }

  #hear(client: Client, data: RawData, isBinary: boolean): void {
    // A client that talks and does not read would pile up answers without limit.
    if (client.socket.bufferedAmount > ABANDONED_BYTES) {
      client.socket.terminate()
      return
    }
    // A request in a text frame is ignored, as the broker does.
    if (!isBinary) return
    const request = readRequest(String(data))
    const outcome =
      'status' in request ? request : carryOut(request, this.#catalogue, client.subscriptions)
    if ('status' in outcome) this.#send(client, JSON.stringify(outcome))
    else this.#sendInstruments(client, outcome, INITIAL_FEED)
  }
}
