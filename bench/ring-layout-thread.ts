// The writing thread of the layout measurement: fills a ring at the pace of its reader, or posts messages.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { describeTick } from '../codecs/tick.ts'
import { ARMS, type ArmName, type Case, makeTick } from './ring-layout-arms.ts'

/** Words of the shared control block: where the reader is, and whether the writer may start. */
export const CURSOR = 0
export const STARTED = 16
export const CONTROL_BYTES = 128

/** Records written between two looks at the reader, and read between two reports of it. */
export const BATCH = 64
/** Messages that wait at most. */
export const MESSAGES_AHEAD = 4096

export type Post = ArmName | 'object' | 'bytes'

export interface ThreadData {
  readonly post: Post
  readonly of: Case
  readonly memory: SharedArrayBuffer
  readonly control: SharedArrayBuffer
  readonly records: number
}

/** What one message carries: a plain object as a program would make it, or the bytes of the record. */
function makeMessage(post: 'object' | 'bytes', of: Case): object {
  if (post === 'object') return describeTick(makeTick(of))
  return new ArrayBuffer(ARMS.variable.measure(of, ARMS.variable.makeMemory(of)).bytes)
}

function run({ post, of, memory, control, records }: ThreadData, port: MessagePort): void {
  const words = new Int32Array(control)
  const tick = makeTick(of)
  const isRing = post === 'fixed' || post === 'variable'
  const writer = isRing ? ARMS[post].makeWriter(memory) : null
  const message = isRing ? null : makeMessage(post, of)
  const ahead = isRing ? of.slots / 4 : MESSAGES_AHEAD
  port.postMessage('ready')
  Atomics.wait(words, STARTED, 0)
  for (let written = 0; written < records; written += BATCH) {
    while (written - Atomics.load(words, CURSOR) > ahead);
    if (writer !== null) writer.write(tick, BATCH)
    else for (let i = 0; i < BATCH; i++) port.postMessage(message)
  }
}

if (parentPort !== null) run(workerData as ThreadData, parentPort)
