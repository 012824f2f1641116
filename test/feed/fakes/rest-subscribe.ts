// A broker that takes subscriptions by REST, fifty at a time and one call after another. The reply is the snapshot;
// later ticks come by the socket, which speaks Engine.IO's text frames and wants to be pinged. Subscriptions belong
// to the session, so that after a drop the broker may say that it has them already.
import type { FeedConnection, FeedEffect, Hosts, Session, Want } from '../../../adapters/broker.ts'
import { NOTHING } from '../../../adapters/broker.ts'
import { MODE_DEPTH, MODE_LTP, MODE_QUOTE, type Mode, type TickSink } from '../../../codecs/tick.ts'
import { describeFake, emitTick, type FakeLevel } from './describe-fake.ts'

const INSTRUMENTS_PER_CALL = 50

/** The broker's message code of each mode, and back. */
const CODES = [0, 1512, 1501, 1502] as const
const MODES: ReadonlyMap<number, Mode> = new Map([
  [1512, MODE_LTP],
  [1501, MODE_QUOTE],
  [1502, MODE_DEPTH],
])

interface Call {
  readonly method: 'POST' | 'PUT'
  readonly code: number
  readonly wants: readonly Want[]
}

interface Quote {
  readonly MessageCode: number
  readonly ExchangeSegment: number
  readonly ExchangeInstrumentID: number
  readonly LastTradedPrice: number
  readonly TotalTradedQuantity?: number
  readonly Bids?: readonly FakeLevel[]
}

function emitQuote(text: string, sink: TickSink): void {
  const quote = JSON.parse(text) as Quote
  emitTick(sink, {
    segment: quote.ExchangeSegment,
    token: quote.ExchangeInstrumentID,
    mode: MODES.get(quote.MessageCode)!,
    values: { ltp: quote.LastTradedPrice, volume: quote.TotalTradedQuantity },
    buy: quote.Bids ?? [],
  })
}

function connection(hosts: Hosts, session: Session): FeedConnection {
  const waiting: Call[] = []
  const codes = new Map<number, number>()
  let current: Call | null = null
  let pingEveryMs = 0

  const begin = (call: Call): FeedEffect[] => {
    current = call
    const instruments = call.wants.map(({ segment, token }) => {
      return { exchangeSegment: segment, exchangeInstrumentID: token }
    })
    const request = {
      method: call.method,
      url: `${hosts.rest}/subscription`,
      headers: { authorization: session.accessToken },
      json: { instruments, xtsMessageCode: call.code },
    }
    return [{ do: 'request', id: 'subscription', request }]
  }
  const beginNext = (): FeedEffect[] => {
    current = null
    const next = waiting.shift()
    return next ? begin(next) : []
  }
  const queue = (method: Call['method'], code: number, wants: readonly Want[]) => {
    for (let at = 0; at < wants.length; at += INSTRUMENTS_PER_CALL) {
      waiting.push({ method, code, wants: wants.slice(at, at + INSTRUMENTS_PER_CALL) })
    }
  }

  return {
    start() {
      const token = encodeURIComponent(session.accessToken)
      return [{ do: 'connect', url: `${hosts.feed}/?token=${token}&EIO=3` }]
    },
    onReply(_id, reply, _nowMs, sink) {
      const call = current!
      if (reply.status === 401) return [{ do: 'refused', why: reply.body }]
      const { code, result } = JSON.parse(reply.body) as {
        code: string
        result?: { listQuotes: string[] }
      }
      if (code === 'e-session-0002') {
        waiting.unshift({ ...call, method: 'PUT' }, call)
        return beginNext()
      }
      if (reply.status !== 200) return [{ do: 'close', why: `HTTP ${reply.status} ${code}` }]
      for (const quote of result?.listQuotes ?? []) emitQuote(quote, sink)
      return beginNext()
    },
    onOpen: () => NOTHING,
    onUpgradeRefused: ({ status }) => [{ do: 'refused', why: `HTTP ${status}` }],
    onFrame(frame, nowMs, sink) {
      const text = frame as string
      if (text.startsWith('0')) {
        pingEveryMs = (JSON.parse(text.slice(1)) as { pingInterval: number }).pingInterval
        return [{ do: 'wakeAt', atMs: nowMs + pingEveryMs }]
      }
      if (!text.startsWith('42')) return NOTHING
      const [event, argument] = JSON.parse(text.slice(2)) as [string, string]
      if (event === 'joined') return [{ do: 'live' }]
      if (event.endsWith('-json-full')) emitQuote(argument, sink)
      return NOTHING
    },
    onTimer: (nowMs) => [
      { do: 'send', data: '2' },
      { do: 'wakeAt', atMs: nowMs + pingEveryMs },
    ],
    want(delta) {
      for (const code of CODES) {
        // An instrument whose mode changes leaves the code that it had.
        const left = delta.filter(({ instrument, mode }) => {
          return codes.get(instrument) === code && CODES[mode] !== code
        })
        queue('PUT', code, left)
        if (code !== 0)
          queue(
            'POST',
            code,
            delta.filter(({ mode }) => CODES[mode] === code),
          )
      }
      for (const { instrument, mode } of delta) {
        if (mode === 0) codes.delete(instrument)
        else codes.set(instrument, CODES[mode])
      }
      return current === null ? beginNext() : NOTHING
    },
  }
}

export default describeFake('rest_subscribe', { silenceMsMax: 5000, connection })
