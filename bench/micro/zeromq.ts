import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { pack } from 'msgpackr'
import { Context, XPublisher } from 'zeromq'
import { MsgpackEncoder, packIdentity, packTarget } from '../../codecs/msgpack.ts'
import { MODE_QUOTE } from '../../codecs/tick.ts'
import { LastValues } from '../../engine/distribute/last-values.ts'
import { Outbox } from '../../engine/distribute/outbox.ts'
import { Router } from '../../engine/distribute/router.ts'
import { Batches } from '../../engine/distribute/zeromq/batches.ts'
import { PublisherSocket } from '../../engine/distribute/zeromq/socket.ts'
import { Channel, type Frames } from '../../engine/distribute/zeromq/topic.ts'
import { BATCH_TOPIC, plainTopic } from '../../engine/distribute/zeromq/topic-names.ts'
import { TopicQueue } from '../../engine/distribute/zeromq/topic-queue.ts'
import { QUOTE } from '../../sim/kite-wire.ts'
import type { Case, CountedArm, Group } from './group.ts'
import { makeSamples, type Sample } from './samples.ts'

const ARENA_BYTES = 4 * 1024 * 1024
const TICKS = 200_000
const BATCHED_TICKS = 2_000_000
/** Ticks of one drain when the core is busy. */
const DRAIN = 256
/** Ticks that may be under way; then the sender waits, so that it is the slowest that is measured. */
const UNDER_WAY_MAX = 1_000_000
const LAST_MS_MAX = 30_000
const POLL_MS = 5
const QUEUE_MESSAGES_MAX = 1_000_000
const TOPIC_PREFIX = 'NSE_'

/** A sender with its subscriber connected in a process of its own. */
interface Line {
  readonly reader: ChildProcess
  close(): void
}

/** Waits until a reader has had so many ticks, and throws where they were not as they must. */
async function received(line: Line, ticks: number): Promise<void> {
  const late = sleep(LAST_MS_MAX, null, { ref: false }).then(() => {
    throw new Error(`the subscriber did not get ${ticks} ticks within ${LAST_MS_MAX} ms`)
  })
  const answered = once(line.reader, 'message')
  line.reader.send(ticks)
  const [told] = (await Promise.race([answered, late])) as [{ ticks: number; faults: number }]
  if (told.ticks !== ticks || told.faults > 0) {
    throw new Error(`sent ${ticks} ticks, received ${told.ticks} with ${told.faults} faults`)
  }
}

function startReader(endpoint: string, topic: string, mustCheck: boolean): ChildProcess {
  const words = [endpoint, topic, mustCheck ? 'check' : 'count']
  return fork(new URL('./zeromq-reader.js', import.meta.url), words)
}

/** The engine's sender: router, encoder and socket as the core has them. */
interface EngineLine extends Line {
  readonly outbox: Outbox
  readonly router: Router
  readonly queue: TopicQueue
}

async function engineLine(samples: readonly Sample[], topic: string): Promise<EngineLine> {
  const folder = mkdtempSync(join(tmpdir(), 'tickplant-bench-'))
  const outbox = new Outbox(ARENA_BYTES)
  let heard: () => void
  const subscribed = new Promise<void>((resolve) => {
    heard = resolve
  })
  const socket = await PublisherSocket.bind(
    {
      context: new Context(),
      address: '127.0.0.1',
      port: 0,
      portKey: 'port',
      ipcFile: join(folder, 'bench.ipc'),
      queueMessagesMax: QUEUE_MESSAGES_MAX,
      curveSecretKey: null,
    },
    { onSubscribe: () => heard(), onUnsubscribe() {}, onPause() {} },
  )
  const poll = setInterval(() => socket.poll(), POLL_MS)
  const reader = startReader(socket.endpoints[0]!, topic, true)
  await subscribed
  const send = (frames: Frames) => socket.send(frames)
  const queue = new TopicQueue(true, outbox, send)
  const identify = (instrument: number) => samples[instrument]!.identity
  const lastValues = new LastValues(samples.length, samples[0]!.tick)
  const router = new Router(samples.length, lastValues, outbox, identify, () => {})
  const isBatched = topic === BATCH_TOPIC
  if (isBatched) router.everything = new Batches(outbox, send)
  samples.forEach(({ identity: { broker, exchange, symbol } }, instrument) => {
    const name = plainTopic(exchange, symbol, MODE_QUOTE)
    const silent = { isPacked: true, queue() {} }
    router.subscribe(instrument, MODE_QUOTE, isBatched ? silent : new Channel(name, queue, broker))
  })
  const close = () => {
    clearInterval(poll)
    reader.kill('SIGTERM')
    socket.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { reader, outbox, router, queue, close }
}

/** A socket of the library with its subscriber. */
interface BareLine extends Line {
  readonly socket: XPublisher
}

async function bareLine(topic: string): Promise<BareLine> {
  const socket = new XPublisher({
    sendTimeout: 0,
    linger: 0,
    sendHighWaterMark: QUEUE_MESSAGES_MAX,
  })
  await socket.bind('tcp://127.0.0.1:*')
  const reader = startReader(socket.lastEndpoint!, topic, false)
  await socket.receive()
  const close = () => {
    reader.kill('SIGTERM')
    socket.close()
  }
  return { reader, socket, close }
}

/** Does drains until so many ticks are sent and received; nanoseconds per tick, of the sending alone or of both. */
async function timed(
  line: Line,
  ticks: number,
  ticksPerDrain: number,
  upTo: 'sent' | 'received',
  drain: () => Promise<void> | void,
): Promise<number> {
  let ns = 0
  for (let left = ticks; left > 0; left -= UNDER_WAY_MAX) {
    const drains = Math.ceil(Math.min(left, UNDER_WAY_MAX) / ticksPerDrain)
    const from = process.hrtime.bigint()
    for (let i = 0; i < drains; i++) {
      await drain()
      await turn()
    }
    if (upTo === 'sent') ns += Number(process.hrtime.bigint() - from)
    await received(line, drains * ticksPerDrain)
    if (upTo === 'received') ns += Number(process.hrtime.bigint() - from)
  }
  return ns / ticks
}

/** One message for each tick: how fast the core can hand them over. */
function topicsCase(samples: readonly Sample[], engine: EngineLine, bare: BareLine): Case {
  const { outbox, router, queue } = engine
  const encoder = new MsgpackEncoder()
  const contents = samples.map(({ tick, identity }) => {
    const into = packTarget(1024)
    const end = encoder.encode(tick, MODE_QUOTE, false, packIdentity(identity), into, 0)
    const topic = Buffer.from(plainTopic(identity.exchange, identity.symbol, MODE_QUOTE))
    return { topic, payload: into.bytes.subarray(0, end) }
  })
  const engineArm: CountedArm = {
    name: 'Router, encoder, TopicQueue, socket',
    measure: (share) =>
      timed(engine, TICKS * share, samples.length, 'sent', async () => {
        for (const { tick } of samples) {
          tick.seq += 1
          router.deliver(tick)
        }
        outbox.flush()
        while (queue.waiting > 0) await turn()
      }),
  }
  // Every message needs memory of its own, because the library keeps it for as long as a connection needs it.
  const copyArm: CountedArm = {
    name: 'zeromq.js, a copy of ready bytes for each message',
    target: { timesMin: 0.9 },
    measure: (share) =>
      timed(bare, TICKS * share, samples.length, 'sent', () => {
        for (const { topic, payload } of contents) {
          void bare.socket.send([topic, Buffer.from(payload)])
        }
      }),
  }
  // More than any program can have: all messages made before the clock runs.
  const readyArm: CountedArm = {
    name: 'zeromq.js, messages made beforehand',
    measure(share) {
      const drains = Array.from({ length: Math.ceil((TICKS * share) / samples.length) }, () =>
        contents.map(({ topic, payload }) => [topic, Buffer.from(payload)]),
      )
      return timed(bare, TICKS * share, samples.length, 'sent', () => {
        for (const message of drains.pop()!) void bare.socket.send(message)
      })
    },
  }
  return { name: 'one quote in a message, until sent', arms: [engineArm, copyArm, readyArm] }
}

/** One message for each drain: how fast a subscriber gets them. */
function batchesCase(samples: readonly Sample[], engine: EngineLine, bare: BareLine): Case {
  const { outbox, router } = engine
  const rounds = DRAIN / samples.length
  const objects = Array.from({ length: rounds }, () => samples.map(({ named }) => named)).flat()
  const topic = Buffer.from(BATCH_TOPIC)
  const engineArm: CountedArm = {
    name: 'Router, encoder, Batches, socket; every seq checked',
    target: { perSecondMin: 1_000_000 },
    measure: (share) =>
      timed(engine, BATCHED_TICKS * share, DRAIN, 'received', () => {
        for (let round = 0; round < rounds; round++) {
          for (const { tick } of samples) {
            tick.seq += 1
            router.deliver(tick)
          }
        }
        outbox.flush()
      }),
  }
  // Its subscriber counts messages.
  const bareArm: CountedArm = {
    name: 'zeromq.js, msgpackr.pack of an array, not even read',
    measure: async (share) => {
      const ns = await timed(bare, (BATCHED_TICKS / DRAIN) * share, 1, 'received', () => {
        void bare.socket.send([topic, pack(objects)])
      })
      return ns / DRAIN
    },
  }
  return { name: `${DRAIN} quotes in a message, until received`, arms: [engineArm, bareArm] }
}

async function prepare() {
  const samples = makeSamples(QUOTE)
  const byTopic = await engineLine(samples, TOPIC_PREFIX)
  const bareByTopic = await bareLine(TOPIC_PREFIX)
  const batched = await engineLine(makeSamples(QUOTE), BATCH_TOPIC)
  const bareBatched = await bareLine(BATCH_TOPIC)
  return {
    cases: [
      topicsCase(samples, byTopic, bareByTopic),
      batchesCase(makeSamples(QUOTE), batched, bareBatched),
    ],
    close() {
      for (const line of [byTopic, bareByTopic, batched, bareBatched]) line.close()
    },
  }
}

export const zeromq: Group = {
  name: 'zeromq',
  about: 'quotes over TCP to one subscriber in another process, which gets them all',
  operation: 'tick',
  prepare,
}
