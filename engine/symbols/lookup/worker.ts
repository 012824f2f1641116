// The query thread: holds the look-up tables of all brokers and answers what takes too long for the core.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'
import { comeLast } from '../../priority.ts'
import { Dump } from './list-text.ts'
import {
  ANSWERERS,
  type Order,
  type Outcome,
  type QueryThreadData,
  type ReplyBody,
} from './questions.ts'
import { SharedInstruments } from './shared-instruments.ts'
import { LookupTable } from './table.ts'

// An answer may wait for a tick, and not the other way round.
comeLast()

// Building a table leaves tens of megabytes behind, which a thread that then idles would keep for minutes.
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const { replyMemories } = workerData as QueryThreadData
/** The reply memory of the question under way. */
let memory: 0 | 1 = 0
const tables = new Map<string, LookupTable>()
/** Dumps under way and where their pieces go; each goes on with the generation it began with. */
const dumps = new Map<number, { readonly dump: Dump; readonly memory: Uint8Array }>()

function tableOf(broker: string): LookupTable {
  const table = tables.get(broker)
  if (table === undefined) throw new Error(`there are no instruments of ${broker} yet`)
  return table
}

/** Writes the next piece to the dump's memory; its bytes, or 0 at the end. */
function nextPiece(number: number): number {
  const found = dumps.get(number)
  if (found === undefined) throw new Error('the dump ended')
  const bytes = found.dump.read(found.memory)
  if (bytes === 0) dumps.delete(number)
  return bytes
}

const EXECUTORS: { readonly [Do in Order['do']]: (order: Extract<Order, { do: Do }>) => unknown } =
  {
    load({ broker, catalogue, details }) {
      tables.set(broker, new LookupTable(new SharedInstruments({ catalogue, details })))
      collectGarbage()
      return tableOf(broker).byteLength
    },
    ask({ broker, name, question }) {
      memory = memory === 0 ? 1 : 0
      return ANSWERERS[name](tableOf(broker), question as never, replyMemories[memory])
    },
    openDump({ dump: number, broker, exchange, format, memory }) {
      dumps.set(number, { dump: new Dump(tableOf(broker).instruments, exchange, format), memory })
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

/** Of a body that lies in shared memory only the place is told. */
function told(outcome: Outcome): Outcome {
  if (!('value' in outcome)) return outcome
  const { json } = (outcome.value ?? {}) as Partial<ReplyBody>
  return json?.buffer === replyMemories[memory].buffer
    ? { memory, bodyBytes: json.length }
    : outcome
}

parentPort!.on('message', (order: Order) => {
  parentPort!.postMessage(told(execute(order)))
})
