// The sign-in of NorenOMS brokers that took up OAuth: a person signs in on a page, which leads back with a code that
// works once; the code buys the one token that REST and the feed take for the rest of the trading day.
import { createHash } from 'node:crypto'
import type { Credentials, Hosts, HttpReply, HttpRequest, SignIn } from '../../broker.ts'

/** The fields of a reply that sign-in reads; none of them can be trusted to be there. */
export type Reply = Readonly<Record<string, unknown>>

type Outcome = { values: Credentials } | { refused: string }

/** SHA-256 in hex of texts that follow each other without anything between them. */
export const sha256 = (...texts: readonly string[]) =>
  createHash('sha256').update(texts.join('')).digest('hex')

/** The origin of a URL that the configuration has checked. */
export const originOf = (url: string) => new URL(url).origin

/**
 * What a reply yields when it is `stat` Ok and `accept` finds its values, else the broker's words for why it does not.
 */
export function readReply(
  { status, body }: HttpReply,
  accept: (reply: Reply) => Outcome | null,
): Outcome {
  let reply: unknown
  try {
    reply = JSON.parse(body)
  } catch {
    reply = null
  }
  if (typeof reply !== 'object' || reply === null) {
    return { refused: `HTTP ${status} with a body that is not a JSON object` }
  }
  const { stat, emsg } = reply as Reply
  if (String(stat).toUpperCase() !== 'OK') {
    const words = typeof emsg === 'string' && emsg !== '' ? emsg : 'without a reason'
    return { refused: `HTTP ${status} ${words}` }
  }
  return accept(reply as Reply) ?? { refused: `HTTP ${status} Ok without a token` }
}

// The brokers' versions differ in what they call the token.
const TOKEN_NAMES = ['access_token', 'accesstoken', 'token', 'susertoken'] as const

function acceptToken(reply: Reply): Outcome | null {
  const token = TOKEN_NAMES.map((name) => reply[name]).find(
    (value) => typeof value === 'string' && value !== '',
  )
  return token === undefined ? null : { values: { access_token: token as string } }
}

function exchangeCode(hosts: Hosts, known: Credentials): HttpRequest {
  const { client_id = '', secret = '', code = '' } = known
  const checksum = sha256(client_id, secret, code)
  return {
    method: 'POST',
    url: `${hosts.rest}/GenAcsTok`,
    text: `jData=${JSON.stringify({ code, checksum })}`,
  }
}

/** `https://<host>/OAuthlogin/authorize/oauth`, then `GenAcsTok`. */
export const oauthSignIn: SignIn = {
  credentials: [
    {
      name: 'user_id',
      secret: false,
      needed: 'always',
      help: 'the user id that you sign in with, not the client id of your app',
    },
    {
      name: 'client_id',
      secret: false,
      needed: 'to-sign-in',
      help: 'the OAuth client id of your app, often the user id with _U at its end',
    },
    { name: 'secret', secret: true, needed: 'to-sign-in', help: 'the secret of the same app' },
    {
      name: 'code',
      secret: true,
      needed: 'to-sign-in',
      help: 'the code in the address that the sign-in page sends you to, good once and not for long',
    },
    {
      name: 'access_token',
      secret: true,
      needed: 'never',
      help: 'an access token that you got yourself, good for the trading day',
    },
  ],
  page: {
    url(hosts, { client_id = '' }) {
      const query = new URLSearchParams({ client_id })
      return `${hosts.login ?? originOf(hosts.rest)}/OAuthlogin/authorize/oauth?${query}`
    },
    yields: 'code',
  },
  steps: [{ request: exchangeCode, read: (reply) => readReply(reply, acceptToken) }],
  // The brokers say "one trading day" and no hour; this is the earliest that is assumed of any.
  expiresAt: '03:00',
}
