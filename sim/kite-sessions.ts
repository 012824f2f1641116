// Who may come in: one registered app, request tokens that work once, and the access tokens they were traded for.
import { createHash } from 'node:crypto'
import { indianTime } from './calendar.ts'

const REQUEST_TOKEN_LIFE_MS = 300_000
const REQUEST_TOKENS_MAX = 1000
const CLOSED_TOKENS_MAX = 1000
const NUMBER_LENGTH = 8

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

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** Drops the oldest entry of a map or set that has reached its limit. */
function makeRoom(kept: Map<string, number> | Set<string>, limit: number): void {
  if (kept.size < limit) return
  for (const oldest of kept.keys()) {
    kept.delete(oldest)
    return
  }
}

export class KiteSessions {
  readonly app: KiteApp
  readonly #seed: number
  #issued = 0
  /** When each outstanding request token ends, epoch ms. */
  readonly #requestTokens = new Map<string, number>()
  readonly #closed = new Set<string>()
  /** Access tokens up to this number are dead; the ready one counts as number 0. */
  #expiredUpTo = -1

  constructor(app: KiteApp, seed: number) {
    this.app = app
    this.#seed = seed
  }

  /** What the login page hands to the registered URL. Throws a Refusal for an app that is not registered. */
  issueRequestToken(apiKey: string | null, nowMs: number): string {
    if (apiKey !== this.app.apiKey) throw new Refusal(400, 'InputException', 'Invalid `api_key`.')
    makeRoom(this.#requestTokens, REQUEST_TOKENS_MAX)
    const token = this.#newToken('request')
    this.#requestTokens.set(token, nowMs + REQUEST_TOKEN_LIFE_MS)
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
    const endsMs = this.#requestTokens.get(requestToken) ?? 0
    this.#requestTokens.delete(requestToken)
    if (endsMs < nowMs) {
      throw new Refusal(403, 'TokenException', 'Token is invalid or has expired.')
    }
    this.#issued += 1
    return {
      user_id: 'SIM001',
      api_key: apiKey,
      access_token: this.#accessToken(this.#issued),
      public_token: this.#newToken('public'),
      refresh_token: '',
      login_time: indianTime(nowMs),
      exchanges: ['NSE', 'BSE', 'NFO', 'BFO', 'CDS', 'BCD', 'MCX', 'NCO'],
      products: ['CNC', 'NRML', 'MIS'],
    }
  }

  isValid(apiKey: string | null, accessToken: string | null): boolean {
    if (apiKey !== this.app.apiKey || accessToken === null) return false
    if (this.#closed.has(accessToken)) return false
    if (accessToken === this.app.accessToken) return this.#expiredUpTo < 0
    const number = Number.parseInt(accessToken.slice(0, NUMBER_LENGTH), 16)
    return accessToken === this.#accessToken(number) && number > this.#expiredUpTo
  }

  /** Throws the Refusal of a dead or missing session. */
  require(apiKey: string | null, accessToken: string | null): void {
    if (this.isValid(apiKey, accessToken)) return
    throw new Refusal(403, 'TokenException', 'Incorrect `api_key` or `access_token`.')
  }

  close(accessToken: string): void {
    makeRoom(this.#closed, CLOSED_TOKENS_MAX)
    this.#closed.add(accessToken)
  }

  /** Ends every session, as the broker does each morning. */
  expireAll(): void {
    this.#expiredUpTo = this.#issued
  }

  /** An access token proves itself, so that a simulator started again still honours it, as the broker would. */
  #accessToken(number: number): string {
    const head = number.toString(16).padStart(NUMBER_LENGTH, '0')
    return head + sha256(`${this.app.apiSecret} access ${number}`).slice(0, 32 - NUMBER_LENGTH)
  }

  #newToken(purpose: string): string {
    this.#issued += 1
    return sha256(`${this.#seed} ${purpose} ${this.#issued}`).slice(0, 32)
  }
}
