// The feed behind the sockets: requests, snapshots, paced ticks. Upstox Market Data Feed V3.
import type { RawData, WebSocket } from 'ws'
import { FeedClient } from './feed-client.ts'
import { PacedFeed, type PaceOptions } from './paced-feed.ts'
import { Subscriptions } from './subscriptions.ts'
import type { UpstoxCatalogue } from './upstox-catalogue.ts'
import { FrameWriter } from './upstox-protobuf.ts'
import { EVERYTHING, type UpstoxQuotes } from './upstox-quotes.ts'
import {
  carryOut,
  KEYS_MAX,
  type KeyList,
  type ListMode,
  modeAt,
  modeOf,
  readRequest,
} from './upstox-requests.ts'
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

const SEGMENTS = ['NSE_EQ', 'NSE_FO', 'NCD_FO', 'NSE_COM', 'BSE_EQ', 'BSE_FO', 'BCD_FO', 'MCX_FO']
/** The market never closes here. */
const ALL_OPEN = { segmentStatus: Object.fromEntries(SEGMENTS.map((name) => [name, NORMAL_OPEN])) }

class Client extends FeedClient<ListMode> {
  /** The last tick told here by instrument, 0 for none: only who knows the one before may be told less than all. */
  readonly told: Uint32Array

  constructor(socket: WebSocket, subscriptions: KeyList, instruments: number) {
    super(socket, subscriptions)
    this.told = new Uint32Array(instruments)
  }
}

export interface FeedOptions extends PaceOptions {
  /** Epoch ms. */
  readonly clock: () => number
}

/** There is no heartbeat; the market info after an upgrade is all that comes unasked, and all that can be muted. */
export class UpstoxFeed extends PacedFeed<Client> {
  readonly #catalogue: UpstoxCatalogue
  readonly #quotes: UpstoxQuotes
  readonly #clock: () => number
  readonly #writer = new FrameWriter()
  // The frame that is being put together: instruments and modes.
  readonly #picked = new Uint32Array(FRAME_KEYS_MAX)
  readonly #pickedModes = new Uint8Array(FRAME_KEYS_MAX)

  constructor(catalogue: UpstoxCatalogue, quotes: UpstoxQuotes, options: FeedOptions) {
    super(options, catalogue.table.length)
    this.#catalogue = catalogue
    this.#quotes = quotes
    this.#clock = options.clock
  }

  override accept(socket: WebSocket): void {
    super.accept(socket)
    if (this.isMuted) return
    beginFrame(this.#writer, MARKET_INFO)
    socket.send(endFrame(this.#writer, this.#clock(), ALL_OPEN))
  }

  /** One tick for every pair of socket and instrument, or for those of the keys. Returns the packets sent. */
  tickOnce(keys?: readonly string[]): number {
    return this.tickPairs(keys && new Set(keys.map((key) => this.#catalogue.placeOf(key))))
  }

  protected override newClient(socket: WebSocket): Client {
    const subscriptions: KeyList = new Subscriptions(KEYS_MAX, this.random)
    return new Client(socket, subscriptions, this.#catalogue.table.length)
  }

  protected override tokenText(instrument: number): string {
    return this.#catalogue.keys[instrument]!
  }

  /** A key comes once in a frame, so a short list makes short frames. */
  protected override sendTicks(client: Client, count: number): void {
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

  protected override tickEach(client: Client, instruments: readonly number[]): void {
    this.#sendInstruments(client, instruments, LIVE_FEED)
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
    if (!client.isOpen) return
    if (client.isSlow) {
      this.skipped += keys
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
      this.countPacket(instrument)
    }
    this.framesSent += 1
    this.send(client, endFrame(this.#writer, nowMs))
  }

  protected override hear(client: Client, data: RawData, isBinary: boolean): void {
    // A request in a text frame is ignored, as the broker does.
    if (!isBinary) return
    const request = readRequest(String(data))
    const outcome =
      'status' in request ? request : carryOut(request, this.#catalogue, client.subscriptions)
    if ('status' in outcome) this.send(client, JSON.stringify(outcome))
    else this.#sendInstruments(client, outcome, INITIAL_FEED)
  }
}
