// Instruments through the admin API: how old they are, a new sync or import, and the questions of the command line.
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import type { Lookup } from '../symbols/lookup/lookup.ts'
import { LookupError } from '../symbols/lookup/lookup-error.ts'
import type { QuestionName } from '../symbols/lookup/questions.ts'
import type { Job, ScheduledStatus, SymbolSchedule } from '../symbols/schedule.ts'
import { HttpFailure, type Route } from './answerer.ts'

/** Rows left out that one reply tells; the counts by reason cover all. */
const SAMPLES_MAX = 1000

const jobSchema = z.strictObject({
  broker: z.string(),
  force: z.boolean().default(false),
})
const importSchema = jobSchema.extend({
  file: z.string().refine(isAbsolute, 'must be an absolute path on the machine of the engine'),
  layout: z.string().optional(),
})

const text = z.string().max(200)
const day = z.int().min(0).max(1_000_000)
const QUESTIONS = {
  symbol: z.strictObject({ exchange: text, symbol: text }),
  search: z.strictObject({ query: text, exchange: text.nullable() }),
  expiries: z.strictObject({
    exchange: text,
    underlying: text,
    kind: z.enum(['options', 'futures']),
    fromDay: day,
  }),
  chain: z.strictObject({
    exchange: text,
    underlying: text,
    expiryDay: day,
    price: z.number().positive().nullable(),
    count: z.int().min(0).max(1000).nullable(),
  }),
} as const satisfies Partial<Record<QuestionName, z.ZodType>>

const askSchema = z.strictObject({
  broker: z.string(),
  name: z.enum(Object.keys(QUESTIONS) as (keyof typeof QUESTIONS)[]),
  question: z.unknown(),
})

export interface SymbolAdminContext {
  readonly schedule: Pick<SymbolSchedule, 'brokers' | 'status' | 'sync' | 'import'>
  readonly lookup: Pick<Lookup, 'ask'>
}

/** Routes of scope admin; a sync and an import go on after their reply, which names the job to look for. */
export function symbolAdminRoutes({ schedule, lookup }: SymbolAdminContext): Route[] {
  const known = (broker: string) => {
    if (schedule.brokers.includes(broker)) return broker
    const names = schedule.brokers.join(', ')
    throw new HttpFailure(404, `broker ${broker} is not running; running: ${names}`)
  }
  const begun = (broker: string, job: number | null) => {
    if (job !== null) return { broker, job }
    throw new HttpFailure(409, `a sync of ${broker} is under way; try again when it is done`)
  }
  return [
    {
      method: 'GET',
      path: '/admin/symbols',
      needsAdmin: true,
      handle: () => schedule.status().map(bounded),
    },
    {
      method: 'POST',
      path: '/admin/symbols/sync',
      needsAdmin: true,
      handle(_argument, body) {
        const { broker, force } = parse(jobSchema, body)
        return begun(broker, schedule.sync(known(broker), force))
      },
    },
    {
      method: 'POST',
      path: '/admin/symbols/import',
      needsAdmin: true,
      handle(_argument, body) {
        const { broker, force, file, layout } = parse(importSchema, body)
        const list = { file, ...(layout === undefined ? {} : { layout }) }
        return begun(broker, schedule.import(known(broker), list, force))
      },
    },
    {
      method: 'POST',
      path: '/admin/symbols/ask',
      needsAdmin: true,
      async handle(_argument, body) {
        const { broker, name, question } = parse(askSchema, body)
        const asked = parse<never>(QUESTIONS[name] as unknown as z.ZodType<never>, question)
        return { answer: asJson(await lookup.ask(known(broker), name, asked).catch(refuse)) }
      },
    },
  ]
}

function parse<Value>(schema: z.ZodType<Value>, body: unknown): Value {
  const read = schema.safeParse(body)
  if (read.success) return read.data
  throw new HttpFailure(400, z.prettifyError(read.error))
}

function bounded(status: ScheduledStatus): ScheduledStatus {
  const { job } = status
  if (job?.result == null) return status
  const samples = job.result.samples.slice(0, SAMPLES_MAX)
  return { ...status, job: { ...job, result: { ...job.result, samples } } satisfies Job }
}

/** The body of a reply is text already and goes as text; JSON would write its bytes number by number. */
function asJson(answer: unknown): unknown {
  const { json } = (answer ?? {}) as { json?: unknown }
  return json instanceof Uint8Array
    ? { ...(answer as object), json: Buffer.from(json).toString() }
    : answer
}

function refuse(error: unknown): never {
  if (error instanceof LookupError) throw new HttpFailure(500, error.message)
  throw error
}
