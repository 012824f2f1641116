// Flattrade's own sign-in: the page leads back with a request code, which buys the token of REST and of the feed.
import type { Credentials, Hosts, HttpRequest, SignIn } from '../broker.ts'
import { type Reply, readReply, sha256 } from '../families/noren/sign-in.ts'
import { besideRest, HOSTS } from './hosts.ts'

function exchangeCode(hosts: Hosts, known: Credentials): HttpRequest {
  const { api_key = '', api_secret = '', code = '' } = known
  return {
    method: 'POST',
    url: `${besideRest(hosts, 'https://authapi.flattrade.in')}/trade/apitoken`,
    // What goes as `api_secret` is a hash, and in it the code stands before the secret.
    json: { api_key, request_code: code, api_secret: sha256(api_key, code, api_secret) },
  }
}

function acceptToken({ token, client }: Reply, { user_id = '' }: Credentials) {
  if (typeof token !== 'string' || token === '') return null
  // Whoever else signed in on the page would get this user's subscriptions.
  const isOther = typeof client === 'string' && client.toUpperCase() !== user_id.toUpperCase()
  if (isOther && client !== '') return { refused: `the token is for ${client}, not for ${user_id}` }
  return { values: { access_token: token } }
}

export const signIn: SignIn = {
  credentials: [
    { name: 'user_id', secret: false, needed: 'always', help: 'your client id' },
    {
      name: 'api_key',
      secret: false,
      needed: 'to-sign-in',
      help: 'the API key that you made in the Pi menu of the wall',
    },
    {
      name: 'api_secret',
      secret: true,
      needed: 'to-sign-in',
      help: 'the API secret of the same key',
    },
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
      help: 'a token that you got yourself, good until about 05:00 IST',
    },
  ],
  page: {
    url: (hosts, { api_key = '' }) =>
      `${hosts.login ?? HOSTS.login}/?${new URLSearchParams({ app_key: api_key })}`,
    yields: 'code',
  },
  steps: [
    {
      request: exchangeCode,
      read: (reply, known) => readReply(reply, (fields) => acceptToken(fields, known)),
    },
  ],
  // The SDK's setup page tells this hour.
  expiresAt: '05:00',
}
