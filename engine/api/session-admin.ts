// Signing in through the engine: what `tickplant login` asks for, and where brokers' pages lead back to.
import { z } from 'zod'
import { callbackPage } from '../auth/callback-page.ts'
import type { LoginDesk } from '../auth/login-desk.ts'
import type { SessionKeeper } from '../auth/session-keeper.ts'
import { SignInError, type SignInErrorKind } from '../auth/sign-in.ts'
import { type ApiRoute, HttpFailure, type Route } from './answerer.ts'

const wishSchema = z.strictObject({
  /** Under the broker's names. */
  values: z.record(z.string().max(64), z.string().min(1).max(4096)).default({}),
})

const STATUS_OF: Readonly<Record<SignInErrorKind, number>> = {
  'missing-credential': 400,
  refused: 409,
  network: 503,
}

export interface SessionAdminContext {
  readonly desks: readonly LoginDesk[]
  readonly keepers: readonly Pick<SessionKeeper, 'id' | 'status'>[]
}

/** The path that a broker's page leads back to. */
export const callbackPathOf = (broker: string) => `/${broker}/callback`

/** Routes of scope admin to begin a login and to see how it stands, and the callbacks, which need no key. */
export function sessionRoutes({ desks, keepers }: SessionAdminContext): (Route | ApiRoute)[] {
  const find = (broker: string) => {
    const desk = desks.find(({ id }) => id === broker)
    if (desk !== undefined) return desk
    const names = desks.map(({ id }) => id).join(', ')
    throw new HttpFailure(404, `broker ${broker} is not running; running: ${names}`)
  }
  const stand = (desk: LoginDesk) => {
    const session = keepers.find(({ id }) => id === desk.id)!.status()
    return { ...desk.status(), form: desk.form, session }
  }
  return [
    {
      method: 'POST',
      path: '/admin/login/:broker',
      needsAdmin: true,
      async handle(broker, body) {
        const desk = find(broker)
        const wish = wishSchema.safeParse(body ?? {})
        // A value that was mistyped may be a secret: only its place is told.
        if (!wish.success) {
          throw new HttpFailure(400, 'values must be texts of 1 to 4096 characters, by their names')
        }
        const url = await desk.begin(wish.data.values).catch(refuse)
        return { url, callback: callbackPathOf(broker), ...stand(desk) }
      },
    },
    {
      method: 'GET',
      path: '/admin/login/:broker',
      needsAdmin: true,
      handle: (broker) => stand(find(broker)),
    },
    ...desks.map((desk): ApiRoute => {
      return {
        method: 'GET',
        path: callbackPathOf(desk.id),
        answer: async ({ query }) => callbackPage(await desk.callback(query)),
      }
    }),
  ]
}

function refuse(error: unknown): never {
  if (error instanceof SignInError) throw new HttpFailure(STATUS_OF[error.kind], error.message)
  throw error
}
