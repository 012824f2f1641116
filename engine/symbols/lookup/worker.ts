// The query thread: holds the look-up tables of all brokers and answers what takes too long for the core.
import { spawnSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { basename } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort } from 'node:worker_threads'
import {
  ANSWERERS,
  type Order,
  type Outcome,
  type QuestionName,
  type Questions,
  transfersOf,
} from './questions.ts'
import { SharedInstruments } from './shared-instruments.ts'
import { dump } from './symtoken.ts'
import { LookupTable } from './table.ts'

giveWay()

// Building a table leaves tens of megabytes behind, which a thread that then idles would keep for minutes.
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/**
 * Linux schedules threads one by one: an answer may wait for a tick, and not the other way round. A thread of class
 * IDLE gives its processor up at once; one of low priority may first use up its slice, which is milliseconds.
 */
function giveWay(): void {
  const thread = Number(basename(readlinkSync('/proc/thread-self')))
  const { status } = spawnSync('chrt', ['--idle', '--pid', '0', String(thread)])
  if (status !== 0) setPriority(thread, constants.priority.PRIORITY_LOW)
}

const tables = new Map<string, LookupTable>()
interface Dump {
  readonly pieces: Generator<string>
  readonly memory: Uint8Array
  /** What of the last piece found no room. */
  rest: string
}

/** Dumps under way; each goes on with the generation it began with. */
const dumps = new Map<number, Dump>()

function tableOf(broker: string): LookupTable {
  const table = tables.get(broker)
  if (table === undefined) throw new Error(`there are no instruments of ${broker} yet`)
  return table
}

function answer<Name extends QuestionName>(broker: string, name: Name, question: Questions[Name]) {
  return ANSWERERS[name](tableOf(broker), question)
}

const encoder = new TextEncoder()

/** Writes the next piece to the dump's memory; its bytes, or 0 at the end. */
function nextPiece(number: number): number {
  const dump = dumps.get(number)
  if (dump === undefined) throw new Error('the dump ended')
  const text = dump.rest === '' ? dump.pieces.next().value : dump.rest
  if (text === undefined) {
    dumps.delete(number)
    return 0
  }
  const { read, written } = encoder.encodeInto(text, dump.memory)
  dump.rest = text.slice(read)
  return written
}

const EXECUTORS: { readonly [Do in Order['do']]: (order: Extract<Order, { do: Do }>) => unknown } =
  {
    load({ broker, catalogue, details }) {
      tables.set(broker, new LookupTable(new SharedInstruments({ catalogue, details })))
      collectGarbage()
      return tableOf(broker).byteLength
    },
    ask: ({ broker, name, question }) => answer(broker, name, question as never),
    openDump({ dump: number, broker, exchange, format, memory }) {
      const pieces = dump(tableOf(broker).instruments, exchange, format)
      dumps.set(number, { pieces, memory, rest: '' })
      return number
    },
    readDump: ({ dump: number }) => nextPiece(number),
    closeDump: ({ dump: number }) => dumps.delete(number),
  }

function execute(order: Order): Outcome {
  try {
    return { value: EXECUTORS[order.do](order as never) }
  } catch (error) {
    return { error: (error as Error).message }
  }
}

parentPort!.on('message', (order: Order) => {
  const outcome = execute(order)
  parentPort!.postMessage(outcome, transfersOf(outcome))
})
