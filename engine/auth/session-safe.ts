// What outlives the process of a broker's sign-in, and the shape of where it is kept.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Credentials } from '../../adapters/broker.ts'

const credentialsSchema = z.record(z.string(), z.string())

const sessionSchema = z.strictObject({
  /** All that was given for the session and told about it; null: it is over. */
  known: credentialsSchema.nullable(),
  expiresAtMs: z.number().nullable(),
  signedInAtMs: z.number(),
  /** Digest of the configured credentials of that time. */
  configured: z.string(),
})

export const sealedSchema = z.strictObject({
  session: sessionSchema.nullable(),
  /** Credentials that came with a login instead of the configuration. */
  secrets: credentialsSchema,
})

export type SealedSession = z.infer<typeof sessionSchema>
export type Sealed = z.infer<typeof sealedSchema>

/** Where sessions are kept, by broker. */
export interface SessionSafe {
  load(broker: string): Promise<Sealed>
  save(broker: string, sealed: Sealed): Promise<void>
}

/** Tells whether credentials are those of another time; it is kept only where they are sealed. */
export function digestOf(credentials: Credentials): string {
  const sorted = Object.entries(credentials).sort(([one], [other]) => (one < other ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex')
}
