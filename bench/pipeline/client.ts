// Clients of the pipeline bench, all of one kind and all in this process, driven by messages of the parent. Arrival is
// when the socket is read, before anything is decoded.
import { connect } from '@nats-io/transport-node'
import { Subscriber } from 'zeromq'
import { openDirect } from '../floors/direct-ws.ts'
import { monotonicUs } from './clock.ts'
import { packHistogram } from './latency.ts'
import { INSTRUMENTS } from './market.ts'
import { type RunPlan, Seqs, Tally } from './tally.ts'
import {
  type Instrument,
  JsonWalker,
  KiteJsonWalker,
  PackedWalker,
  RawWalker,
  type Walker,
} from './walkers.ts'
import { WsStream } from './ws-stream.ts'

const BUFFER_BYTES = 1 << 20
const BUFFERS_BYTES_MAX = 1 << 27
const TYPE_AT = '{"type":"'.length
const LETTER_M = 0x6d
const ARRAY_SIGN = 0x5b
const QUIET_MS = 300
const LATE_MS_MAX = 10_000

/** What comes, and over what; `raw` are the broker's own frames, `usual` and `nats` kiteconnect's ticks as JSON. */
export type ClientKind = keyof typeof WALKERS

export interface ClientStart {
  readonly do: 'start'
  readonly kind: ClientKind
  readonly count: number
  /** Of a WebSocket server. */
  readonly port: number
  readonly path: string
  readonly apiKey: string
  /** What is said to a server that is no engine. */
  readonly commands: readonly string[]
  /** Of a ZeroMQ publisher, or a server of NATS. */
  readonly endpoint: string
  readonly topics: readonly string[]
  readonly instruments: readonly Instrument[]
}

export interface ClientReport {
  readonly ticks: number
  /** Ticks that seqs show as missing. */
  readonly lost: number
  readonly wrong: number
  readonly lastArrivalUs: number
  readonly latencyUs: string
  readonly socketUs: string
  readonly closed: string
}

const WALKERS = {
  raw: RawWalker,
  'raw-ws': RawWalker,
  usual: KiteJsonWalker,
  nats: KiteJsonWalker,
  msgpack: PackedWalker,
  json: JsonWalker,
  'zmq-topics': PackedWalker,
  'zmq-batches': PackedWalker,
} as const

const isTickText = (bytes: Buffer, start: number) =>
  bytes[start] === ARRAY_SIGN || bytes[start + TYPE_AT] === LETTER_M

const tally = new Tally()
let closed = ''
let wanted = 0

async function openSocket(request: ClientStart, walker: Walker): Promise<void> {
  const seqs = new Seqs(INSTRUMENTS, tally)
  let onText: (text: string) => void = () => {}
  const isText = request.kind === 'json' || request.kind === 'usual'
  const listener = {
    onRead: (arrivedUs: number) => tally.arrive(arrivedUs),
    onMessage(bytes: Buffer, view: DataView, start: number, end: number, isTextFrame: boolean) {
      // Of texts only ticks begin with `{"type":"m` or are arrays.
      const isTick = isTextFrame ? isText && isTickText(bytes, start) : !isText
      if (isTick) walker.walk(bytes, view, start, end, seqs)
      else if (isTextFrame) onText(bytes.toString('utf8', start, end))
    },
    onReadEnd: () => tally.flush(),
    onClose(why: string) {
      closed = why
    },
  }
  const { port, path, count } = request
  const bufferBytes = Math.min(BUFFER_BYTES, BUFFERS_BYTES_MAX / count)
  const stream = await WsStream.open(port, path, listener, bufferBytes)
  for (const command of request.commands) stream.send(command)
  if (request.apiKey === '') return
  await new Promise<void>((resolve, reject) => {
    setTimeout(() => reject(new Error('the subscription was not answered')), LATE_MS_MAX).unref()
    onText = (text) => {
      if (text.startsWith('{"type":"subscribe","status":"success"')) resolve()
      else if (!text.includes('"status":"success"')) reject(new Error(text))
    }
    const format = request.kind
    stream.send(JSON.stringify({ action: 'authenticate', api_key: request.apiKey, format }))
    const symbols = request.instruments.map(({ exchange, symbol }) => ({ exchange, symbol }))
    stream.send(JSON.stringify({ action: 'subscribe', symbols, mode: 'Quote' }))
  })
}

async function subscribe({ endpoint, topics }: ClientStart, walker: Walker): Promise<void> {
  const socket = new Subscriber({ receiveHighWaterMark: 0, linger: 0 })
  socket.connect(endpoint)
  for (const topic of topics) socket.subscribe(topic)
  const seqs = new Seqs(INSTRUMENTS, tally)
  void receiveAll(socket, walker, seqs)
}

/** A client on the library that most use, straight on the broker. */
async function openOnLibrary({ port, path, commands }: ClientStart, walker: Walker) {
  const seqs = new Seqs(INSTRUMENTS, tally)
  const onFrame = (frame: Buffer) => {
    tally.arrive(monotonicUs())
    walker.walk(frame, viewOf(frame), 0, frame.length, seqs)
    tally.flush()
  }
  await openDirect(`ws://127.0.0.1:${port}${path}`, commands, onFrame, (why) => {
    closed = why
  })
}

async function subscribeNats({ endpoint }: ClientStart, walker: Walker): Promise<void> {
  const seqs = new Seqs(INSTRUMENTS, tally)
  const nats = await connect({ servers: endpoint })
  nats.subscribe('ticks.>', {
    callback(_error, { data }) {
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.length)
      tally.arrive(monotonicUs())
      walker.walk(bytes, viewOf(data), 0, bytes.length, seqs)
      tally.flush()
    },
  })
  await nats.flush()
}

async function receiveAll(socket: Subscriber, walker: Walker, seqs: Seqs): Promise<void> {
  for await (const [, payload] of socket) {
    const bytes = payload!
    tally.arrive(monotonicUs())
    walker.walk(bytes, viewOf(bytes), 0, bytes.length, seqs)
    tally.flush()
  }
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const ACTS = {
  async start(request: ClientStart): Promise<object> {
    const walker = new WALKERS[request.kind](request.instruments, tally)
    if (request.kind.startsWith('zmq')) await subscribe(request, walker)
    else if (request.kind === 'nats') await subscribeNats(request, walker)
    else if (request.kind === 'raw-ws') await openOnLibrary(request, walker)
    else for (let i = 0; i < request.count; i++) await openSocket(request, walker)
    return {}
  },
  async begin(plan: RunPlan & { expected: number; engineClockUs: number | null }) {
    tally.begin(plan)
    tally.engineClockUs = plan.engineClockUs
    wanted = plan.expected
    return {}
  },
  /** Waits until all has come, or nothing more comes, and reports. */
  async finish(): Promise<ClientReport> {
    const fromUs = monotonicUs()
    while (tally.ticks < wanted && closed === '') {
      const quietMs = (monotonicUs() - Math.max(fromUs, tally.lastArrivalUs)) / 1000
      if (quietMs > QUIET_MS || monotonicUs() - fromUs > LATE_MS_MAX * 1000) break
      await sleep(5)
    }
    const { ticks, lost, wrong, lastArrivalUs, lateUs, socketUs } = tally
    return {
      ticks,
      lost,
      wrong,
      lastArrivalUs,
      latencyUs: packHistogram(lateUs),
      socketUs: packHistogram(socketUs),
      closed,
    }
  },
}

process.on('message', (request: { do: keyof typeof ACTS }) => {
  void ACTS[request.do](request as never).then((answer) => process.send!(answer))
})
for (const end of ['SIGTERM', 'disconnect']) process.on(end, () => process.exit(0))
