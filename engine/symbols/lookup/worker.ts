// The query thread: holds the look-up tables of all brokers and answers what takes too long for the core.
import { readlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { basename } from 'node:path'
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

// Linux schedules threads one by one: an answer may wait for a tick, and not the other way round.
setPriority(Number(basename(readlinkSync('/proc/thread-self'))), constants.priority.PRIORITY_LOW)

const tables = new Map<string, LookupTable>()
/** Dumps under way; each goes on with the generation it began with. */
const dumps = new Map<number, Generator<string>>()

function tableOf(broker: string): LookupTable {
  const table = tables.get(broker)
  if (table === undefined) throw new Error(`there are no instruments of ${broker} yet`)
  return table
}

function answer<Name extends QuestionName>(broker: string, name: Name, question: Questions[Name]) {
  return ANSWERERS[name](tableOf(broker), question)
}

const UTF8_BYTES_MAX = 3
const encoder = new TextEncoder()

/** The text in the memory of `spent` where that is large enough, else in memory of its own. */
function encode(text: string, spent: Uint8Array | null): Uint8Array {
  const bytes = text.length * UTF8_BYTES_MAX
  const isEnough = spent !== null && spent.buffer.byteLength >= bytes
  const memory = isEnough ? new Uint8Array(spent.buffer) : new Uint8Array(bytes)
  return memory.subarray(0, encoder.encodeInto(text, memory).written)
}

/** The next piece in memory of its own, so that it can be handed over, or null. */
function nextPiece(number: number, spent: Uint8Array | null): Uint8Array | null {
  const pieces = dumps.get(number)
  if (pieces === undefined) throw new Error('the dump ended')
  const { value, done } = pieces.next()
  if (!done) return encode(value, spent)
  dumps.delete(number)
  return null
}

const EXECUTORS: { readonly [Do in Order['do']]: (order: Extract<Order, { do: Do }>) => unknown } =
  {
    load({ broker, catalogue, details }) {
      tables.set(broker, new LookupTable(new SharedInstruments({ catalogue, details })))
      return tableOf(broker).byteLength
    },
    ask: ({ broker, name, question }) => answer(broker, name, question as never),
    openDump({ dump: number, broker, exchange, format }) {
      dumps.set(number, dump(tableOf(broker).instruments, exchange, format))
      return number
    },
    readDump: ({ dump: number, spent }) => nextPiece(number, spent),
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
