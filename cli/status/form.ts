// The form of what a running engine tells of itself, as far as it is printed.
import { z } from 'zod'
import { CliError, FAILED } from '../command.ts'

const count = z.number()

const sessionSchema = z.object({
  broker: z.string(),
  state: z.string(),
  expiresAtMs: z.number().nullable(),
  expiresInS: z.number().nullable(),
  userId: z.string().nullable(),
  isInUse: z.boolean(),
  needsLogin: z.boolean(),
  problem: z.string().nullable(),
})

const feedSchema = z.object({
  broker: z.string(),
  sockets: z.array(z.string()),
  instrumentsListed: count,
  instrumentsWanted: count,
  handedOver: count,
  capacity: count,
  workerRestarts: count,
  ticks: count,
  rejects: count,
  unknownTokens: count,
  disconnects: count,
  ring: z.object({ behind: count, lost: count }),
})

const clientSchema = z.object({
  number: count,
  /** Empty before the client has authenticated. */
  key: z.string(),
  format: z.string(),
  instruments: count,
  itemsSent: count,
})

const zeromqSchema = z.object({
  ticks: z.array(z.string()),
  batches: z.array(z.string()),
  format: z.string(),
  curve: z.boolean(),
  peers: count,
  handshakeFailures: count,
  topicsNamed: count,
  topicsWaiting: count,
  instrumentsDemanded: count,
  instrumentsDemandedMax: count,
  prefixes: count,
  prefixesRefused: count,
  unknownTopics: count,
  malformedTopics: count,
  sent: count,
  clientsRefused: count,
  waiting: count,
  conflated: count,
  batchesSent: count,
  batchItemsSent: count,
})

/** The part of the status that is printed; there may be more. */
const statusSchema = z.object({
  uptimeS: count,
  sessions: z.array(sessionSchema),
  feeds: z.array(feedSchema),
  clients: z.object({
    connected: count,
    itemsSent: count,
    closedSlow: count,
    refusedFull: count,
    list: z.array(clientSchema),
  }),
  zeromq: zeromqSchema.nullable(),
  orders: z.object({
    killed: z.boolean(),
    running: count,
    unknown: count,
    reported: count,
    threadDeaths: count,
  }),
  latency: z.object({
    count,
    p50Us: count,
    p90Us: count,
    p99Us: count,
    p999Us: count,
    maxUs: count,
  }),
})

export type Status = z.infer<typeof statusSchema>
export type FeedStatus = Status['feeds'][number]
export type ZeromqStatus = NonNullable<Status['zeromq']>

/** Throws a CliError where an engine tells something else, for it may be of another version. */
export function readStatus(told: unknown): Status {
  const parsed = statusSchema.safeParse(told)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]!
  const why = `${path.join('.')}: ${message}`
  throw new CliError(
    FAILED,
    `the engine tells its status in another form (${why}); it may be of another version: use --json`,
  )
}
