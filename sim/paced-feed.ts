// What the feeds of all simulated brokers share: sockets, ticks at a pace, and the counts of them. What a tick looks
// like and what a client may say is each broker's own.
import type { RawData, WebSocket } from 'ws'
import type { FeedClient } from './feed-client.ts'
import { deal, Pace } from './pace.ts'
import { SeededRandom } from './random.ts'
import type { SimulatorOptions, SimulatorStats } from './simulator.ts'

const ROUND_MS = 5
/** What a round may make up for when the process was late; more would come out as a burst. */
const DEBT_MS_MAX = 100

export type PaceOptions = Pick<SimulatorOptions, 'seed' | 'ratePerSecond'>

export abstract class PacedFeed<Client extends FeedClient<number>> {
  protected readonly random: SeededRandom
  protected readonly clients = new Set<Client>()
  protected isPaused = false
  protected isMuted = false
  protected framesSent = 0
  /** Packets not sent because their socket's client reads too slowly. */
  protected skipped = 0
  readonly #pace: Pace
  readonly #timer: NodeJS.Timeout
  readonly #startedMs = performance.now()
  readonly #packetsOf: Uint32Array
  #lastRoundMs = performance.now()
  #packetsSent = 0
  #rate = { sinceMs: performance.now(), packetsBefore: 0, packetsPerSecond: 0 }

  /** Instruments are counted by numbers below `instruments`. */
  constructor({ seed, ratePerSecond }: PaceOptions, instruments: number) {
    this.random = new SeededRandom(seed)
    this.#pace = new Pace(ratePerSecond, DEBT_MS_MAX)
    this.#packetsOf = new Uint32Array(instruments)
    this.#timer = setInterval(() => this.#round(performance.now()), ROUND_MS)
  }

  protected abstract newClient(socket: WebSocket): Client

  /** Hears a message of a client that reads. */
  protected abstract hear(client: Client, data: RawData, isBinary: boolean): void

  /** Sends the next `count` ticks of a socket's walk. */
  protected abstract sendTicks(client: Client, count: number): void

  /** Sends a tick of each of these instruments, to which the socket has subscribed. */
  protected abstract tickEach(client: Client, instruments: readonly number[]): void

  /** By what an instrument's packets are told in the statistics. */
  protected abstract tokenText(instrument: number): string

  /** What else is due every few milliseconds. */
  protected onRound(_nowMs: number): void {}

  get openSockets(): number {
    let open = 0
    for (const { isOpen } of this.clients) if (isOpen) open += 1
    return open
  }

  /** Takes a socket that has just been upgraded. */
  accept(socket: WebSocket): void {
    const client = this.newClient(socket)
    this.clients.add(client)
    socket.on('close', () => this.clients.delete(client))
    // A protocol error is followed by `close`, and there is nothing to save.
    socket.on('error', () => {})
    socket.on('message', (data, isBinary) => {
      // A client that talks and does not read would pile up answers without limit.
      if (client.isLost) socket.terminate()
      else this.hear(client, data, isBinary)
    })
  }

  stop(): void {
    clearInterval(this.#timer)
    this.dropSockets()
  }

  /** Ends all sockets without a closing handshake. */
  dropSockets(): void {
    for (const { socket } of this.clients) socket.terminate()
  }

  pauseTicks(): void {
    this.isPaused = true
  }

  resumeTicks(): void {
    this.isPaused = false
  }

  muteHeartbeats(muted: boolean): void {
    this.isMuted = muted
  }

  /** Sends a frame as it is to every socket: text as text, bytes as binary. */
  sendRaw(frame: Uint8Array | string): void {
    for (const client of this.clients) this.send(client, frame)
  }

  /** So many ticks at once, spread as the paced ones are. Returns the packets sent. */
  burst(count: number): number {
    const before = this.#packetsSent
    this.#spread(count)
    return this.#packetsSent - before
  }

  stats(withTokens = false): SimulatorStats {
    const packetsByToken: Record<string, number> = {}
    for (let at = 0; withTokens && at < this.#packetsOf.length; at++) {
      const packets = this.#packetsOf[at]!
      if (packets > 0) packetsByToken[this.tokenText(at)] = packets
    }
    return {
      uptimeSeconds: (performance.now() - this.#startedMs) / 1000,
      sockets: this.openSockets,
      subscribedPairs: this.#pairs(),
      packetsSent: this.#packetsSent,
      framesSent: this.framesSent,
      skipped: this.skipped,
      behind: this.#pace.behind,
      packetsPerSecond: this.#rate.packetsPerSecond,
      ...(withTokens && { packetsByToken }),
    }
  }

  /** One tick for every pair of socket and instrument, or for those that are wanted. Returns the packets sent. */
  protected tickPairs(wanted: ReadonlySet<number> | undefined): number {
    const before = this.#packetsSent
    for (const client of this.clients) {
      const { subscriptions } = client
      const instruments: number[] = []
      for (let place = 0; place < subscriptions.count; place++) {
        const instrument = subscriptions.instrumentAt(place)
        if (wanted === undefined || wanted.has(instrument)) instruments.push(instrument)
      }
      this.tickEach(client, instruments)
    }
    return this.#packetsSent - before
  }

  protected countPacket(instrument: number): void {
    this.#packetsOf[instrument]! += 1
    this.#packetsSent += 1
  }

  protected send(client: Client, frame: Uint8Array | string): void {
    if (client.isOpen) client.socket.send(frame)
  }

  #pairs(): number {
    let pairs = 0
    for (const { subscriptions } of this.clients) pairs += subscriptions.count
    return pairs
  }

  #round(nowMs: number): void {
    const elapsedMs = nowMs - this.#lastRoundMs
    this.#lastRoundMs = nowMs
    if (nowMs - this.#rate.sinceMs >= 1000) this.#measure(nowMs)
    if (!this.isPaused && this.#pairs() > 0) this.#spread(this.#pace.due(elapsedMs))
    this.onRound(nowMs)
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
    const clients = [...this.clients]
    deal(count, clients)
    for (const client of clients) this.sendTicks(client, client.dealt)
  }
}
