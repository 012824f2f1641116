// Who may come in: one registered app, request tokens that work once, and the access tokens they were traded for.
import { indianTime } from './calendar.ts'
import { OneTimeCodes, SessionTokens, sha256 } from './session-tokens.ts'

const REQUEST_TOKEN_LIFE_MS = 300_000

/** A refusal in Kite's words: it becomes the failure envelope with this status. */
export class Refusal extends Error {
  readonly status: number
  readonly errorType: string

  constructor(status: number, errorType: string, message: string) {
    super(message)
    this.status = status
    this.errorType = errorType
  }
}

/** What a session is told about itself. Kite Connect v3, `POST /session/token`. */
export interface KiteSession {
  readonly user_id: string
  readonly api_key: string
  readonly access_token: string
  readonly public_token: string
  readonly refresh_token: string
  readonly login_time: string
  readonly exchanges: readonly string[]
  readonly products: readonly string[]
}

export interface KiteApp {
  readonly apiKey: string
  readonly apiSecret: string
  /** A token that is valid from the start. */
  readonly accessToken: string
}

export class KiteSessions {
  readonly app: KiteApp
  readonly #tokens: SessionTokens
  readonly #requestTokens = new OneTimeCodes()

  constructor(app: KiteApp, seed: number) {
    const { accessToken, apiSecret: secret } = app
    this.app = app
    this.#tokens = new SessionTokens({ seed, secret, accessToken, length: 32 })
  }

  /** What the login page hands to the registered URL. Throws a Refusal for an app that is not registered. */
  issueRequestToken(apiKey: string | null, nowMs: number): string {
    if (apiKey !== this.app.apiKey) throw new Refusal(400, 'InputException', 'Invalid `api_key`.')
    const token = this.#tokens.issue('request')
    this.#requestTokens.add(token, nowMs + REQUEST_TOKEN_LIFE_MS)
    return token
  }

  /** Trades a request token for a session. The checksum is sha256_hex(api_key + request_token + api_secret). */
  open(form: URLSearchParams, nowMs: number): KiteSession {
    for (const field of ['api_key', 'request_token', 'checksum']) {
      if (!form.get(field)) throw new Refusal(400, 'InputException', `Missing \`${field}\`.`)
    }
    const { apiKey, apiSecret } = this.app
    if (form.get('api_key') !== apiKey) {
      throw new Refusal(403, 'TokenException', 'Invalid `api_key`.')
    }
    const requestToken = form.get('request_token')!
    if (form.get('checksum') !== sha256(apiKey + requestToken + apiSecret)) {
      throw new Refusal(403, 'TokenException', 'Invalid `checksum`.')
    }
    if (this.#requestTokens.use(requestToken) < nowMs) {
      throw new Refusal(403, 'TokenException', 'Token is invalid or has expired.')
    }
    return {
      user_id: 'SIM001',
      api_key: apiKey,
      access_token: this.#tokens.open(),
      public_token: this.#tokens.issue('public'),
      refresh_token: '',
      login_time: indianTime(nowMs),
      exchanges: ['NSE', 'BSE', 'NFO', 'BFO', 'CDS', 'BCD', 'MCX', 'NCO'],
      products: ['CNC', 'NRML', 'MIS'],
    }
  }

  isValid(apiKey: string | null, accessToken: string | null): boolean {
    if (apiKey !== this.app.apiKey || accessToken === null) return false
    return this.#tokens.isValid(accessToken)
  }

  /** Throws the Refusal of a dead or missing session. */
  require(apiKey: string | null, accessToken: string | null): void {
    if (this.isValid(apiKey, accessToken)) return
    throw new Refusal(403, 'TokenException', 'Incorrect `api_key` or `access_token`.')
  }

  close(accessToken: string): void {
    this.#tokens.close(accessToken)
  }

  /** Ends every session, as the broker does each morning. */
  expireAll(): void {
    this.#tokens.expireAll()
  }
}
