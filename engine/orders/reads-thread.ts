// Thread entry: the connections over which books, funds, quotes and histories are read.
import { parentPort, workerData } from 'node:worker_threads'
import { comeSecond } from '../priority.ts'
import { type Answer, answerWith } from './answer.ts'
import { openLines } from './lines.ts'
import { PieceBox } from './pieces.ts'
import type { ReadsPlan, ReadsTask, ThreadNote } from './plan.ts'
import { Reader } from './reader.ts'

// A broker's answer takes tens of milliseconds; a tick is late after one.
comeSecond()

const plan = workerData as ReadsPlan

async function start() {
  const lines = await openLines(plan, (note: ThreadNote) => parentPort!.postMessage(note))
  return { lines, reader: new Reader(plan, lines), pieces: new PieceBox() }
}

// Not awaited here: the first task waits for it, and is told why it failed.
const started = start()
started.catch(() => {})

type Parts = Awaited<typeof started>
type Acts = {
  readonly [Do in ReadsTask['do']]: (parts: Parts, task: Extract<ReadsTask, { do: Do }>) => unknown
}

const ACTS: Acts = {
  async read({ reader, pieces }, { broker, name, ask, session }) {
    const reply = await reader.read(broker, name, ask, session)
    return 'refusal' in reply ? reply : pieces.put(reply.answer)
  },
  piece: ({ pieces }, { number }) => pieces.next(number),
  warm: ({ lines }, { broker, isWarm }) => lines.get(broker)?.client.keepWarm(isWarm),
  wake: () => undefined,
  close: ({ lines }) => Promise.all([...lines.values()].map(({ client }) => client.close())),
}

/** Carries out one task of the pool. */
export default async function act(task: ReadsTask): Promise<Answer> {
  const run = ACTS[task.do] as (parts: Parts, task: ReadsTask) => unknown
  return answerWith(async () => run(await started, task))
}
