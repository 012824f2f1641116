// Upstox's sign-in (Upstox Developer API, "Login" and "Get Token"): a person signs in on a page that leads to the app's
// redirect URL with a code, good once; it buys an access token that dies at 03:30 IST whatever the hour of sign-in.
import type { Credentials, Hosts, HttpReply, HttpRequest, SignIn } from '../broker.ts'
import { parseObject, refusalOf } from './envelope.ts'

function requestToken(hosts: Hosts, known: Credentials): HttpRequest {
  const { api_key = '', api_secret = '', redirect_uri = '', code = '' } = known
  return {
    method: 'POST',
    url: `${hosts.rest}/v2/login/authorization/token`,
    headers: { Accept: 'application/json' },
    form: {
      code,
      client_id: api_key,
      client_secret: api_secret,
      redirect_uri,
      grant_type: 'authorization_code',
    },
  }
}

/** The token stands at the top of the reply; only errors come in the envelope of all other calls. */
function readToken(reply: HttpReply): { values: Credentials } | { refused: string } {
  const body = parseObject(reply.body)
  const { access_token, user_id } = body ?? {}
  if (reply.status !== 200 || body?.status === 'error') return { refused: refusalOf(reply) }
  if (typeof access_token !== 'string' || access_token === '') {
    return { refused: `HTTP ${reply.status} without an access_token` }
  }
  return { values: typeof user_id === 'string' ? { access_token, user_id } : { access_token } }
}

export const signIn: SignIn = {
  credentials: [
    {
      name: 'api_key',
      secret: false,
      needed: 'to-sign-in',
      help: 'the API key of your app in the Upstox developer console',
    },
    {
      name: 'api_secret',
      secret: true,
      needed: 'to-sign-in',
      help: 'the API secret of the same app',
    },
    {
      name: 'redirect_uri',
      secret: false,
      needed: 'to-sign-in',
      help: 'the redirect URL of the same app, letter by letter as it is registered',
    },
    {
      name: 'code',
      secret: true,
      needed: 'to-sign-in',
      help: 'the code in the address that the sign-in page sends you to, good once for minutes',
    },
    {
      name: 'access_token',
      secret: true,
      needed: 'never',
      help: 'an access token that you got yourself, good until 03:30 IST',
    },
    { name: 'user_id', secret: false, needed: 'never', help: 'your client id' },
  ],
  page: {
    url: (hosts, known, state) => {
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: known.api_key ?? '',
        redirect_uri: known.redirect_uri ?? '',
        ...(state === undefined ? {} : { state }),
      })
      return `${hosts.login ?? hosts.rest}/v2/login/authorization/dialog?${query}`
    },
    yields: 'code',
    bringsState: true,
  },
  steps: [{ request: requestToken, read: readToken }],
  expiresAt: '03:30',
}
