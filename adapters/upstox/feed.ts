// Upstox's Market Data Feed V3: a REST call hands out a URL that is good once, requests are JSON in binary frames, and
// what comes back are incremental Protocol Buffers messages. Errors come as JSON text.
import { MODE_DEPTH, MODE_LTP, type Mode, type TickSink } from '../../codecs/tick.ts'
import { decodeUpstox } from '../../codecs/upstox.ts'
import { UpstoxRecords } from '../../codecs/upstox-records.ts'
import type {
  FeedConnection,
  FeedEffect,
  FeedSpec,
  Hosts,
  HttpReply,
  Session,
  Want,
} from '../broker.ts'
import { NOTHING } from '../broker.ts'
import { callHeaders, errorWords, isObject, parseObject, refusalOf } from './envelope.ts'

const AUTHORIZE = 'authorize'
const AUTHORIZE_PATH = '/v3/feed/market-data-feed/authorize'

// In a closed market nothing comes but the pongs to our pings.
const PING_EVERY_MS = 10_000
const SILENCE_MS_MAX = 30_000

// Each key takes some 25 bytes, so that a message stays below 16 kB and its first snapshots come soon.
const KEYS_PER_MESSAGE = 500

/** What Upstox allows by subscription: sockets per user, levels per side, and instruments that may have 30 of them. */
interface Plan {
  readonly socketsMax: number
  readonly depthLevels: number
  readonly deepPerSocket: number
}
const BASIC: Plan = { socketsMax: 2, depthLevels: 5, deepPerSocket: 0 }
const PLUS: Plan = { socketsMax: 5, depthLevels: 30, deepPerSocket: 50 }

// The lowest of the limits per mode: a socket that mixes modes may carry so many in `full`.
const INSTRUMENTS_PER_SOCKET = 1500

type ModeWord = 'ltpc' | 'full' | 'full_d30'
const MODE_WORDS: readonly ModeWord[] = ['ltpc', 'full', 'full_d30']

/** Reads the reply of the authorize call: the URL to connect to, or why there is none. */
function readAuthorization(reply: HttpReply): readonly FeedEffect[] {
  if (reply.status === 401) return [{ do: 'refused', why: refusalOf(reply) }]
  if (reply.status !== 200) return [{ do: 'close', why: refusalOf(reply) }]
  const data = parseObject(reply.body)?.data
  const { authorized_redirect_uri, authorizedRedirectUri } = isObject(data) ? data : {}
  const url = authorized_redirect_uri ?? authorizedRedirectUri
  if (typeof url !== 'string' || !/^wss?:\/\//.test(url)) {
    return [{ do: 'close', why: 'the authorize call gave no WebSocket URL' }]
  }
  return [{ do: 'connect', url }]
}

/** Reads a text frame: a request that failed becomes a notice, all else needs no answer. */
function readText(text: string, sink: TickSink): readonly FeedEffect[] {
  const message = parseObject(text)
  if (message === null) {
    sink.reject('text frame is not a JSON object', 0)
    return NOTHING
  }
  const { status, method, error } = message
  const words = errorWords(error)
  if (words === null && status !== 'failed') return NOTHING
  const what = typeof method === 'string' ? `${method} failed` : 'request failed'
  return [{ do: 'notice', text: `${what}: ${words ?? 'without a reason'}` }]
}

class UpstoxConnection implements FeedConnection {
  readonly #hosts: Hosts
  readonly #session: Session
  readonly #deepPerSocket: number
  readonly #records: UpstoxRecords
  /** The mode last sent per key: a key has one until told otherwise. */
  readonly #sent = new Map<string, ModeWord>()
  #deep = 0
  #messages = 0

  constructor(hosts: Hosts, session: Session, { depthLevels, deepPerSocket }: Plan) {
    this.#hosts = hosts
    this.#session = session
    this.#deepPerSocket = deepPerSocket
    this.#records = new UpstoxRecords(INSTRUMENTS_PER_SOCKET, depthLevels)
  }

  start(): readonly FeedEffect[] {
    // Also where the feed's host is configured: the socket's URL is the broker's to hand out.
    const url = this.#hosts.rest + AUTHORIZE_PATH
    const headers = callHeaders(this.#session.accessToken)
    return [{ do: 'request', id: AUTHORIZE, request: { method: 'GET', url, headers } }]
  }

  onReply(id: string, reply: HttpReply): readonly FeedEffect[] {
    return id === AUTHORIZE ? readAuthorization(reply) : NOTHING
  }

  onOpen(nowMs: number): readonly FeedEffect[] {
    return [{ do: 'live' }, { do: 'wakeAt', atMs: nowMs + PING_EVERY_MS }]
  }

  onUpgradeRefused(reply: HttpReply): readonly FeedEffect[] {
    // A URL that was used or is too old says nothing about the session: the next authorize call does.
    return [{ do: 'close', why: refusalOf(reply) }]
  }

  onFrame(frame: Uint8Array | string, _nowMs: number, sink: TickSink): readonly FeedEffect[] {
    if (typeof frame === 'string') return readText(frame, sink)
    decodeUpstox(frame, sink, this.#records)
    return NOTHING
  }

  onTimer(nowMs: number): readonly FeedEffect[] {
    return [{ do: 'ping' }, { do: 'wakeAt', atMs: nowMs + PING_EVERY_MS }]
  }

  want(delta: readonly Want[], nowMs: number): readonly FeedEffect[] {
    const left: string[] = []
    const byWord: Record<ModeWord, string[]> = { ltpc: [], full: [], full_d30: [] }
    for (const { token, mode } of delta) {
      if (mode === 0 && this.#drop(String(token))) left.push(String(token))
    }
    // Books last, because what gives up its 30 levels makes room for another.
    const come = delta.filter(({ mode }) => mode !== 0)
    for (const { token, mode } of come.toSorted((one, other) => one.mode - other.mode)) {
      // The same mode wanted again means that the broker has not answered: subscribing anew is harmless.
      byWord[this.#take(String(token), mode as Mode)].push(String(token))
    }
    return [
      ...this.#requests('unsub', null, left, nowMs),
      ...MODE_WORDS.flatMap((word) => this.#requests('sub', word, byWord[word], nowMs)),
    ]
  }

  #drop(key: string): boolean {
    this.#records.forget(key)
    if (this.#sent.get(key) === 'full_d30') this.#deep -= 1
    return this.#sent.delete(key)
  }

  /** Notes that a key is wanted and answers the mode to ask for. A new mode replaces the one before. */
  #take(key: string, mode: Mode): ModeWord {
    this.#records.want(key, mode)
    if (this.#sent.get(key) === 'full_d30') this.#deep -= 1
    const isDeep = mode === MODE_DEPTH && this.#deep < this.#deepPerSocket
    const word = mode === MODE_LTP ? 'ltpc' : isDeep ? 'full_d30' : 'full'
    if (word === 'full_d30') this.#deep += 1
    this.#sent.set(key, word)
    return word
  }

  /** JSON in binary frames: the broker passes over requests in text frames. */
  #requests(
    method: 'sub' | 'unsub',
    mode: ModeWord | null,
    keys: readonly string[],
    nowMs: number,
  ): FeedEffect[] {
    const effects: FeedEffect[] = []
    for (let at = 0; at < keys.length; at += KEYS_PER_MESSAGE) {
      const guid = `${nowMs.toString(36)}-${++this.#messages}`
      const instrumentKeys = keys.slice(at, at + KEYS_PER_MESSAGE)
      const data = mode === null ? { instrumentKeys } : { mode, instrumentKeys }
      const text = JSON.stringify({ guid, method, data })
      effects.push({ do: 'send', data: new TextEncoder().encode(text) })
    }
    return effects
  }
}

function feedOf(plan: Plan): FeedSpec {
  return {
    instrumentsPerSocket: INSTRUMENTS_PER_SOCKET,
    socketsMax: plan.socketsMax,
    depthLevels: plan.depthLevels,
    silenceMsMax: SILENCE_MS_MAX,
    connection: (hosts, session) => new UpstoxConnection(hosts, session, plan),
    decode(frame, sink) {
      if (typeof frame !== 'string') decodeUpstox(frame, sink)
    },
  }
}

export const feed = feedOf(BASIC)
/** Upstox Plus. */
export const plusFeed = feedOf(PLUS)
