// Ticks over ZeroMQ, from a socket that publishes two frames, topic and payload: docs/zeromq.md.
import { readFile } from 'node:fs/promises'
import { unpack } from 'msgpackr'
import { type Event, type EventOfType, type Observer, XSubscriber } from 'zeromq'
import { z } from 'zod'
import { CURVE_KEY_BYTES } from '../../engine/auth/curve-pair.ts'
import { decodeZ85 } from '../../engine/auth/z85.ts'
import { BAD_USAGE, CliError, FAILED, NO_ENGINE } from '../command.ts'
import type { Instrument, Item, Items } from './stream.ts'

/** How long nobody may answer before it is told. */
const PATIENCE_MS = 3000
/** Messages that may wait while the display is busy; libzmq drops the ones that come then. */
const WAITING_MESSAGES_MAX = 100_000
const HEARTBEAT_MS = 5000
const OPENING_BRACE = 0x7b
const STATUS_TOPICS = 'STATUS/'
/** What an XSUB sends in front of a topic to subscribe to it. */
const SUBSCRIBE = '\x01'

const isKey = (text: string) => decodeZ85(text)?.length === CURVE_KEY_BYTES
const keySchema = z.string().refine(isKey, 'must be a key of 40 characters of Z85')
const curveSchema = z.object({
  serverPublicKey: keySchema,
  publicKey: keySchema,
  secretKey: keySchema,
})
export type CurveKeys = z.infer<typeof curveSchema>

/** Reads the keys that the engine made for a client. Throws a CliError that names the file and the fix. */
export async function readCurveKeys(file: string): Promise<CurveKeys> {
  const refuse = (why: string) =>
    new CliError(BAD_USAGE, `${file} ${why}; make one with \`tickplant keys curve add NAME\``)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw refuse(`cannot be read (${error.code})`)
  })
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    throw refuse('is no JSON')
  }
  const parsed = curveSchema.safeParse(content)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]!
  throw refuse(`is no file of keys (${[path.join('.'), message].filter(Boolean).join(': ')})`)
}

export interface ZeromqSource {
  /** `tcp://HOST:PORT` or `ipc://PATH`. */
  readonly endpoint: string
  readonly curve: CurveKeys | null
}

/** What to subscribe to: full topics, which the engine then asks the broker for, or all that flows. */
function topicsOf(instruments: readonly Instrument[], mode: string): string[] {
  if (instruments.length === 0) return ['']
  const end = mode.toUpperCase()
  return [...instruments.map((each) => `${each.exchange}_${each.symbol}_${end}`), STATUS_TOPICS]
}

function createSocket(curve: CurveKeys | null): XSubscriber {
  // An XSUB, because the library's SUB loses subscriptions beyond the first 1000 and has no option against it.
  const socket = new XSubscriber({
    linger: 0,
    sendHighWaterMark: 0,
    receiveHighWaterMark: WAITING_MESSAGES_MAX,
    // A network that swallows everything would else look like a market that is closed.
    heartbeatInterval: HEARTBEAT_MS,
    heartbeatTimeout: 2 * HEARTBEAT_MS,
  })
  if (curve === null) return socket
  socket.curveServerKey = curve.serverPublicKey
  socket.curvePublicKey = curve.publicKey
  socket.curveSecretKey = curve.secretKey
  return socket
}

type Watchers = Readonly<Record<string, (event: Event) => void>>

/** Watchers that tell on stderr when nobody answers, or no longer: the socket goes on trying by itself. */
function tellSilence(endpoint: string): Watchers {
  const tell = (text: string) => process.stderr.write(`tickplant: ${text}; still trying\n`)
  let state: 'silent' | 'reached' | 'ready' = 'silent'
  const timer = setTimeout(() => {
    if (state === 'silent') tell(`nobody answers at ${endpoint}`)
    if (state === 'reached') {
      tell(`${endpoint} does not finish the handshake (is it ZeroMQ? are these its --curve keys?)`)
    }
  }, PATIENCE_MS).unref()
  return {
    connect() {
      state = 'reached'
    },
    handshake() {
      state = 'ready'
    },
    disconnect() {
      if (state !== 'ready') return
      state = 'silent'
      tell(`the connection to ${endpoint} is lost`)
      timer.refresh()
    },
  }
}

/** Watchers for why the engine does not let this client in, after which a socket tries no more. */
function hearRefusals(end: (why: string) => void): Watchers {
  return {
    'handshake:error:auth': () => end('it does not know the keys of this client'),
    'handshake:error:protocol'(event) {
      const { code } = (event as EventOfType<'handshake:error:protocol'>).error
      const isCurve = code === 'ERR_ZMTP_MECHANISM_MISMATCH'
      end(isCurve ? 'only one of the two uses CURVE; see --curve' : code)
    },
  }
}

async function watch(events: Observer, watchers: Watchers): Promise<void> {
  try {
    for await (const event of events) watchers[event.type]?.(event)
  } catch (error) {
    if (!events.closed) throw error
  }
}

/** The items of one message: a tick, an event, or a batch of them. Throws a CliError for anything else. */
function itemsOf([topic, payload]: readonly Buffer[], endpoint: string): Item[] {
  try {
    const content: unknown =
      payload![0] === OPENING_BRACE ? JSON.parse(payload!.toString()) : unpack(payload!)
    const items = [content].flat()
    if (items.every((item) => typeof item === 'object' && item !== null)) return items as Item[]
  } catch {
    // Told below.
  }
  const name = JSON.stringify(topic?.toString().slice(0, 80))
  throw new CliError(FAILED, `a message of ${endpoint} is no tick (topic ${name})`)
}

/** One broker's topics repeat plain ones, and come when somebody else holds them. */
function isPlain([topic]: readonly Buffer[]): boolean {
  return !topic!.includes('/') || topic!.toString().startsWith(STATUS_TOPICS)
}

/**
 * Ticks of these instruments, or all that flow where none is named, and events of all brokers. Waits for an engine that
 * does not answer; throws a CliError for an endpoint that is none and an engine that refuses.
 */
export async function* zeromqItems(
  { endpoint, curve }: ZeromqSource,
  instruments: readonly Instrument[],
  mode: string,
  signal: AbortSignal,
): Items {
  const socket = createSocket(curve)
  const { events } = socket
  const close = () => {
    // The observer does not always hear that its socket is closed, and would then keep the process alive.
    events.close()
    socket.close()
  }
  let refusal: string | null = null
  const refusals = hearRefusals((why) => {
    refusal ??= `${endpoint} refuses the connection: ${why}`
    close()
  })
  void watch(events, { ...tellSilence(endpoint), ...refusals })
  signal.addEventListener('abort', close)
  try {
    connect(socket, endpoint)
    for (const topic of topicsOf(instruments, mode)) await socket.send(SUBSCRIBE + topic)
    for await (const frames of socket) {
      if (isPlain(frames)) yield itemsOf(frames, endpoint)
    }
  } finally {
    close()
  }
  if (refusal !== null) throw new CliError(NO_ENGINE, refusal)
}

function connect(socket: XSubscriber, endpoint: string): void {
  try {
    socket.connect(endpoint)
  } catch (error) {
    const why = (error as Error).message
    throw new CliError(
      BAD_USAGE,
      `--zmq ${endpoint} cannot be used (${why}); it must be tcp://HOST:PORT or ipc://PATH`,
    )
  }
}
