// Zerodha's ticker socket (Kite Connect v3, "WebSocket streaming"): the session rides in the URL, JSON text
// goes out, binary ticks and JSON notices come in, and nothing is acknowledged.
import { decodeKite } from '../../codecs/kite.ts'
import type { TickSink } from '../../codecs/tick.ts'
import type {
  FeedConnection,
  FeedEffect,
  FeedSpec,
  Hosts,
  HttpReply,
  Session,
  Token,
  Want,
} from '../broker.ts'
import { NOTHING } from '../broker.ts'
import { readOrder } from './order-messages.ts'

/** Kite's word for each mode number. */
const MODE_WORDS = ['', 'ltp', 'quote', 'full'] as const

// Kite takes thousands of tokens in one message; small ones keep its answer to a first batch quick.
const TOKENS_PER_MESSAGE = 200

function* messages(action: string, tokens: readonly Token[]): Generator<FeedEffect> {
  for (let at = 0; at < tokens.length; at += TOKENS_PER_MESSAGE) {
    const batch = tokens.slice(at, at + TOKENS_PER_MESSAGE).join(',')
    yield { do: 'send', data: `{"a":"${action}","v":[${batch}]}` }
  }
}

function* modeMessages(mode: number, tokens: readonly Token[]): Generator<FeedEffect> {
  for (let at = 0; at < tokens.length; at += TOKENS_PER_MESSAGE) {
    const batch = tokens.slice(at, at + TOKENS_PER_MESSAGE).join(',')
    yield { do: 'send', data: `{"a":"mode","v":["${MODE_WORDS[mode]}",[${batch}]]}` }
  }
}

/** Reads a text frame: an order, or what people are told; all else needs no answer. */
function readText(text: string, sink: TickSink): readonly FeedEffect[] {
  let message: { type?: unknown; data?: unknown } | null
  try {
    message = JSON.parse(text)
  } catch {
    sink.reject('text frame is not JSON', 0)
    return NOTHING
  }
  const type = message?.type
  if (type === 'order') {
    const told = readOrder(message?.data)
    if ('answer' in told) return [{ do: 'order', record: told.answer }]
    sink.reject('message of an order is not as documented', 0)
    return NOTHING
  }
  if (type !== 'error' && type !== 'message') return NOTHING
  return [{ do: 'notice', text: `${type}: ${String(message?.data)}` }]
}

function connection(hosts: Hosts, session: Session): FeedConnection {
  // The mode last sent per token: a token keeps it until told otherwise.
  const sentModes = new Map<Token, number>()
  return {
    start() {
      const url = new URL(hosts.feed)
      url.searchParams.set('api_key', session.apiKey ?? '')
      url.searchParams.set('access_token', session.accessToken)
      return [{ do: 'connect', url: url.href, headers: { 'X-Kite-Version': '3' } }]
    },
    onReply: () => NOTHING,
    onOpen: () => [{ do: 'live' }],
    onUpgradeRefused(reply: HttpReply) {
      const why = `HTTP ${reply.status} ${reply.body.slice(0, 200)}`.trim()
      const isSessionOver = reply.status === 401 || reply.status === 403
      return [isSessionOver ? { do: 'refused', why } : { do: 'close', why }]
    },
    onFrame(frame, _nowMs, sink) {
      if (typeof frame === 'string') return readText(frame, sink)
      decodeKite(frame, sink)
      return NOTHING
    },
    onTimer: () => NOTHING,
    want(delta: readonly Want[]) {
      const dropped: Token[] = []
      const added: Token[] = []
      const byMode: Token[][] = [[], [], [], []]
      for (const { token, mode } of delta) {
        const sent = sentModes.get(token)
        if (mode === 0) {
          if (sentModes.delete(token)) dropped.push(token)
          continue
        }
        // The same mode wanted again means that the broker has not answered: subscribe anew, it is harmless.
        if (sent === undefined || sent === mode) added.push(token)
        byMode[mode]!.push(token)
        sentModes.set(token, mode)
      }
      return [
        ...messages('unsubscribe', dropped),
        ...messages('subscribe', added),
        ...byMode.flatMap((tokens, mode) => [...modeMessages(mode, tokens)]),
      ]
    },
  }
}

export const feed: FeedSpec = {
  instrumentsPerSocket: 3000,
  socketsMax: 3,
  depthLevels: 5,
  // Kite sends a heartbeat each second when it has nothing else; its own clients give up after five.
  silenceMsMax: 5000,
  tellsOrders: true,
  connection,
  decode(frame, sink) {
    if (typeof frame !== 'string') decodeKite(frame, sink)
  },
}
