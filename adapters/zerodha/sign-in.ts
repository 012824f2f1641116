// Zerodha's sign-in (Kite Connect v3, "Login flow"): a person signs in on a page, which yields a request token
// that lives minutes and works once; it buys an access token that dies about 06:00 IST the next day.
import { createHash } from 'node:crypto'
import type { Credentials, Hosts, HttpReply, HttpRequest, SignIn } from '../broker.ts'

/** The fields of Kite's reply envelope that sign-in reads; none of them can be trusted to be there. */
interface Envelope {
  readonly status?: unknown
  readonly message?: unknown
  readonly error_type?: unknown
  readonly data?: { readonly access_token?: unknown; readonly user_id?: unknown } | null
}

function parseEnvelope(body: string): Envelope | null {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' ? parsed : null
  } catch {
    return null
  }
}

function requestSession(hosts: Hosts, known: Credentials): HttpRequest {
  const { api_key = '', api_secret = '', request_token = '' } = known
  const checksum = createHash('sha256')
    .update(api_key + request_token + api_secret)
    .digest('hex')
  return {
    method: 'POST',
    url: `${hosts.rest}/session/token`,
    headers: { 'X-Kite-Version': '3' },
    form: { api_key, request_token, checksum },
  }
}

function readSession(reply: HttpReply): { values: Credentials } | { refused: string } {
  const envelope = parseEnvelope(reply.body)
  if (envelope === null) return { refused: `HTTP ${reply.status} with a body that is not JSON` }
  const { status, message, error_type, data } = envelope
  if (status !== 'success') {
    const words = [message, error_type].filter((word) => typeof word === 'string' && word !== '')
    return { refused: `HTTP ${reply.status} ${words.join(' - ') || 'without a reason'}` }
  }
  const { access_token, user_id } = data ?? {}
  if (typeof access_token !== 'string' || access_token === '') {
    return { refused: `HTTP ${reply.status} success without data.access_token` }
  }
  return { values: typeof user_id === 'string' ? { access_token, user_id } : { access_token } }
}

export const signIn: SignIn = {
  credentials: [
    {
      name: 'api_key',
      secret: false,
      needed: 'always',
      help: 'the API key of your app in the Kite developer console',
    },
    {
      name: 'api_secret',
      secret: true,
      needed: 'to-sign-in',
      help: 'the API secret of the same app',
    },
    {
      name: 'request_token',
      secret: true,
      needed: 'to-sign-in',
      help: 'the request_token in the address that the sign-in page sends you to, good once for minutes',
    },
    {
      name: 'access_token',
      secret: true,
      needed: 'never',
      help: 'an access token that you got yourself, good until about 06:00 IST',
    },
    { name: 'user_id', secret: false, needed: 'never', help: 'your client id' },
  ],
  page: {
    url: (hosts, known) => {
      const query = new URLSearchParams({ v: '3', api_key: known.api_key ?? '' })
      return `${hosts.login ?? hosts.rest}/connect/login?${query}`
    },
    yields: 'request_token',
  },
  steps: [{ request: requestSession, read: readSession }],
  // Kite has a refresh token for approved platforms only; all others get an empty one.
  expiresAt: '06:00',
}
