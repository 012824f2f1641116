import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type WebSocket, WebSocketServer } from 'ws'
import {
  ARRAY_HEADER_BYTES,
  MsgpackEncoder,
  packIdentity,
  packTarget,
  writeArrayHeader,
} from '../../codecs/msgpack.ts'
import { MODE_QUOTE } from '../../codecs/tick.ts'
import { listen, loadUWebSockets, type WebSocketHandle } from '../../engine/distribute/uws.ts'
import { QUOTE } from '../../sim/kite-wire.ts'
import type { Case, CountedArm, Group } from './group.ts'
import { makeSamples } from './samples.ts'
import type { Counted } from './websocket-counter.ts'

const TICKS_PER_TURN = 64
/** What may wait for a slow reader; then the sender waits. */
const WAITING_BYTES_MAX = 1 << 16
/** How long the client may need for what waits when all is sent. */
const LAST_MS_MAX = 10_000
const ARENA_BYTES = 1 << 16
const IDLE_TIMEOUT_S = 960
const PAYLOAD_BYTES_MAX = 4096

/** A server with its one client connected. */
interface Line {
  send(frame: Uint8Array): void
  waitingBytes(): number
  close(): void
  readonly client: Worker
}

async function startClient(port: number, connected: Promise<unknown>): Promise<Worker> {
  const client = new Worker(new URL('./websocket-counter.js', import.meta.url), {
    workerData: port,
  })
  await connected
  return client
}

async function uwsLine(): Promise<Line> {
  const uws = loadUWebSockets()
  const app = uws.App()
  let opened: (socket: WebSocketHandle<object>) => void
  const connected = new Promise<WebSocketHandle<object>>((resolve) => {
    opened = resolve
  })
  app.ws<object>('/*', {
    compression: uws.DISABLED,
    maxPayloadLength: PAYLOAD_BYTES_MAX,
    maxBackpressure: 0,
    idleTimeout: IDLE_TIMEOUT_S,
    sendPingsAutomatically: false,
    upgrade(response, request, context) {
      response.upgrade({}, request.getHeader('sec-websocket-key'), '', '', context)
    },
    open: (socket) => opened(socket),
    message() {},
    close() {},
  })
  const { port } = listen(uws, app, '127.0.0.1', 0, 'bench')
  const client = await startClient(port, connected)
  const socket = await connected
  return {
    client,
    send: (frame) => socket.cork(() => socket.send(frame, true)),
    waitingBytes: () => socket.getBufferedAmount(),
    close: () => app.close(),
  }
}

async function wsLine(): Promise<Line> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const connected = once(server, 'connection')
  const client = await startClient(port, connected)
  const [socket] = (await connected) as [WebSocket]
  return {
    client,
    send: (frame) => socket.send(frame),
    waitingBytes: () => socket.bufferedAmount,
    close() {
      socket.terminate()
      server.close()
    },
  }
}

/** Quotes as the engine sends them: frames that are arrays of so many ticks. */
function makeFrames(ticksPerFrame: number): Uint8Array[] {
  const encoder = new MsgpackEncoder()
  const samples = makeSamples(QUOTE)
  const frames: Uint8Array[] = []
  for (let first = 0; first < samples.length; first += ticksPerFrame) {
    const into = packTarget(ARENA_BYTES)
    let end = writeArrayHeader(into.bytes, 0, ticksPerFrame)
    for (const { tick, identity } of samples.slice(first, first + ticksPerFrame)) {
      end = encoder.encode(tick, MODE_QUOTE, false, packIdentity(identity), into, end)
    }
    assert.ok(end > ARRAY_HEADER_BYTES)
    frames.push(into.bytes.slice(0, end))
  }
  return frames
}

/** Sends and waits until the client has all; returns nanoseconds per tick. */
async function sendAll(
  line: Line,
  frames: readonly Uint8Array[],
  ticksPerFrame: number,
  ticks: number,
) {
  const framesPerTurn = TICKS_PER_TURN / ticksPerFrame
  const turns = Math.ceil(ticks / TICKS_PER_TURN)
  const count = turns * framesPerTurn
  const counted = once(line.client, 'message')
  line.client.postMessage(count)
  const from = process.hrtime.bigint()
  let payloadBytes = 0
  for (let sent = 0; sent < count; ) {
    for (const end = sent + framesPerTurn; sent < end; sent++) {
      const frame = frames[sent % frames.length]!
      line.send(frame)
      payloadBytes += frame.length
    }
    do await turn()
    while (line.waitingBytes() > WAITING_BYTES_MAX)
  }
  const late = sleep(LAST_MS_MAX, null, { ref: false }).then(() => {
    throw new Error(`the client did not get ${count} frames within ${LAST_MS_MAX} ms`)
  })
  const [received] = (await Promise.race([counted, late])) as [Counted]
  const ns = Number(process.hrtime.bigint() - from)
  assert.deepEqual(received, { frames: count, payloadBytes })
  return ns / (count * ticksPerFrame)
}

function sendCase(uws: Line, ws: Line, name: string, ticksPerFrame: number, ticks: number): Case {
  const frames = makeFrames(ticksPerFrame)
  const arm = (armName: string, line: Line): CountedArm => ({
    name: armName,
    measure: (share) => sendAll(line, frames, ticksPerFrame, ticks * share),
  })
  return { name, arms: [arm('uWebSockets.js', uws), arm('ws', ws)] }
}

async function prepare() {
  const lines = [await uwsLine(), await wsLine()] as const
  const close = async () => {
    for (const line of lines) {
      await line.client.terminate()
      line.close()
    }
  }
  const cases = [
    sendCase(...lines, 'one quote in a frame', 1, 200_000),
    sendCase(...lines, '64 quotes in a frame', TICKS_PER_TURN, 2_000_000),
  ]
  return { cases, close }
}

export const websocket: Group = {
  name: 'websocket',
  about: 'encoded quotes over loopback to one client in another thread, until it has them all',
  operation: 'tick',
  prepare,
}
