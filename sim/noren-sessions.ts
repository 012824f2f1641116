// Who may come in at a Noren broker: codes of the sign-in page that work once, and the tokens they are traded for.
import { OneTimeCodes, SessionTokens, sha256 } from './session-tokens.ts'

const CODE_LIFE_MS = 300_000

/** A refusal in Noren's words: it becomes `{"stat":"Not_Ok","emsg":...}`, mostly with status 200. */
export class NotOk extends Error {
  readonly status: number

  constructor(message: string, status = 200) {
    super(message)
    this.status = status
  }
}

export const SESSION_EXPIRED = 'Session Expired : Invalid Session Key'

export interface NorenApp {
  /** Client id and account id in one. */
  readonly user: string
  readonly key: string
  readonly secret: string
  /** A token that is valid from the start. */
  readonly accessToken: string
}

export class NorenSessions {
  readonly app: NorenApp
  readonly #signIn: 'oauth' | 'pi'
  readonly #tokens: SessionTokens
  readonly #codes = new OneTimeCodes()

  constructor(app: NorenApp, signIn: 'oauth' | 'pi', seed: number) {
    const { accessToken, secret } = app
    this.app = app
    this.#signIn = signIn
    this.#tokens = new SessionTokens({ seed, secret, accessToken, length: 64 })
  }

  /** What the sign-in page hands to the registered URL. Throws a NotOk for an app that is not registered. */
  issueCode(key: string | null, nowMs: number): string {
    if (key !== this.app.key) throw new NotOk('Invalid Input : Invalid app', 400)
    const code = this.#tokens.issue('code')
    this.#codes.add(code, nowMs + CODE_LIFE_MS)
    return code
  }

  /** Trades a code for a token. The checksum is over key, secret, code, and at Pi over key, code, secret. */
  open(code: unknown, checksum: unknown, nowMs: number): string {
    const { key, secret } = this.app
    const parts = this.#signIn === 'pi' ? [key, code, secret] : [key, secret, code]
    if (checksum !== sha256(parts.join(''))) throw new NotOk('Invalid Input : Invalid checksum')
    if (this.#codes.use(String(code)) < nowMs) throw new NotOk('Invalid Input : Invalid code')
    return this.#tokens.open()
  }

  isValid(token: unknown): boolean {
    return typeof token === 'string' && this.#tokens.isValid(token)
  }

  close(token: string): void {
    this.#tokens.close(token)
  }

  /** Ends every session, as the broker does each morning. */
  expireAll(): void {
    this.#tokens.expireAll()
  }
}
