// The contract between the engine and a broker.
//
// A broker is data and pure functions: it opens no socket, reads no clock, logs nothing and retries nothing.
// The engine connects, paces, retries, measures and logs, once for all of them. docs/adr/0001 tells why it has
// this shape and which wires it was held against.
import type { Mode, TickSink } from '../codecs/tick.ts'
import type { OrderRecord, OrdersSpec } from './orders.ts'

/** A part of the contract that a broker does not offer, with the reason that the support matrix prints. */
export interface Unsupported {
  readonly unsupported: string
}
export type Supported<Part> = Part | Unsupported

/** Marks a missing part; `why` is shown to users. */
export function unsupported(why: string): Unsupported {
  return { unsupported: why }
}

/** Tells a part that is there from one that is not. */
export function isSupported<Part extends object>(part: Supported<Part>): part is Part {
  return !('unsupported' in part)
}

export interface Hosts {
  /** Root of the REST API, without a trailing slash. */
  readonly rest: string
  /** URL of the feed, scheme ws or wss. */
  readonly feed: string
  /** Root of the page where a person signs in, where there is one. */
  readonly login?: string
}

/** What the user supplies, by the names that `credentials` lists. */
export type Credentials = Readonly<Record<string, string>>
/** What sign-in yields, by the names of the broker's choice; `accessToken` is there for all. */
export type Session = Readonly<Record<string, string>> & { readonly accessToken: string }

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as application/x-www-form-urlencoded. */
  readonly form?: Readonly<Record<string, string>>
  /** Sent as application/json. */
  readonly json?: unknown
  /** Sent as it is, UTF-8; text/plain unless `headers` say otherwise. */
  readonly text?: string
}

export interface HttpReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface CredentialField {
  readonly name: string
  readonly secret: boolean
  /** When it must be there: for every session, only to sign in where no access token is given, or never. */
  readonly needed: 'always' | 'to-sign-in' | 'never'
  readonly help: string
}

/** New values, with the end of the session (epoch ms) where the reply tells it; or the broker's words for a refusal. */
export type SignInOutcome =
  | { readonly values: Credentials; readonly expiresAtMs?: number }
  | { readonly refused: string }

/** One call of a sign-in; its result is merged into what the next step sees. */
export interface SignInStep {
  request(hosts: Hosts, known: Credentials, nowMs: number): HttpRequest
  read(reply: HttpReply, known: Credentials, nowMs: number): SignInOutcome
}

/** The call that buys a new access token before the old one ends. */
export interface RefreshStep extends SignInStep {
  /** The value from the sign-in that it takes: a session that came without it cannot be refreshed. */
  readonly needs: string
}

export interface SignIn {
  readonly credentials: readonly CredentialField[]
  /**
   * The page a person opens first, where the broker wants one. It leads back with the credential named `yields`, in a
   * parameter of that name.
   */
  readonly page?: {
    /** `state` is a text without meaning that only this sign-in knows; it goes where the broker takes one. */
    url(hosts: Hosts, known: Credentials, state?: string): string
    readonly yields: string
    /** The page leads back with `state` in a parameter of that name. */
    readonly bringsState?: true
  }
  readonly steps: readonly SignInStep[]
  /**
   * When the broker ends all sessions of a day, `HH:MM` in Indian time; absent where it has no such hour. It is taken
   * for a hint: what holds is whether the broker still accepts the session.
   */
  readonly expiresAt?: string
  readonly refresh?: RefreshStep
}

/**
 * A broker's own mark of an instrument: a uint32, or else 1 to 100 characters of ASCII (`NSE_EQ|INE002A01018`, an index
 * name), which the feed repeats byte for byte.
 */
export type Token = number | string

/** One instrument that the engine wants at another mode than before; mode 0: no longer wanted. */
export interface Want {
  readonly instrument: number
  readonly segment: number
  readonly token: Token
  readonly mode: Mode | 0
}

/** What a connection asks the engine to do, in order. */
export type FeedEffect =
  /** Open the socket. The URL may hold secrets: the engine never logs its query. */
  | {
      readonly do: 'connect'
      readonly url: string
      readonly headers?: Readonly<Record<string, string>>
      readonly protocols?: readonly string[]
    }
  /** Make a REST call; the reply comes to `onReply` under the same id. */
  | { readonly do: 'request'; readonly id: string; readonly request: HttpRequest }
  | { readonly do: 'send'; readonly data: string | Uint8Array }
  /** Send a WebSocket ping. The pong counts as life, for brokers that say nothing while nothing trades. */
  | { readonly do: 'ping' }
  /** The broker takes subscriptions from here on: the engine calls `want`. */
  | { readonly do: 'live' }
  /** The credentials are not accepted: stay away until there are new ones. */
  | { readonly do: 'refused'; readonly why: string }
  /** This socket is of no more use: close it and connect again. */
  | { readonly do: 'close'; readonly why: string }
  /** Call `onTimer` at this time (epoch ms); a later effect replaces an earlier one. */
  | { readonly do: 'wakeAt'; readonly atMs: number }
  /** The broker said something to people: log it. */
  | { readonly do: 'notice'; readonly text: string }
  /** The broker told of an order of the account. The same may be told again, and by every socket. */
  | { readonly do: 'order'; readonly record: OrderRecord }

/** The answer of most frames: nothing to do. Shared, so that a tick costs no array. */
export const NOTHING: readonly FeedEffect[] = Object.freeze([])

/**
 * One socket to a broker, as a state machine without I/O. The engine makes one object per socket and drops it
 * with the socket: decoder state, partial records, topic ids and acknowledgements live and die here. Effects are
 * carried out in their order; what follows a `close` or `refused` is left out.
 */
export interface FeedConnection {
  /** First call: what must happen before the socket opens, or `connect` at once. */
  start(nowMs: number): readonly FeedEffect[]
  /** The reply to a `request`; status 0 when no reply came. Ticks that it carries go to the sink. */
  onReply(id: string, reply: HttpReply, nowMs: number, sink: TickSink): readonly FeedEffect[]
  /** The socket opened. */
  onOpen(nowMs: number): readonly FeedEffect[]
  /** The broker refused the WebSocket upgrade with this HTTP reply. */
  onUpgradeRefused(reply: HttpReply): readonly FeedEffect[]
  /**
   * A frame: bytes of a binary one, good only during the call, or text of a text one. Ticks go to the sink, always
   * as the full known record; an index wanted with depth answers in mode depth with empty sides.
   */
  onFrame(frame: Uint8Array | string, nowMs: number, sink: TickSink): readonly FeedEffect[]
  onTimer(nowMs: number): readonly FeedEffect[]
  /**
   * Called only while live. Each instrument occurs once, with the one mode that the engine wants now; the mode that
   * it had already means that no tick answered, and that the broker is to be asked anew.
   */
  want(delta: readonly Want[], nowMs: number): readonly FeedEffect[]
}

export interface FeedSpec {
  /** Instruments one socket carries, and sockets one session may open. */
  readonly instrumentsPerSocket: number
  readonly socketsMax: number
  /** Deepest book the feed delivers, levels per side. */
  readonly depthLevels: number
  /** A socket without any frame for this long is dead. */
  readonly silenceMsMax: number
  /** Every socket that is live tells of each change of each order of the account, without being asked. */
  readonly tellsOrders?: true
  connection(hosts: Hosts, session: Session): FeedConnection
  /**
   * Decodes one frame without a connection, for people who look at bytes: what this frame alone tells. A frame
   * without ticks gives none.
   */
  decode(frame: Uint8Array | string, sink: TickSink): void
}

export const INSTRUMENT_TYPES = ['EQ', 'FUT', 'CE', 'PE', 'INDEX'] as const
export type InstrumentType = (typeof INSTRUMENT_TYPES)[number]

/** One row of the symtoken store: the same columns for every broker. */
export interface InstrumentRow {
  /** Common exchange code, for example `NSE`, `NFO`, `NSE_INDEX`. */
  readonly exchange: string
  /** Common symbol, unique within the exchange. */
  readonly symbol: string
  readonly name: string
  readonly brokerSymbol: string
  readonly brokerExchange: string
  /** The broker's token as the feed answers with it. */
  readonly token: Token
  /** The broker's segment where tokens repeat between segments, else 0. */
  readonly segment: number
  /** The exchange's own token, where the broker tells it. */
  readonly exchangeToken: string | null
  /** `YYYY-MM-DD`, or null. */
  readonly expiry: string | null
  /** Rupees, or null. */
  readonly strike: number | null
  /** Units in one lot. */
  readonly lotSize: number
  readonly instrumentType: InstrumentType
  /** Rupees. */
  readonly tickSize: number
  /** Units of one order above which the exchange refuses it, or null where the broker does not tell. */
  readonly freezeQuantity: number | null
}

/** How a file of instruments is laid out; gzip and zip around it are known by their first bytes. */
export interface InstrumentLayout {
  /** `csv`: a header row and rows. `json`: an array of objects; their values come as text, empty where absent. */
  readonly format: 'csv' | 'json'
  /** Columns or keys that `row` takes, in this order. A file that lacks one in all its rows is refused. */
  readonly columns: readonly string[]
  /** One row of the file as a row of the store, or the reason why it is left out (a constant text). */
  row(cells: readonly string[]): InstrumentRow | string
}

export interface InstrumentFile {
  readonly request: HttpRequest
  /** The name of its layout. */
  readonly layout: string
}

export interface InstrumentSource {
  /** When the day's list is complete, `HH:MM` in Indian time: a download before that brings the last day's. */
  readonly publishedAt: string
  /** By names of the broker's choice, which people use for a file that they downloaded by hand. */
  readonly layouts: Readonly<Record<string, InstrumentLayout>>
  /** The files to download, in order; each holds rows of its own. There is a session unless they `arePublic`. */
  files(hosts: Hosts, session: Session): readonly InstrumentFile[]
  /** Anyone may download the files: `files` looks at no session. */
  readonly arePublic?: true
  /** Instruments that the feed has and no file lists; one that a file does list comes from the file. */
  readonly unlisted?: readonly InstrumentRow[]
}

export interface BrokerSpec {
  readonly id: string
  readonly name: string
  readonly family: string
  readonly hosts: Hosts
  readonly exchanges: readonly string[]
  readonly signIn: SignIn
  readonly instruments: InstrumentSource
  readonly feed: FeedSpec
  /** Feeds of dearer subscriptions, by the name that the configuration's `plan` takes. */
  readonly plans?: Readonly<Record<string, FeedSpec>>
  readonly orders: Supported<OrdersSpec>
}
