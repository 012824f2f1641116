// Who may come in: one registered app, codes that work once, the access tokens they were traded for, and the
// single-use addresses of the feed. Upstox Developer API v2, login; Market Data Feed V3, authorize.
import { createHash } from 'node:crypto'

export const CODE_LIFE_MS = 120_000
export const FEED_ADDRESS_LIFE_MS = 60_000
const OUTSTANDING_MAX = 1000
const CLOSED_TOKENS_MAX = 1000
const NUMBER_LENGTH = 8

/** A refusal in Upstox's words: it becomes the error envelope with this status. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export interface UpstoxApp {
  readonly apiKey: string
  readonly apiSecret: string
  readonly redirectUri: string
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

const invalidToken = () => new Refusal(401, 'UDAPI100050', 'Invalid token used to access API')

export class UpstoxSessions {
  readonly app: UpstoxApp
  readonly #seed: number
  #issued = 0
  /** When each outstanding code and feed address ends, epoch ms. */
  readonly #codes = new Map<string, number>()
  readonly #feedCodes = new Map<string, number>()
  readonly #closed = new Set<string>()
  /** Access tokens up to this number are dead; the ready one counts as number 0. */
  #expiredUpTo = -1

  constructor(app: UpstoxApp, seed: number) {
    this.app = app
    this.#seed = seed
  }

  /** What the sign-in page hands to the registered URL. Throws a Refusal of a wrong app or address. */
  issueCode(query: URLSearchParams, nowMs: number): string {
    if (query.get('response_type') !== 'code') {
      throw new Refusal(400, 'UDAPI100036', "Invalid Input: 'response_type' must be code")
    }
    this.#checkApp(query)
    makeRoom(this.#codes, OUTSTANDING_MAX)
    const code = this.#newToken('code').slice(0, 12)
    this.#codes.set(code, nowMs + CODE_LIFE_MS)
    return code
  }

  /** Trades a code for an access token. Whatever comes of it, the code is used up. */
  open(form: URLSearchParams, nowMs: number): string {
    const code = form.get('code') ?? ''
    const endsMs = this.#codes.get(code) ?? 0
    this.#codes.delete(code)
    if (form.get('grant_type') !== 'authorization_code') {
      throw new Refusal(
        400,
        'UDAPI100036',
        "Invalid Input: 'grant_type' must be authorization_code",
      )
    }
    this.#checkApp(form)
    if (form.get('client_secret') !== this.app.apiSecret) {
      throw new Refusal(
        401,
        'UDAPI100069',
        "Check your 'client_id' and 'client_secret'; one or both are incorrect.",
      )
    }
    if (endsMs <= nowMs) throw new Refusal(401, 'UDAPI100057', 'Invalid Auth code')
    this.#issued += 1
    return this.#accessToken(this.#issued)
  }

  isValid(accessToken: string): boolean {
    if (this.#closed.has(accessToken)) return false
    if (accessToken === this.app.accessToken) return this.#expiredUpTo < 0
    const number = Number.parseInt(accessToken.slice(0, NUMBER_LENGTH), 16)
    return accessToken === this.#accessToken(number) && number > this.#expiredUpTo
  }

  /** The token of `Authorization: Bearer <token>`; throws the Refusal of a dead or missing session. */
  require(authorization: string | undefined): string {
    const accessToken = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
    if (accessToken === undefined || !this.isValid(accessToken)) throw invalidToken()
    return accessToken
  }

  /** The code of a feed address that opens one socket, soon. */
  issueFeedCode(nowMs: number): string {
    makeRoom(this.#feedCodes, OUTSTANDING_MAX)
    const code = this.#newToken('feed')
    this.#feedCodes.set(code, nowMs + FEED_ADDRESS_LIFE_MS)
    return code
  }

  /** Uses up a feed address; throws a Refusal where it is unknown, used or old. */
  useFeedCode(code: string | null, nowMs: number): void {
    const endsMs = this.#feedCodes.get(code ?? '') ?? 0
    this.#feedCodes.delete(code ?? '')
    if (endsMs <= nowMs) {
      throw new Refusal(403, 'UDAPI100050', 'This address of the feed is used, old or unknown')
    }
  }

  close(accessToken: string): void {
    makeRoom(this.#closed, CLOSED_TOKENS_MAX)
    this.#closed.add(accessToken)
  }

  /** Ends every session and every feed address, as the broker does each morning. */
  expireAll(): void {
    this.#expiredUpTo = this.#issued
    this.#feedCodes.clear()
  }

  #checkApp(fields: URLSearchParams): void {
    const { apiKey, redirectUri } = this.app
    if (fields.get('client_id') === apiKey && fields.get('redirect_uri') === redirectUri) return
    throw new Refusal(
      401,
      'UDAPI100068',
      "Check your 'client_id' and 'redirect_uri'; one or both are incorrect.",
    )
  }

  /** An access token proves itself, so that a simulator started again still honours it, as the broker would. */
  #accessToken(number: number): string {
    const head = number.toString(16).padStart(NUMBER_LENGTH, '0')
    return head + sha256(`${this.app.apiSecret} access ${number}`).slice(0, 40 - NUMBER_LENGTH)
  }

  #newToken(purpose: string): string {
    this.#issued += 1
    return sha256(`${this.#seed} ${purpose} ${this.#issued}`).slice(0, 32)
  }
}
