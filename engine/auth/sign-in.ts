// Carries out the sign-in that a broker describes.
import type {
  BrokerSpec,
  Credentials,
  Hosts,
  HttpReply,
  Session,
  SignInStep,
} from '../../adapters/broker.ts'
import { nowMs as clockMs } from '../clock.ts'
import { nextTimeMs } from '../indian-day.ts'
import { callHttp } from './http.ts'

export type SignInErrorKind =
  /** The user has to supply something; nothing was called. */
  | 'missing-credential'
  /** The broker said no: the same credentials will not do better. */
  | 'refused'
  /** No reply, or a reply that says the broker's side is in trouble: worth another try. */
  | 'network'

/** Why there is no session. The message names the broker and never holds a secret. */
export class SignInError extends Error {
  override readonly name = 'SignInError'
  readonly kind: SignInErrorKind
  /** The credential that is missing, where one is. */
  readonly missing: string | null

  constructor(kind: SignInErrorKind, message: string, missing: string | null = null) {
    super(message)
    this.kind = kind
    this.missing = missing
  }
}

type Broker = Pick<BrokerSpec, 'id' | 'signIn'>
const WORDS_MAX = 300

/** A session with all that was given for it and told about it, under the broker's names. */
export interface SignedIn {
  readonly known: Credentials
  readonly session: Session
  /** Epoch ms; null where neither the broker's reply nor an hour of the day tells it. */
  readonly expiresAtMs: number | null
}

export interface SignInOptions {
  readonly timeoutMs?: number
  /** Epoch ms; the engine's clock where nothing is said. */
  readonly nowMs?: () => number
}

/**
 * Signs in with credentials under the broker's names (snake_case). A given `access_token` is taken as it is, without
 * any call. The session holds every known value under its camelCase name. Throws a SignInError.
 */
export async function signIn(
  broker: Broker,
  hosts: Hosts,
  credentials: Credentials,
  options: SignInOptions = {},
): Promise<SignedIn> {
  const hasToken = credentials.access_token !== undefined
  checkCredentials(broker, hosts, credentials, hasToken)
  return carryOut(broker, hosts, hasToken ? [] : broker.signIn.steps, credentials, options)
}

/** Whether a session that knows this can be refreshed. */
export function canRefresh({ signIn: { refresh } }: Broker, known: Credentials): boolean {
  return refresh !== undefined && (known[refresh.needs] ?? '') !== ''
}

/** Buys a new access token with what a session knows that `canRefresh`. Throws a SignInError. */
export async function refreshSession(
  broker: Broker,
  hosts: Hosts,
  known: Credentials,
  options: SignInOptions = {},
): Promise<SignedIn> {
  return carryOut(broker, hosts, [broker.signIn.refresh!], known, options)
}

async function carryOut(
  broker: Broker,
  hosts: Hosts,
  steps: readonly SignInStep[],
  given: Credentials,
  { timeoutMs, nowMs = clockMs }: SignInOptions,
): Promise<SignedIn> {
  let known = given
  const { expiresAt } = broker.signIn
  let expiresAtMs = expiresAt === undefined ? null : nextTimeMs(expiresAt, nowMs())
  for (const step of steps) {
    const call = attempt(broker, () => step.request(hosts, known, nowMs()))
    const reply = await callHttp(call, timeoutMs).catch((error: Error) => {
      throw new SignInError('network', `${broker.id}: sign-in got no reply: ${error.message}`)
    })
    const outcome = attempt(broker, () => step.read(reply, known, nowMs()))
    if ('refused' in outcome) throw refusal(broker, reply, outcome.refused, known)
    checkUser(broker, given, outcome.values)
    known = { ...known, ...outcome.values }
    expiresAtMs = outcome.expiresAtMs ?? expiresAtMs
  }
  return { known, session: toSession(broker, known), expiresAtMs }
}

/** Runs a step's own code; what it throws may quote what it was given. */
function attempt<Result>({ id }: Broker, run: () => Result): Result {
  try {
    return run()
  } catch {
    throw new SignInError('refused', `${id}: sign-in failed: its adapter cannot read the reply`)
  }
}

/** Whoever else signed in on the page would get this user's orders and subscriptions. */
function checkUser({ id }: Broker, given: Credentials, told: Credentials): void {
  const [mine, theirs] = [given.user_id, told.user_id]
  if (!mine || !theirs || mine.toUpperCase() === theirs.toUpperCase()) return
  throw new SignInError(
    'refused',
    `${id}: sign-in was refused: the session is of ${theirs}, not of ${mine}`,
  )
}

/** Throws a SignInError for the first credential that is needed and not given. */
export function checkCredentials(
  broker: Broker,
  hosts: Hosts,
  given: Credentials,
  hasToken: boolean,
): void {
  const { credentials, page } = broker.signIn
  const missing = credentials.find(({ name, needed }) => {
    return (
      given[name] === undefined && (needed === 'always' || (needed === 'to-sign-in' && !hasToken))
    )
  })
  if (missing === undefined) return
  const key = `brokers.${broker.id}.${missing.name}`
  const fix =
    page?.yields === missing.name
      ? `run \`tickplant login ${broker.id}\`, or sign in at ${page.url(hosts, given)} and set it to ${missing.help}`
      : `set it to ${missing.help}`
  throw new SignInError('missing-credential', `${key} is missing: ${fix}`, missing.name)
}

function refusal(broker: Broker, reply: HttpReply, words: string, known: Credentials): SignInError {
  const isTheirTrouble = reply.status >= 500 || reply.status === 429
  const said = withoutSecrets(broker, words, known).slice(0, WORDS_MAX)
  return isTheirTrouble
    ? new SignInError('network', `${broker.id}: sign-in is not available: ${said}`)
    : new SignInError('refused', `${broker.id}: sign-in was refused: ${said}`)
}

/** A broker's words in one line, without control characters and without the secrets that it may repeat. */
function withoutSecrets(broker: Broker, words: string, known: Credentials): string {
  let text = words
  for (const { name, secret } of broker.signIn.credentials) {
    const value = known[name]
    if (secret && value !== undefined && value !== '') text = text.replaceAll(value, '[redacted]')
  }
  return text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim()
}

/** What is known as a session: every value under its camelCase name. Throws a SignInError without an access token. */
export function toSession(broker: Pick<Broker, 'id'>, known: Credentials): Session {
  const named = Object.entries(known).map(([name, value]) => [camelCase(name), value])
  const session = Object.fromEntries(named) as Record<string, string>
  const { accessToken } = session
  if (accessToken === undefined) {
    throw new SignInError('refused', `${broker.id}: sign-in ended without an access token`)
  }
  return { ...session, accessToken }
}

function camelCase(name: string): string {
  return name.replaceAll(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}
