// Thread entry: the journal and the connections over which orders go.
import { parentPort, workerData } from 'node:worker_threads'
import { nowMs } from '../clock.ts'
import { comeSecond } from '../priority.ts'
import { type Answer, answerWith } from './answer.ts'
import { openJournal } from './journal.ts'
import { openLines } from './lines.ts'
import type { OrdersAnswers, OrdersPlan, OrdersTask, ThreadNote } from './plan.ts'
import { Writer } from './writer.ts'

// A broker's answer takes tens of milliseconds; a tick is late after one.
comeSecond()

const plan = workerData as OrdersPlan
const tell = (note: ThreadNote) => parentPort!.postMessage(note)

async function start() {
  const lines = await openLines(plan, tell)
  const onSyncFailure = (error: Error) => {
    tell({ level: 'error', text: 'the journal cannot be synced', fields: { err: error.message } })
  }
  const { folder, syncPolicy: policy } = plan
  const writer = new Writer({
    folder,
    lines,
    openJournal: () => openJournal({ folder, policy, nowMs, onSyncFailure }),
    nowMs,
    tell,
  })
  return { lines, writer }
}

// Not awaited here: the first task waits for it, and is told why it failed.
const started = start()
started.catch(() => {})

type Acts = {
  readonly [Do in OrdersTask['do']]: (
    parts: Awaited<typeof started>,
    task: Extract<OrdersTask, { do: Do }>,
  ) => OrdersAnswers[Do] | Promise<OrdersAnswers[Do]>
}

const ACTS: Acts = {
  open({ writer }) {
    const { entries, damage, tornBytes } = writer.open()
    return { entries, damage, tornBytes }
  },
  write: ({ writer }, { task, session, deadlineMs }) => writer.write(task, session, deadlineMs),
  settle: ({ writer }, { intentId, outcome, by }) => {
    writer.settle(intentId, outcome, by)
    return undefined
  },
  trace: ({ writer }, { intentIds }) => writer.trace(intentIds),
  warm: ({ lines }, { broker, isWarm }) => {
    lines.get(broker)?.client.keepWarm(isWarm)
    return undefined
  },
  wake: () => undefined,
  async close({ lines, writer }) {
    await Promise.all([...lines.values()].map(({ client }) => client.close()))
    await writer.close()
    return undefined
  },
}

/** Carries out one task of the pool. */
export default async function act(task: OrdersTask): Promise<Answer> {
  const run = ACTS[task.do] as (parts: Awaited<typeof started>, task: OrdersTask) => unknown
  return answerWith(async () => run(await started, task))
}
