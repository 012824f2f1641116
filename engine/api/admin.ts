// What the admin API offers; the command line is its first client.
import { z } from 'zod'
import { KeyError, type KeyErrorKind, type KeyRecord, type KeyStore } from '../auth/keys.ts'
import { HttpFailure, type Route } from './answerer.ts'

const wishSchema = z.strictObject({
  name: z.string(),
  scopes: z.array(z.string()),
  key: z.string().optional(),
})

const STATUS_OF: Readonly<Record<KeyErrorKind, number>> = {
  invalid: 400,
  duplicate: 409,
  'not-found': 404,
  corrupt: 500,
}

export interface AdminContext {
  readonly keys: KeyStore
  health(): object
  status(): object
  /** Ends what was begun with a key that is valid no more. */
  closeKey(keyId: string): void
}

/** Health and administration as routes. */
export function adminRoutes(context: AdminContext): Route[] {
  const { keys } = context
  return [
    { method: 'GET', path: '/healthz', needsAdmin: false, handle: () => context.health() },
    { method: 'GET', path: '/admin/status', needsAdmin: true, handle: () => context.status() },
    {
      method: 'GET',
      path: '/admin/keys',
      needsAdmin: true,
      handle: () => keys.list().map(publicPart),
    },
    {
      method: 'POST',
      path: '/admin/keys',
      needsAdmin: true,
      async handle(_argument, body) {
        const wish = wishSchema.safeParse(body)
        if (!wish.success) throw new HttpFailure(400, z.prettifyError(wish.error))
        const { record, ...added } = await keys.add(wish.data).catch(refuse)
        return { ...publicPart(record), ...added }
      },
    },
    {
      method: 'DELETE',
      path: '/admin/keys/:idOrName',
      needsAdmin: true,
      async handle(idOrName) {
        const record = await keys.revoke(idOrName).catch(refuse)
        context.closeKey(record.id)
        return publicPart(record)
      },
    },
  ]
}

/** Where the time of ticks goes, since it was asked for before; there only while the engine keeps it. */
export function stagesRoute(take: () => object): Route {
  return { method: 'POST', path: '/admin/stages', needsAdmin: true, handle: take }
}

function publicPart({ id, name, scopes, createdAtMs }: KeyRecord) {
  return { id, name, scopes, createdAtMs }
}

function refuse(error: unknown): never {
  if (error instanceof KeyError) throw new HttpFailure(STATUS_OF[error.kind], error.message)
  throw error
}
