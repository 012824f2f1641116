// A WebSocket client for tests: sends requests, keeps everything that comes, and waits for what is expected.
import { once } from 'node:events'
import { unpack } from 'msgpackr'
import WebSocket, { type ClientOptions } from 'ws'
import { type Plant, type Scope, until } from './plant.ts'

export type Message = Record<string, unknown>
export interface Name {
  readonly exchange: string
  readonly symbol: string
}

/** Frames that a symbol's first subscriber gets at once: Kite answers with a quote, then in the mode asked for. */
const FIRST_TICKS = { LTP: 2, Quote: 1, Depth: 1 } as const
export type ModeLabel = keyof typeof FIRST_TICKS

export class StreamClient {
  /** JSON frames in the order in which they came. */
  readonly texts: Message[] = []
  /** Ticks and events of msgpack frames in their order. */
  readonly items: Message[] = []
  /** How many ticks and events each msgpack frame held. */
  readonly itemCounts: number[] = []
  /** Text frames as they came. */
  readonly rawTexts: string[] = []
  closed: { code: number; reason: string } | null = null
  readonly socket: WebSocket

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) {
        const items = unpack(data) as Message[]
        this.items.push(...items)
        this.itemCounts.push(items.length)
        return
      }
      const text = data.toString()
      this.rawTexts.push(text)
      this.texts.push(JSON.parse(text))
    })
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
    })
    // A refused or torn connection shows as `closed`.
    socket.on('error', () => {})
  }

  /** Connects; the connection ends with the test. */
  static async connect(
    context: Scope,
    url: string,
    options: ClientOptions = {},
  ): Promise<StreamClient> {
    const socket = new WebSocket(url, { perMessageDeflate: false, ...options })
    const client = new StreamClient(socket)
    context.after(() => socket.terminate())
    await once(socket, 'open')
    return client
  }

  /** Connects to a plant and authenticates; `options` are added to the request. */
  static async open(
    context: Scope,
    { websocketUrl, engine }: Pick<Plant, 'websocketUrl' | 'engine'>,
    options: Message = {},
  ): Promise<StreamClient> {
    const client = await StreamClient.connect(context, websocketUrl)
    await client.authenticate(engine.localKey, options)
    return client
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** Sends a request and resolves with the next JSON frame that is not market data or an event. */
  async ask(message: unknown): Promise<Message> {
    const before = this.texts.length
    this.send(message)
    return this.nextReply(before)
  }

  async nextReply(from: number): Promise<Message> {
    const isReply = ({ type }: Message) =>
      type !== 'market_data' && type !== 'gap' && type !== 'feed_status'
    return until('a reply', () => this.texts.slice(from).find(isReply))
  }

  /** Authenticates; `options` are added to the request. */
  async authenticate(apiKey: string, options: Message = {}): Promise<Message> {
    return this.ask({ action: 'authenticate', api_key: apiKey, ...options })
  }

  async subscribe(symbols: readonly Name[], mode: unknown): Promise<Message> {
    return this.ask({ action: 'subscribe', symbols: namesOf(symbols), mode })
  }

  async unsubscribe(symbols: readonly Name[], mode?: unknown): Promise<Message> {
    return this.ask({ action: 'unsubscribe', symbols: namesOf(symbols), mode })
  }

  /** Subscribes to symbols that nobody else holds, and waits until the broker ticks them in this mode. */
  async stream(symbols: readonly Name[], mode: ModeLabel): Promise<void> {
    const before = this.tickCount
    await this.subscribe(symbols, mode)
    await this.waitForTicks(before + symbols.length * FIRST_TICKS[mode])
  }

  /** Waits until so many ticks, of all symbols and modes, have come since the connection began. */
  async waitForTicks(count: number): Promise<void> {
    await until(`${count} ticks (${this.tickCount} came)`, () => this.tickCount >= count)
  }

  /** The market data frames so far. */
  get ticks(): Message[] {
    return this.texts.filter(({ type }) => type === 'market_data')
  }

  /** The `data` of the market data frames of one symbol so far. */
  dataOf(symbol: string): Message[] {
    const frames = this.ticks.filter((frame) => frame.symbol === symbol)
    return frames.map(({ data }) => data as Message)
  }

  get tickCount(): number {
    return this.ticks.length + this.items.filter(({ type }) => type === undefined).length
  }
}

/** The names alone: a request says nothing more of a symbol. */
function namesOf(symbols: readonly Name[]): Name[] {
  return symbols.map(({ exchange, symbol }) => ({ exchange, symbol }))
}
