// The kill switch over HTTP: who may trade may set it, only an admin clears it.
import { z } from 'zod'
import type { Scope } from '../auth/keys.ts'
import type { Logger } from '../observe/log.ts'
import type { KillSwitch } from '../orders/kill-switch.ts'
import { HttpFailure, parseBody, type Route } from './answerer.ts'

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
      takesText: true,
      async handle(_argument, body, key) {
        // Whatever comes with it, nothing may be ordered any more.
        const { why, failure } = readWish(body as string | null)
        const status = await killSwitch.set(key!.name, why, nowMs())
        log.error({ by: key!.name, why }, 'kill switch set: nothing new is sent to any broker')
        if (failure !== null) throw failure
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

/** The reason that a body gives, and what is wrong with the body. */
function readWish(body: string | null): { why: string; failure: HttpFailure | null } {
  try {
    const wish = wishSchema.safeParse(parseBody(body))
    if (wish.success) return { why: wish.data?.why ?? '', failure: null }
    return { why: '', failure: new HttpFailure(400, z.prettifyError(wish.error)) }
  } catch (error) {
    return { why: '', failure: error as HttpFailure }
  }
}
