// The instruments of an installation, wherever they are to be asked: a running engine's, or those of its store.
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { LoadedConfig } from '../../config/load.ts'
import { Vault, vaultPlaceOf } from '../../engine/auth/vault.ts'
import { nowMs } from '../../engine/clock.ts'
import { createLogger } from '../../engine/observe/log.ts'
import { configureBroker, keeperOf, listOf, storeFolderOf } from '../../engine/prepare.ts'
import { type ImportRequest, importInstruments } from '../../engine/symbols/import.ts'
import { isReady } from '../../engine/symbols/list-source.ts'
import { listStatus, storedBrokers } from '../../engine/symbols/list-status.ts'
import {
  ANSWERERS,
  type Answers,
  type QuestionName,
  type Questions,
} from '../../engine/symbols/lookup/questions.ts'
import { SharedInstruments } from '../../engine/symbols/lookup/shared-instruments.ts'
import { LookupTable } from '../../engine/symbols/lookup/table.ts'
import { loadIndex, openStore, type Store } from '../../engine/symbols/store.ts'
import { type SyncProgress, type SyncResult, syncInstruments } from '../../engine/symbols/sync.ts'
import { BAD_USAGE, CliError, FAILED } from '../command.ts'
import { adminRequest, findEngine, type RunningEngine } from '../running-engine.ts'

const POLL_EVERY_MS = 200

const count = z.number()
const liveSchema = z.object({
  generation: count,
  rows: count,
  exchanges: z.record(z.string(), count),
  leftOut: count,
  source: z.string(),
  syncedAtMs: count,
  checkedAtMs: count.nullable(),
  ageMs: count,
})
const listSchema = z.object({
  broker: z.string(),
  live: liveSchema.nullable(),
  failure: z.object({ atMs: count, reason: z.string() }).nullable(),
  nextSyncAtMs: count.optional(),
})
export type ListInfo = z.infer<typeof listSchema>

const outcomeSchema = z.object({
  outcome: z.enum(['synced', 'unchanged']),
  generation: count,
  rows: count,
  exchanges: z.record(z.string(), count),
  carriedOver: count,
  skipped: z.record(z.string(), count),
  samples: z.array(
    z.object({ source: z.string(), row: count, reason: z.string(), text: z.string() }),
  ),
  totalMs: count,
})
export type Outcome = Pick<SyncResult, keyof z.infer<typeof outcomeSchema>>

const jobsSchema = z.array(
  z.object({
    broker: z.string(),
    job: z
      .object({
        number: count,
        progress: z.custom<SyncProgress>((value) => typeof value === 'object').nullable(),
        result: outcomeSchema.nullable(),
        error: z.string().nullable(),
      })
      .nullable(),
  }),
)
const begunSchema = z.object({ job: count })

/** A list on this machine, as an import takes it. */
export type ListFile = Pick<ImportRequest, 'file' | 'layout'>

export interface Watch {
  readonly force: boolean
  onProgress(progress: SyncProgress): void
}

export interface Symbols {
  /** Ids of the brokers that can be asked for, the preferred one first. */
  brokers(): Promise<readonly string[]>
  /** Ids of the brokers that have a list to download. */
  synced(): Promise<readonly string[]>
  list(): Promise<ListInfo[]>
  sync(broker: string, watch: Watch): Promise<Outcome>
  import(broker: string, file: ListFile, watch: Watch): Promise<Outcome>
  ask<Name extends QuestionName>(
    broker: string,
    name: Name,
    question: Questions[Name],
  ): Promise<Answers[Name]>
}

/** The instruments of the engine that runs on the data folder, else of the store in it. */
export async function openSymbols(loaded: LoadedConfig): Promise<Symbols> {
  const engine = await findEngine(loaded.config.data_dir)
  return engine === null ? symbolsOfStore(loaded) : symbolsOfEngine(engine)
}

function read<Value>(schema: z.ZodType<Value>, told: unknown): Value {
  const parsed = schema.safeParse(told)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]!
  throw new CliError(
    FAILED,
    `the engine's answer was not understood (${path.join('.')}: ${message}); it may be of another version`,
  )
}

function symbolsOfEngine(engine: RunningEngine): Symbols {
  const list = async () => read(z.array(listSchema), await adminRequest(engine, 'GET', PATH))
  const brokers = async () => (await list()).map(({ broker }) => broker)
  const work = async (
    path: string,
    body: { broker: string } & Partial<ListFile>,
    { force, onProgress }: Watch,
  ) => {
    const { job: number } = read(
      begunSchema,
      await adminRequest(engine, 'POST', path, { ...body, force }),
    )
    for (;;) {
      const told = read(jobsSchema, await adminRequest(engine, 'GET', PATH))
      const job = told.find(({ broker }) => broker === body.broker)?.job
      if (job?.number !== number) throw new CliError(FAILED, 'another sync has begun meanwhile')
      if (job.result !== null) return job.result
      if (job.error !== null) throw new CliError(FAILED, job.error)
      if (job.progress !== null) onProgress(job.progress)
      await sleep(POLL_EVERY_MS)
    }
  }
  return {
    list,
    brokers,
    synced: brokers,
    sync: (broker, watch) => work(`${PATH}/sync`, { broker }, watch),
    import: (broker, file, watch) => work(`${PATH}/import`, { broker, ...file }, watch),
    async ask(broker, name, question) {
      const told = await adminRequest(engine, 'POST', `${PATH}/ask`, { broker, name, question })
      const { answer } = read(z.object({ answer: z.any() }), told)
      // The body of a reply came as text where the query thread has it as bytes.
      return typeof answer?.json === 'string'
        ? { ...answer, json: Buffer.from(answer.json) }
        : answer
    },
  }
}
const PATH = '/admin/symbols'

function symbolsOfStore(loaded: LoadedConfig): Symbols {
  const { config } = loaded
  const storeFolder = storeFolderOf(config.data_dir)
  const tables = new Map<string, LookupTable>()
  const configured = Object.entries(config.brokers).filter(([, { enabled }]) => enabled)
  const tableOf = async (broker: string) => {
    const known = tables.get(broker)
    if (known !== undefined) return known
    const index = await withStore(storeFolder, (store) => loadIndex(store, broker))
    if (index === null) throw new CliError(FAILED, `${broker} has no instruments yet; sync them`)
    const table = new LookupTable(new SharedInstruments(index))
    tables.set(broker, table)
    return table
  }
  return {
    brokers: async () => {
      const stored = await withStore(storeFolder, storedBrokers)
      const ids = [...configured.map(([id]) => id), ...stored]
      return [...new Set(ids)]
    },
    synced: async () => configured.map(([id]) => id),
    list: () =>
      withStore(storeFolder, (store) =>
        storedBrokers(store).map((broker) => listStatus(store, broker, nowMs())),
      ),
    async sync(id, watch) {
      const broker = configured.find(([each]) => each === id)?.[1]
      if (broker === undefined) {
        throw new CliError(BAD_USAGE, `broker ${id} is not configured; add a [brokers.${id}] table`)
      }
      const found = await configureBroker(loaded, id, broker)
      const open = listOf(config.data_dir, found, null)
      if (isReady(open)) return syncInstruments({ ...open, ...watch })
      const vault = await Vault.open(vaultPlaceOf(loaded))
      const keeper = keeperOf(loaded, found, createLogger({ level: 'silent' }), vault)
      await keeper.start()
      const list = listOf(config.data_dir, found, keeper.current())
      if (isReady(list)) return syncInstruments({ ...list, ...watch })
      throw new CliError(FAILED, `${id} has no session: ${keeper.status().problem}`)
    },
    import(broker, file, watch) {
      const adapter = config.brokers[broker]?.adapter
      const brokerModule = adapter === undefined ? {} : { brokerModule: adapter }
      return importInstruments({ storeFolder, broker, ...brokerModule, ...file, ...watch })
    },
    async ask(broker, name, question) {
      return ANSWERERS[name](await tableOf(broker), question)
    },
  }
}

async function withStore<Result>(folder: string, use: (store: Store) => Result): Promise<Result> {
  const store = openStore(folder)
  try {
    return use(store)
  } finally {
    await store.root.close()
  }
}
