import type { WebSocket } from 'ws'
import { type FakeAnswer, type FakeCall, FakeServer } from './fake-server.ts'

const PING_INTERVAL_MS = 100
/** Many pings, so that a machine that stands still for a while does not look like silence. */
const PING_TIMEOUT_MS = 2000
const INSTRUMENTS_PER_CALL_MAX = 50

interface Subscription {
  readonly instruments: readonly { exchangeSegment: number; exchangeInstrumentID: number }[]
  readonly xtsMessageCode: number
}

/** The server of the broker in rest-subscribe.ts. */
export class RestSubscribeServer extends FakeServer {
  readonly id = 'rest_subscribe'
  readonly module = 'rest-subscribe'
  /** The session's subscriptions as `CODE|SEGMENT|TOKEN`; they outlive its sockets. */
  readonly subscribed = new Set<string>()
  /** Instruments per call, as `POST 50`. */
  readonly calls: string[] = []
  /** When each call was replied to, epoch ms. */
  readonly repliedAtMs: number[] = []
  /** Calls that were refused because the session had the subscription. */
  alreadyThere = 0
  pings = 0
  cutOff = 0
  readonly #accessToken: string

  constructor(accessToken: string) {
    super()
    this.#accessToken = accessToken
  }

  /** Sends one tick to every socket, under each code that the instrument is subscribed with. */
  tick(segment: number, token: number, price: number): void {
    for (const socket of this.sockets) {
      for (const code of [1512, 1501, 1502]) {
        if (!this.subscribed.has(`${code}|${segment}|${token}`)) continue
        const event = [`${code}-json-full`, quote(code, segment, token, price)]
        socket.send(`42${JSON.stringify(event)}`)
      }
    }
  }

  protected override refuse(url: URL): FakeAnswer | null {
    if (url.searchParams.get('token') === this.#accessToken) return null
    return { status: 401, body: { type: 'error' } }
  }

  protected override rest({ method, authorization, body }: FakeCall): FakeAnswer {
    if (authorization !== this.#accessToken) return { status: 401, body: { type: 'error' } }
    const { instruments, xtsMessageCode } = body as Subscription
    this.calls.push(`${method} ${instruments.length}`)
    this.repliedAtMs.push(Date.now())
    if (instruments.length > INSTRUMENTS_PER_CALL_MAX) {
      return { status: 400, body: { type: 'error', code: 'e-too-many' } }
    }
    const keys = instruments.map(({ exchangeSegment, exchangeInstrumentID }) => {
      return `${xtsMessageCode}|${exchangeSegment}|${exchangeInstrumentID}`
    })
    if (method === 'PUT') {
      for (const key of keys) this.subscribed.delete(key)
      return { status: 200, body: { type: 'success', code: 's-session-0001' } }
    }
    if (keys.some((key) => this.subscribed.has(key))) {
      this.alreadyThere += 1
      return { status: 400, body: { type: 'error', code: 'e-session-0002' } }
    }
    for (const key of keys) this.subscribed.add(key)
    const listQuotes = instruments.map(({ exchangeSegment, exchangeInstrumentID }) => {
      return quote(xtsMessageCode, exchangeSegment, exchangeInstrumentID, exchangeInstrumentID)
    })
    return {
      status: 200,
      body: { type: 'success', code: 's-session-0001', result: { listQuotes } },
    }
  }

  protected override onSocket(socket: WebSocket): void {
    const silence = setTimeout(() => {
      this.cutOff += 1
      socket.terminate()
    }, PING_INTERVAL_MS + PING_TIMEOUT_MS)
    socket.on('close', () => clearTimeout(silence))
    socket.on('message', (data) => {
      silence.refresh()
      if (String(data) !== '2') return
      this.pings += 1
      socket.send('3')
    })
    socket.send(`0${JSON.stringify({ pingInterval: PING_INTERVAL_MS })}`)
    socket.send('40')
    socket.send('42["joined","{}"]')
  }
}

function quote(code: number, segment: number, token: number, price: number): string {
  return JSON.stringify({
    MessageCode: code,
    ExchangeSegment: segment,
    ExchangeInstrumentID: token,
    LastTradedPrice: price,
    ...(code === 1512 ? {} : { TotalTradedQuantity: 1000 }),
    ...(code === 1502 ? { Bids: [{ price: price - 1, quantity: 7 }] } : {}),
  })
}
