// Who may come in: one registered app, codes that work once, the access tokens they were traded for, and the
// single-use addresses of the feed. Upstox Developer API v2, login; Market Data Feed V3, authorize.
import { OneTimeCodes, SessionTokens } from './session-tokens.ts'

export const CODE_LIFE_MS = 120_000
export const FEED_ADDRESS_LIFE_MS = 60_000

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

const invalidToken = () => new Refusal(401, 'UDAPI100050', 'Invalid token used to access API')

export class UpstoxSessions {
  readonly app: UpstoxApp
  readonly #tokens: SessionTokens
  readonly #codes = new OneTimeCodes()
  readonly #feedCodes = new OneTimeCodes()

  constructor(app: UpstoxApp, seed: number) {
    const { accessToken, apiSecret: secret } = app
    this.app = app
    this.#tokens = new SessionTokens({ seed, secret, accessToken, length: 40 })
  }

  /** What the sign-in page hands to the registered URL. Throws a Refusal of a wrong app or address. */
  issueCode(query: URLSearchParams, nowMs: number): string {
    if (query.get('response_type') !== 'code') {
      throw new Refusal(400, 'UDAPI100036', "Invalid Input: 'response_type' must be code")
    }
    this.#checkApp(query)
    const code = this.#tokens.issue('code').slice(0, 12)
    this.#codes.add(code, nowMs + CODE_LIFE_MS)
    return code
  }

  /** Trades a code for an access token. Whatever comes of it, the code is used up. */
  open(form: URLSearchParams, nowMs: number): string {
    const endsMs = this.#codes.use(form.get('code') ?? '')
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
    return this.#tokens.open()
  }

  isValid(accessToken: string): boolean {
    return this.#tokens.isValid(accessToken)
  }

  /** The token of `Authorization: Bearer <token>`; throws the Refusal of a dead or missing session. */
  require(authorization: string | undefined): string {
    const accessToken = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
    if (accessToken === undefined || !this.isValid(accessToken)) throw invalidToken()
    return accessToken
  }

  /** The code of a feed address that opens one socket, soon. */
  issueFeedCode(nowMs: number): string {
    const code = this.#tokens.issue('feed')
    this.#feedCodes.add(code, nowMs + FEED_ADDRESS_LIFE_MS)
    return code
  }

  /** Uses up a feed address; throws a Refusal where it is unknown, used or old. */
  useFeedCode(code: string | null, nowMs: number): void {
    if (this.#feedCodes.use(code ?? '') <= nowMs) {
      throw new Refusal(403, 'UDAPI100050', 'This address of the feed is used, old or unknown')
    }
  }

  close(accessToken: string): void {
    this.#tokens.close(accessToken)
  }

  /** Ends every session and every feed address, as the broker does each morning. */
  expireAll(): void {
    this.#tokens.expireAll()
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
}
