// The feed behind the sockets: signing in, subscriptions, paced ticks. NorenOMS, WebSocket.
import type { RawData, WebSocket } from 'ws'
import type { Exchange } from './exchange.ts'
import { INDEX } from './instruments.ts'
import { NorenClient } from './noren-client.ts'
import { type Command, placeOfKey, placesOfKeys, readCommand } from './noren-commands.ts'
import type { NorenMarket } from './noren-market.ts'
import type { NorenSessions } from './noren-sessions.ts'
import {
  type Channel,
  FIELD_COUNT,
  LAST_PRICE_FIELD,
  type Label,
  labelOf,
  readValues,
  snapshotText,
  TOUCHLINE,
  updateText,
} from './noren-wire.ts'
import { deal, Pace } from './pace.ts'
import { SeededRandom } from './random.ts'
import type { SimulatorOptions, SimulatorStats } from './simulator.ts'

const ROUND_MS = 5
/** What a round may make up for when the process was late; more would come out as a burst. */
const DEBT_MS_MAX = 100
/** One update in so many has a field that is 0.00 for no reason. */
const UPDATES_PER_ZERO = 64
/** Ticks of an index in which nothing changed are not told; so many are passed over for one that is. */
const QUIET_TICKS_MAX = 32

export class NorenFeed {
  readonly #market: NorenMarket
  readonly #exchange: Exchange
  readonly #sessions: NorenSessions
  readonly #clock: () => number
  readonly #pace: Pace
  readonly #random: SeededRandom
  readonly #clients = new Set<NorenClient>()
  readonly #timer: NodeJS.Timeout
  readonly #startedMs = performance.now()
  readonly #packetsOf: Uint32Array
  readonly #values = new Float64Array(FIELD_COUNT)
  #paused = false
  #muted = false
  #lastRoundMs = performance.now()
  #packetsSent = 0
  #framesSent = 0
  #skipped = 0
  #rate = { sinceMs: performance.now(), packetsBefore: 0, packetsPerSecond: 0 }

  constructor(
    market: NorenMarket,
    exchange: Exchange,
    sessions: NorenSessions,
    { seed, ratePerSecond }: Pick<SimulatorOptions, 'seed' | 'ratePerSecond'>,
    clock: () => number,
  ) {
    this.#market = market
    this.#exchange = exchange
    this.#sessions = sessions
    this.#clock = clock
    this.#pace = new Pace(ratePerSecond, DEBT_MS_MAX)
    this.#random = new SeededRandom(seed)
    this.#packetsOf = new Uint32Array(market.table.length)
    this.#timer = setInterval(() => this.#round(performance.now()), ROUND_MS)
  }

  /** Takes a socket that has just been upgraded. */
  accept(socket: WebSocket): void {
    const client = new NorenClient(socket, this.#random)
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

  sendRaw(frame: Uint8Array | string): void {
    for (const client of this.#clients) this.#send(client, frame)
  }

  /** Tokens are numbers, which may be those of several exchanges, or texts like `NSE|2885`. */
  tickOnce(tokens?: readonly (number | string)[]): number {
    const wanted = tokens && new Set(tokens.flatMap((token) => this.#placesOf(token)))
    const before = this.#packetsSent
    for (const client of this.#clients) {
      const { subscriptions } = client
      for (let place = 0; place < subscriptions.count; place++) {
        const instrument = subscriptions.instrumentAt(place)
        if (wanted === undefined || wanted.has(instrument)) this.#tick(client, instrument)
      }
    }
    return this.#packetsSent - before
  }

  burst(count: number): number {
    const before = this.#packetsSent
    this.#spread(count)
    return this.#packetsSent - before
  }

  /** Ticks are counted by `NSE|2885`. */
  stats(withTokens = false): SimulatorStats {
    const packetsByToken: Record<string, number> = {}
    for (const index of withTokens ? this.#market.indexes : []) {
      const packets = this.#packetsOf[index]!
      if (packets === 0) continue
      const { exchange, token } = this.#market.scrip(index)
      packetsByToken[`${exchange}|${token}`] = packets
    }
    return {
      uptimeSeconds: (performance.now() - this.#startedMs) / 1000,
      sockets: [...this.#clients].filter(({ isOpen }) => isOpen).length,
      subscribedPairs: this.#pairs(),
      packetsSent: this.#packetsSent,
      framesSent: this.#framesSent,
      skipped: this.#skipped,
      behind: this.#pace.behind,
      packetsPerSecond: this.#rate.packetsPerSecond,
      ...(withTokens && { packetsByToken }),
    }
  }

  #placesOf(token: number | string): number[] {
    if (typeof token === 'string' && token.includes('|')) return [placeOfKey(token, this.#market)]
    const exchanges = ['NSE', 'BSE', 'NFO', 'BFO', 'CDS', 'MCX']
    return exchanges.map((exchange) => this.#market.find(exchange, Number(token)))
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
    for (const client of clients) {
      let left = client.dealt - client.ahead
      while (left > 0) {
        const place = client.subscriptions.nextPlace()
        left -= this.#tick(client, client.subscriptions.instrumentAt(place))
      }
      client.ahead = -left
    }
  }

  /** The next tick of a subscribed scrip, in each channel it is in. Returns what is to be counted against the pace. */
  #tick(client: NorenClient, instrument: number): number {
    const channels = client.channelsOf(instrument)
    if (!client.isOpen) return channels.length
    if (client.isSlow) {
      this.#skipped += channels.length
      return channels.length
    }
    const { label, last } = client.toldOf(instrument)
    this.#advance(instrument, label, last.get(channels[0]!)!)
    const draw = this.#random.next()
    const zeroed = draw % UPDATES_PER_ZERO === 0 ? (draw >>> 8) % 0xff : -1
    for (const channel of channels) {
      const before = last.get(channel)!
      const text = updateText(label, channel, before, this.#values, zeroed)
      if (text === null) continue
      before.set(this.#values)
      this.#sendPacket(client, instrument, text)
    }
    return channels.length
  }

  /** Moves an instrument to a state that differs from what was told, and reads it. */
  #advance(instrument: number, label: Label, before: Float64Array): void {
    const isIndex = this.#market.table.kind(instrument) === INDEX
    for (let tries = 0; tries < QUIET_TICKS_MAX; tries++) {
      const row = this.#exchange.advance(instrument, this.#clock())
      readValues(this.#values, this.#exchange.words, row, label)
      if (!isIndex || this.#values[LAST_PRICE_FIELD] !== before[LAST_PRICE_FIELD]) return
    }
  }

  #sendPacket(client: NorenClient, instrument: number, text: string): void {
    this.#packetsOf[instrument]! += 1
    this.#packetsSent += 1
    this.#send(client, text)
  }

  #send(client: NorenClient, frame: Uint8Array | string): void {
    if (!client.isOpen) return
    this.#framesSent += 1
    client.socket.send(frame)
  }

  #hear(client: NorenClient, data: RawData, isBinary: boolean): void {
    // A client that talks and does not read would pile up answers without limit.
    if (client.isLost) {
      client.socket.terminate()
      return
    }
    const command = isBinary ? null : readCommand(String(data))
    if (command === null || client.state === 'refused') return
    if (command.does === 'sign in') this.#signIn(client, command.user, command.token)
    else if (client.state === 'signed in') this.#obey(client, command)
  }

  /** A refused socket stays open, and hears nothing any more. */
  #signIn(client: NorenClient, user: unknown, token: unknown): void {
    const isValid = user === this.#sessions.app.user && this.#sessions.isValid(token)
    client.state = isValid ? 'signed in' : 'refused'
    const ack = isValid ? { t: 'ak', s: 'OK' } : { t: 'ak', s: 'NOT_OK', emsg: 'Session Expired' }
    this.#send(client, JSON.stringify(ack))
  }

  #obey(client: NorenClient, command: Exclude<Command, { does: 'sign in' }>): void {
    const { acksHeartbeat, acksOrders, acksOrdersEnd, acksUnsubscribe } = this.#market.brand
    switch (command.does) {
      case 'subscribe':
        for (const place of placesOfKeys(command.keys, this.#market)) {
          this.#subscribe(client, place, command.channel)
        }
        return
      case 'unsubscribe':
        for (const place of placesOfKeys(command.keys, this.#market)) {
          client.drop(place, command.channel)
        }
        if (acksUnsubscribe) {
          const t = command.channel === TOUCHLINE ? 'uk' : 'udk'
          this.#send(client, JSON.stringify({ t, k: command.keys }))
        }
        return
      case 'heartbeat':
        if (acksHeartbeat && !this.#muted) this.#send(client, '{"t":"hk"}')
        return
      case 'follow orders':
        if (acksOrders) this.#send(client, '{"t":"ok"}')
        return
      default:
        if (acksOrdersEnd) this.#send(client, '{"t":"uok"}')
    }
  }

  /** Every subscription is answered by a snapshot, also one that is there already; surplus ones are not heard. */
  #subscribe(client: NorenClient, instrument: number, channel: Channel): void {
    const { table } = this.#market
    const label = () => labelOf(this.#market.scrip(instrument), table, instrument)
    if (!client.add(instrument, channel, label)) return
    const told = client.toldOf(instrument)
    const row = this.#exchange.row(instrument, this.#clock())
    readValues(this.#values, this.#exchange.words, row, told.label)
    told.last.set(channel, this.#values.slice())
    this.#sendPacket(client, instrument, snapshotText(told.label, channel, this.#values))
  }
}
