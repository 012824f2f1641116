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
import { PacedFeed, type PaceOptions } from './paced-feed.ts'

/** One update in so many has a field that is 0.00 for no reason. */
const UPDATES_PER_ZERO = 64
/** Ticks of an index in which nothing changed are not told; so many are passed over for one that is. */
const QUIET_TICKS_MAX = 32

export class NorenFeed extends PacedFeed<NorenClient> {
  readonly #market: NorenMarket
  readonly #exchange: Exchange
  readonly #sessions: NorenSessions
  readonly #clock: () => number
  readonly #values = new Float64Array(FIELD_COUNT)

  constructor(
    market: NorenMarket,
    exchange: Exchange,
    sessions: NorenSessions,
    options: PaceOptions,
    clock: () => number,
  ) {
    super(options, market.table.length)
    this.#market = market
    this.#exchange = exchange
    this.#sessions = sessions
    this.#clock = clock
  }

  /** Tokens are numbers, which may be those of several exchanges, or texts like `NSE|2885`. */
  tickOnce(tokens?: readonly (number | string)[]): number {
    return this.tickPairs(tokens && new Set(tokens.flatMap((token) => this.#placesOf(token))))
  }

  protected override newClient(socket: WebSocket): NorenClient {
    return new NorenClient(socket, this.random)
  }

  /** `NSE|2885`. */
  protected override tokenText(instrument: number): string {
    const { exchange, token } = this.#market.scrip(instrument)
    return `${exchange}|${token}`
  }

  #placesOf(token: number | string): number[] {
    if (typeof token === 'string' && token.includes('|')) return [placeOfKey(token, this.#market)]
    const exchanges = ['NSE', 'BSE', 'NFO', 'BFO', 'CDS', 'MCX']
    return exchanges.map((exchange) => this.#market.find(exchange, Number(token)))
  }

  protected override sendTicks(client: NorenClient, count: number): void {
    let left = count - client.ahead
    while (left > 0) {
      const place = client.subscriptions.nextPlace()
      left -= this.#tick(client, client.subscriptions.instrumentAt(place))
    }
    client.ahead = -left
  }

  protected override tickEach(client: NorenClient, instruments: readonly number[]): void {
    for (const instrument of instruments) this.#tick(client, instrument)
  }

  /** The next tick of a subscribed scrip, in each channel it is in. Returns what is to be counted against the pace. */
  #tick(client: NorenClient, instrument: number): number {
    const channels = client.channelsOf(instrument)
    if (!client.isOpen) return channels.length
    if (client.isSlow) {
      this.skipped += channels.length
      return channels.length
    }
    const { label, last } = client.toldOf(instrument)
    this.#advance(instrument, label, last.get(channels[0]!)!)
    const draw = this.random.next()
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
    this.countPacket(instrument)
    this.send(client, text)
  }

  protected override send(client: NorenClient, frame: Uint8Array | string): void {
    if (client.isOpen) this.framesSent += 1
    super.send(client, frame)
  }

  protected override hear(client: NorenClient, data: RawData, isBinary: boolean): void {
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
    this.send(client, JSON.stringify(ack))
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
          this.send(client, JSON.stringify({ t, k: command.keys }))
        }
        return
      case 'heartbeat':
        if (acksHeartbeat && !this.isMuted) this.send(client, '{"t":"hk"}')
        return
      case 'follow orders':
        if (acksOrders) this.send(client, '{"t":"ok"}')
        return
      default:
        if (acksOrdersEnd) this.send(client, '{"t":"uok"}')
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
