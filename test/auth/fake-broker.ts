// A made-up broker whose sign-in a test can steer, its server, and a keeper of its session on a clock of its own.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Credentials, Hosts, HttpReply, Session, SignIn } from '../../adapters/broker.ts'
import { SessionKeeper, type SessionKeeperOptions } from '../../engine/auth/session-keeper.ts'
import type { Sealed, SessionSafe } from '../../engine/auth/session-safe.ts'
import { createLogger } from '../../engine/observe/log.ts'
import { linesTo } from '../support/lines.ts'
import type { Scope } from '../support/plant.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
/** 09:15 in India. */
export const MORNING_MS = Date.parse('2026-08-03T09:15:00+05:30')

function read({ status, body }: HttpReply) {
  const { refused, expiresAtMs, ...values } = JSON.parse(body) as Record<string, string> & {
    expiresAtMs?: number
  }
  if (status !== 200) return { refused: String(refused) }
  return expiresAtMs === undefined ? { values } : { values, expiresAtMs }
}

const call = (path: string) => ({
  request: (hosts: Hosts, known: Credentials) => ({
    method: 'POST' as const,
    url: hosts.rest + path,
    json: known,
  }),
  read,
})

/** A sign-in with a PIN and no page. */
export const ALONE: SignIn = {
  credentials: [
    { name: 'user_id', secret: false, needed: 'always', help: 'your id' },
    { name: 'pin', secret: true, needed: 'to-sign-in', help: 'your PIN' },
    { name: 'access_token', secret: true, needed: 'never', help: 'a token' },
  ],
  steps: [call('/token')],
  expiresAt: '06:00',
}

/** The same, whose tokens live an hour and can be refreshed. */
export const REFRESHED: SignIn = {
  credentials: ALONE.credentials,
  steps: ALONE.steps,
  refresh: { needs: 'refresh_token', ...call('/refresh') },
}

/** A sign-in over a page. */
export const PAGED: SignIn = {
  ...ALONE,
  credentials: [
    ...ALONE.credentials,
    { name: 'code', secret: true, needed: 'to-sign-in', help: 'the code' },
  ],
  page: { url: (hosts) => `${hosts.rest}/page`, yields: 'code' },
}

export interface Answer {
  status?: number
  body: object
}

/** A server that signs in, and what it was asked. */
export class SignInServer {
  hosts: Hosts = { rest: '', feed: 'ws://127.0.0.1:1' }
  readonly asked: { readonly path: string; readonly known: Credentials }[] = []
  issued = 0
  /** The reply to a path, instead of the usual one. */
  readonly answers = new Map<string, () => Answer>()

  async listen(scope: Scope): Promise<this> {
    const server = createServer(async (request, response) => {
      const path = request.url!
      const known = JSON.parse(await text(request)) as Credentials
      this.asked.push({ path, known })
      this.issued += 1
      const usual = (): Answer => ({ body: { access_token: `token-number-${this.issued}` } })
      const { status = 200, body } = (this.answers.get(path) ?? usual)()
      response.writeHead(status).end(JSON.stringify(body))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    scope.after(() => {
      server.close()
      server.closeAllConnections()
    })
    this.hosts = {
      ...this.hosts,
      rest: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    }
    return this
  }

  /** The paths asked for so far. */
  get paths(): string[] {
    return this.asked.map(({ path }) => path)
  }
}

/** A safe in memory. */
export class MemorySafe implements SessionSafe {
  readonly sealed = new Map<string, Sealed>()

  async load(broker: string): Promise<Sealed> {
    return this.sealed.get(broker) ?? { session: null, secrets: {} }
  }

  async save(broker: string, sealed: Sealed): Promise<void> {
    this.sealed.set(broker, sealed)
  }
}

export interface Kept {
  readonly keeper: SessionKeeper
  readonly clock: { ms: number }
  /** The access tokens that listeners were told of, null for none. */
  readonly told: (string | null)[]
  readonly logs: Record<string, unknown>[]
}

/** A keeper on a clock that stands still unless it is set; nothing looks at the time unless `look` is called. */
export function keep(
  server: Pick<SignInServer, 'hosts'>,
  signIn: SignIn,
  options: Partial<SessionKeeperOptions> = {},
): Kept {
  const clock = { ms: MORNING_MS }
  const logs: Record<string, unknown>[] = []
  const keeper = new SessionKeeper({
    broker: { id: 'fake', signIn },
    hosts: server.hosts,
    credentials: { user_id: 'AB1234', pin: 'the-pin-1234' },
    safe: null,
    expiringMs: HOUR_MS,
    log: createLogger({ level: 'trace', destination: linesTo(logs) }),
    nowMs: () => clock.ms,
    ...options,
  })
  const told: (string | null)[] = []
  keeper.onChange((session: Session | null) => told.push(session?.accessToken ?? null))
  return { keeper, clock, told, logs }
}
