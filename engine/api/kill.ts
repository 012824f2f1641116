// The kill switch over HTTP: who may trade may set it, only an admin clears it.
import { z } from 'zod'
import type { Scope } from '../auth/keys.ts'
import type { Logger } from '../observe/log.ts'
import type { KillSwitch } from '../orders/kill-switch.ts'
import { HttpFailure, type Route } from './http.ts'

const PATH = '/admin/kill'
const TRADERS: readonly Scope[] = ['trade', 'admin']
const WHY_MAX = 500

const wishSchema = z.strictObject({ why: z.string().max(WHY_MAX).default('') }).optional()

export interface KillContext {
  readonly killSwitch: KillSwitch
  readonly nowMs: () => number
  readonly log: Logger
}

/** Setting, clearing and asking for the kill switch as routes. */
export function killRoutes({ killSwitch, nowMs, log }: KillContext): Route[] {
  return [
    {
      method: 'GET',
      path: PATH,
      needsAdmin: true,
      scopes: TRADERS,
      handle: () => killSwitch.status(),
    },
    {
      method: 'POST',
      path: PATH,
      needsAdmin: true,
      scopes: TRADERS,
      async handle(_argument, body, key) {
        const wish = wishSchema.safeParse(body)
        // Whatever else is asked for, nothing may be ordered any more.
        const why = wish.success ? (wish.data?.why ?? '') : ''
        const status = await killSwitch.set(key!.name, why, nowMs())
        log.error({ by: key!.name, why }, 'kill switch set: nothing new is sent to any broker')
        if (!wish.success) throw new HttpFailure(400, z.prettifyError(wish.error))
        return status
      },
    },
    {
      method: 'DELETE',
      path: PATH,
      needsAdmin: true,
      async handle(_argument, _body, key) {
        const status = await killSwitch.clear()
        log.warn({ by: key!.name }, 'kill switch cleared')
        return status
      },
    },
  ]
}
