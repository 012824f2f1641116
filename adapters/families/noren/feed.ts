// The market data socket of NorenOMS: JSON text both ways. Nothing may be subscribed before the session is
// acknowledged, a touchline and a book are subscribed apart, and updates bring only what changed.
import { decodeNoren } from '../../../codecs/noren.ts'
import {
  LEVELS,
  NOREN_DEPTH,
  NOREN_MESSAGE,
  NOREN_TOUCHLINE,
} from '../../../codecs/noren-fields.ts'
import { NorenFrame } from '../../../codecs/noren-frame.ts'
import { MODE_DEPTH, MODE_LTP, MODE_QUOTE, type TickSink } from '../../../codecs/tick.ts'
import type {
  FeedConnection,
  FeedEffect,
  FeedSpec,
  Hosts,
  HttpReply,
  Session,
  Want,
} from '../../broker.ts'
import { NOTHING } from '../../broker.ts'
import { CODES, type Kind, kindOf, type Scrip, Scrips } from './scrips.ts'

const ACK_MS_MAX = 15_000
const HEARTBEAT_EVERY_MS = 30_000
// No limit is published: so many, so far apart, are what other clients were seen to get along with.
const SCRIPS_PER_MESSAGE = 100
const MESSAGE_EVERY_MS = 100
const WORDS_MAX = 200

const ACKNOWLEDGEMENTS: readonly unknown[] = ['ak', 'ck']
/** Texts that mean the session is over, wherever they stand. */
const SESSION_OVER = /invalid session|session expired|unauthori[sz]ed|forbidden/i

const SUBSCRIBE = { [NOREN_TOUCHLINE]: 't', [NOREN_DEPTH]: 'd' } as const
const UNSUBSCRIBE = { [NOREN_TOUCHLINE]: 'u', [NOREN_DEPTH]: 'ud' } as const
interface Message {
  readonly isSubscribing: boolean
  readonly kind: Kind
  readonly scrips: readonly Scrip[]
}

/** What may be in a message to people; none of it can be trusted to be there. */
interface Notice {
  readonly t?: unknown
  readonly s?: unknown
  readonly emsg?: unknown
}

function wordsOf({ s, emsg }: Notice): string {
  const words = [s, emsg].filter((word) => typeof word === 'string' && word !== '')
  return words.join(': ').slice(0, WORDS_MAX) || 'without a reason'
}

class NorenConnection implements FeedConnection {
  readonly #hosts: Hosts
  readonly #session: Session
  readonly #scrips = new Scrips()
  readonly #waiting: Message[] = []
  readonly #frame = new NorenFrame()
  #isLive = false
  /** When the acknowledgement must be there; then, when the next heartbeat goes out. */
  #dueMs = 0
  #nextMessageMs = 0

  constructor(hosts: Hosts, session: Session) {
    this.#hosts = hosts
    this.#session = session
  }

  start(): readonly FeedEffect[] {
    return [{ do: 'connect', url: this.#hosts.feed }]
  }

  onReply(): readonly FeedEffect[] {
    return NOTHING
  }

  onOpen(nowMs: number): readonly FeedEffect[] {
    const { userId: uid, accessToken: accesstoken } = this.#session
    this.#dueMs = nowMs + ACK_MS_MAX
    const data = JSON.stringify({ t: 'a', uid, actid: uid, source: 'API', accesstoken })
    return [{ do: 'send', data }, this.#wake()]
  }

  onUpgradeRefused({ status, body }: HttpReply): readonly FeedEffect[] {
    const why = `HTTP ${status} ${body.slice(0, WORDS_MAX)}`.trim()
    const isSessionOver = status === 401 || status === 403
    return [isSessionOver ? { do: 'refused', why } : { do: 'close', why }]
  }

  onFrame(bytes: Uint8Array | string, nowMs: number, sink: TickSink): readonly FeedEffect[] {
    const frame = this.#frame
    const reason = frame.read(bytes)
    if (reason !== null) {
      sink.reject(reason, 0)
      return NOTHING
    }
    if (frame.kind === NOREN_MESSAGE) return this.#onMessage(bytes, nowMs)
    const scrip = this.#scrips.ofFrame(frame)
    // Frames come for a while after a scrip was unsubscribed.
    if (scrip === undefined || !scrip.takes(frame.kind)) return NOTHING
    this.#deliver(scrip, frame, sink)
    return NOTHING
  }

  /** Tells of a scrip, unless only its last price is wanted and an update has none. */
  #deliver(scrip: Scrip, frame: NorenFrame, sink: TickSink): void {
    const { record, mode } = scrip
    const isFirst = (scrip.known & frame.kind) === 0
    record.merge(frame)
    scrip.known |= frame.kind
    const isDepth = frame.kind === NOREN_DEPTH
    if (mode === MODE_LTP && !isDepth && !isFirst && !frame.hasTrade) return
    sink.tick.segment = scrip.segment
    sink.tick.token = scrip.token
    record.fill(sink.tick, isDepth ? MODE_DEPTH : mode === MODE_LTP ? MODE_LTP : MODE_QUOTE)
    sink.emit()
  }

  #onMessage(bytes: Uint8Array | string, nowMs: number): readonly FeedEffect[] {
    const text = typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes)
    const message = JSON.parse(text) as Notice
    if (ACKNOWLEDGEMENTS.includes(message.t)) return this.#onAcknowledgement(message, nowMs)
    // Orders, alerts and answers to heartbeats are of no concern here; their reasons stand in other fields.
    if (typeof message.emsg !== 'string') return NOTHING
    const words = wordsOf(message)
    return [
      SESSION_OVER.test(words) ? { do: 'refused', why: words } : { do: 'notice', text: words },
    ]
  }

  #onAcknowledgement(message: Notice, nowMs: number): readonly FeedEffect[] {
    if (String(message.s).toUpperCase() !== 'OK') return [{ do: 'refused', why: wordsOf(message) }]
    if (this.#isLive) return NOTHING
    this.#isLive = true
    this.#dueMs = nowMs + HEARTBEAT_EVERY_MS
    // What is wanted is asked for while `live` is carried out, and then wakes earlier: it comes last.
    return [this.#wake(), { do: 'live' }]
  }

  onTimer(nowMs: number): readonly FeedEffect[] {
    const isDue = nowMs >= this.#dueMs
    if (!this.#isLive) {
      const why = 'the session was not acknowledged within 15 s'
      return [isDue ? { do: 'close', why } : this.#wake()]
    }
    const effects: FeedEffect[] = []
    if (isDue) {
      this.#dueMs = nowMs + HEARTBEAT_EVERY_MS
      // Not every broker of the family answers a heartbeat, but the pong shows that the line is alive.
      effects.push({ do: 'send', data: '{"t":"h"}' }, { do: 'ping' })
    }
    effects.push(...this.#sendNext(nowMs), this.#wake())
    return effects
  }

  want(delta: readonly Want[], nowMs: number): readonly FeedEffect[] {
    const lists = { left: both(), wanted: both(), replaced: both() }
    for (const want of delta) this.#take(want, lists)
    this.#queue(false, lists.left)
    this.#queue(true, lists.wanted)
    this.#queue(false, lists.replaced)
    return [...this.#sendNext(nowMs), this.#wake()]
  }

  /** Sorts out what has to be sent for one scrip. */
  #take({ segment, token, mode }: Want, lists: Record<'left' | 'wanted' | 'replaced', Both>): void {
    const known = this.#scrips.get(segment, token)
    if (mode === 0) {
      if (known === undefined || known.planned === 0) return
      lists.left[known.planned].push(known)
      known.planned = 0
      known.mode = 0
      return
    }
    // The rows of this family have no other tokens.
    if (typeof token !== 'number' || !CODES.has(segment)) return
    const scrip = known ?? this.#scrips.add(segment, token)
    const kind = kindOf(mode) as Kind
    const before = { kind: scrip.planned, mode: scrip.mode }
    scrip.mode = mode
    scrip.planned = kind
    if (before.kind !== 0 && before.kind !== kind) lists.replaced[before.kind].push(scrip)
    // A touchline tells more than a last price already; all else, the same mode too, is to be answered anew.
    const isLess = before.kind === kind && mode < before.mode
    if (!isLess) lists.wanted[kind].push(scrip)
  }

  #queue(isSubscribing: boolean, scrips: Both): void {
    for (const kind of [NOREN_TOUCHLINE, NOREN_DEPTH] as const) {
      const all = scrips[kind]
      for (let at = 0; at < all.length; at += SCRIPS_PER_MESSAGE) {
        const batch = all.slice(at, at + SCRIPS_PER_MESSAGE)
        this.#waiting.push({ isSubscribing, kind, scrips: batch })
      }
    }
  }

  /** The next waiting message, if its time has come. */
  #sendNext(nowMs: number): readonly FeedEffect[] {
    const message = nowMs >= this.#nextMessageMs ? this.#waiting.shift() : undefined
    if (message === undefined) return []
    this.#nextMessageMs = nowMs + MESSAGE_EVERY_MS
    const { isSubscribing, kind, scrips } = message
    for (const scrip of scrips) {
      if (isSubscribing) scrip.subscribed |= kind
      else this.#onUnsubscribed(scrip, kind)
    }
    const t = (isSubscribing ? SUBSCRIBE : UNSUBSCRIBE)[kind]
    const k = scrips.map(({ name }) => name).join('#')
    return [{ do: 'send', data: JSON.stringify({ t, k }) }]
  }

  #onUnsubscribed(scrip: Scrip, kind: Kind): void {
    scrip.subscribed &= ~kind
    scrip.known &= ~kind
    if (kind === NOREN_DEPTH) scrip.record.forgetBook()
    if (scrip.subscribed === 0 && scrip.planned === 0) this.#scrips.delete(scrip)
  }

  #wake(): FeedEffect {
    const atMs =
      this.#waiting.length === 0 ? this.#dueMs : Math.min(this.#dueMs, this.#nextMessageMs)
    return { do: 'wakeAt', atMs }
  }
}

/** Scrips by the kind of their subscription. */
type Both = Record<Kind, Scrip[]>
const both = (): Both => ({ [NOREN_TOUCHLINE]: [], [NOREN_DEPTH]: [] })

/** The feed of every broker of the family. */
export const feed: FeedSpec = {
  // No broker of the family publishes a limit. Other clients claim 5000 scrips, of which nobody has seen a proof.
  instrumentsPerSocket: 1000,
  // One socket per account is what the documentation allows, and a second one was seen to work for orders only.
  socketsMax: 1,
  depthLevels: LEVELS,
  silenceMsMax: 120_000,
  connection: (hosts, session) => new NorenConnection(hosts, session),
  decode: (frame, sink) => decodeNoren(frame, sink),
}
