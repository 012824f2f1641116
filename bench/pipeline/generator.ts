// The broker of the pipeline bench, in a process of its own: speaks Kite's feed to whoever connects, and sends frames
// at the times of a schedule, however the receiver does. A connection is known by the path of its URL; a run goes to
// the newest one of a path. The parent drives it by messages.
import { listen, loadUWebSockets, type WebSocketHandle } from '../../engine/distribute/uws.ts'
import { readCommand } from '../../sim/kite-commands.ts'
import { HEARTBEAT, QUOTE } from '../../sim/kite-wire.ts'
import { monotonicUs } from './clock.ts'
import { histogram, packHistogram, record } from './latency.ts'
import { numberFrame, quoteFrames, tokens } from './market.ts'
import { Schedule, type Segment } from './schedule.ts'

const HEARTBEAT_MS = 1000
const IDLE_TIMEOUT_S = 960
const PAYLOAD_BYTES_MAX = 1 << 20
/** A sleep ends this much early, and the rest is waited for awake: sleeping is not exact. */
const AWAKE_US = 60
const SLEEP_US_MAX = 1000
const FRAMES_PER_TURN = 256
/** What may wait for a receiver; then frames wait for it, and are late. */
const WAITING_BYTES_MAX = 1 << 20
/** Packets of the frames that answer a subscription. */
const FIRST_PACKETS = 50

interface Line {
  readonly path: string
  readonly modes: Map<number, number>
  /** Frames that it was ever sent, which is the number of the next. */
  sent: number
}
type Socket = WebSocketHandle<Line>

export interface RunRequest {
  readonly do: 'run'
  readonly path: string
  readonly startUs: number
  readonly segments: readonly Segment[]
  readonly packets: number
}

export interface RunSent {
  readonly frames: number
  /** How late frames were handed to the generator's socket, an HdrHistogram. */
  readonly latenessUs: string
}

const uws = loadUWebSockets()
const sockets = new Map<string, Socket>()
const framesOf = new Map<number, Buffer[]>()
const word = new Int32Array(new SharedArrayBuffer(4))
const knownTokens = new Set(tokens)

function frames(packets: number): Buffer[] {
  let made = framesOf.get(packets)
  if (made === undefined) {
    made = quoteFrames(packets)
    framesOf.set(packets, made)
  }
  return made
}

function onText(socket: Socket, text: string): void {
  const command = readCommand(text)
  if (typeof command === 'string') throw new Error(command)
  const { modes } = socket.getUserData()
  const known = command.tokens.filter((token) => knownTokens.has(token))
  for (const token of known) {
    if (command.action === 'unsubscribe') modes.delete(token)
    else modes.set(token, command.mode)
  }
  // Kite answers what is new with a first value; a frame here holds instruments that were not asked for too.
  if (command.action !== 'mode') return
  for (const frame of frames(FIRST_PACKETS)) {
    numberFrame(frame, 0)
    socket.send(frame, true)
  }
}

const app = uws.App().ws<Line>('/*', {
  compression: uws.DISABLED,
  maxPayloadLength: PAYLOAD_BYTES_MAX,
  maxBackpressure: 0,
  idleTimeout: IDLE_TIMEOUT_S,
  sendPingsAutomatically: false,
  upgrade(response, request, context) {
    const line: Line = { path: request.getUrl(), modes: new Map(), sent: 1 }
    const key = request.getHeader('sec-websocket-key')
    response.upgrade(line, key, '', '', context)
  },
  open(socket) {
    sockets.set(socket.getUserData().path, socket)
  },
  message(socket, message, isBinary) {
    if (!isBinary) onText(socket, Buffer.from(message).toString())
  },
  close(socket) {
    const { path } = socket.getUserData()
    if (sockets.get(path) === socket) sockets.delete(path)
  },
})
const { port } = listen(uws, app, '127.0.0.1', 0, 'generator')
setInterval(() => {
  for (const socket of sockets.values()) socket.send(HEARTBEAT, true)
}, HEARTBEAT_MS)

/** Sleeps until shortly before a time, and waits for the rest awake; far times are slept for in pieces. */
function waitFor(dueUs: number): void {
  const sleepUs = Math.min(SLEEP_US_MAX, dueUs - monotonicUs() - AWAKE_US)
  if (sleepUs > 0) Atomics.wait(word, 0, 0, sleepUs / 1000)
  else while (monotonicUs() < dueUs);
}

/** Sends the frames that are due, at most so many, and records how late each was. */
function sendDue(socket: Socket, run: Run, due: number): void {
  const line = socket.getUserData()
  socket.cork(() => {
    for (; run.sent < due; run.sent++) {
      const frame = run.frames[run.sent % run.frames.length]!
      numberFrame(frame, line.sent)
      line.sent += 1
      record(run.latenessUs, monotonicUs() - run.schedule.dueUs(run.sent))
      socket.send(frame, true)
    }
  })
}

interface Run {
  readonly schedule: Schedule
  readonly frames: readonly Buffer[]
  readonly latenessUs: ReturnType<typeof histogram>
  sent: number
}

function runTo(socket: Socket, run: Run, done: () => void): void {
  const { schedule } = run
  if (run.sent === schedule.frames) {
    done()
    return
  }
  if (socket.getBufferedAmount() < WAITING_BYTES_MAX) {
    const nowUs = monotonicUs()
    const most = Math.min(schedule.frames, run.sent + FRAMES_PER_TURN)
    let due = run.sent
    while (due < most && schedule.dueUs(due) <= nowUs) due += 1
    if (due > run.sent) sendDue(socket, run, due)
    else waitFor(schedule.dueUs(run.sent))
  }
  setImmediate(runTo, socket, run, done)
}

function socketOf(path: string): Socket {
  const socket = sockets.get(path)
  if (socket === undefined) throw new Error(`nobody is connected to the generator as ${path}`)
  return socket
}

const ACTS = {
  async listen() {
    return { port }
  },
  /** How many instruments a connection holds in quote mode, and the number of its next frame. */
  async look({ path }: { path: string }) {
    const line = sockets.get(path)?.getUserData()
    const held = line === undefined ? [] : [...line.modes.values()]
    return { subscribed: held.filter((mode) => mode === QUOTE).length, next: line?.sent ?? 0 }
  },
  async run({ path, startUs, segments, packets }: RunRequest): Promise<RunSent> {
    const socket = socketOf(path)
    const run: Run = {
      schedule: new Schedule(startUs, segments),
      frames: frames(packets),
      latenessUs: histogram(),
      sent: 0,
    }
    await new Promise<void>((resolve) => runTo(socket, run, resolve))
    return { frames: run.sent, latenessUs: packHistogram(run.latenessUs) }
  },
}

process.on('message', (request: { do: keyof typeof ACTS } & RunRequest) => {
  void ACTS[request.do](request).then((answer) => process.send!(answer))
})
for (const end of ['SIGTERM', 'disconnect']) process.on(end, () => process.exit(0))
