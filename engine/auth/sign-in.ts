// Carries out the sign-in that a broker describes.
import type { BrokerSpec, Credentials, Hosts, HttpReply, Session } from '../../adapters/broker.ts'
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

  constructor(kind: SignInErrorKind, message: string) {
    super(message)
    this.kind = kind
  }
}

type Broker = Pick<BrokerSpec, 'id' | 'signIn'>
const WORDS_MAX = 300

/**
 * Signs in with credentials under the broker's names (snake_case) and returns the session, which holds every
 * known value under its camelCase name. A given `access_token` is taken as it is, without any call. Throws a
 * SignInError.
 */
export async function signIn(
  broker: Broker,
  hosts: Hosts,
  credentials: Credentials,
  timeoutMs?: number,
): Promise<Session> {
  const hasToken = credentials.access_token !== undefined
  checkCredentials(broker, hosts, credentials, hasToken)
  let known = credentials
  if (!hasToken) {
    for (const step of broker.signIn.steps) {
      const reply = await callHttp(step.request(hosts, known), timeoutMs).catch((error: Error) => {
        throw new SignInError('network', `${broker.id}: sign-in got no reply: ${error.message}`)
      })
      const outcome = step.read(reply, known)
      if ('refused' in outcome) throw refusal(broker, reply, outcome.refused, known)
      known = { ...known, ...outcome.values }
    }
  }
  return toSession(broker, known)
}

function checkCredentials(
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
      ? `sign in at ${page.url(hosts, given)} and set it to ${missing.help}`
      : `set it to ${missing.help}`
  throw new SignInError('missing-credential', `${key} is missing: ${fix}`)
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

function toSession(broker: Broker, known: Credentials): Session {
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
