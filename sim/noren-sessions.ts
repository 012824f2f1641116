// Who may come in at a Noren broker: codes of the sign-in page that work once, and the tokens they are traded for.
import { createHash } from 'node:crypto'

const CODE_LIFE_MS = 300_000
const CODES_MAX = 1000
const CLOSED_MAX = 1000
const NUMBER_LENGTH = 8

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

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** Drops the oldest entry of a map or set that has reached its limit. */
function makeRoom(kept: Map<string, number> | Set<string>, limit: number): void {
  if (kept.size < limit) return
  for (const oldest of kept.keys()) {
    kept.delete(oldest)
    return
  }
}

export class NorenSessions {
  readonly app: NorenApp
  readonly #seed: number
  readonly #signIn: 'oauth' | 'pi'
  #issued = 0
  /** When each outstanding code ends, epoch ms. */
  readonly #codes = new Map<string, number>()
  readonly #closed = new Set<string>()
  /** Tokens up to this number are dead; the ready one counts as number 0. */
  #expiredUpTo = -1

  constructor(app: NorenApp, signIn: 'oauth' | 'pi', seed: number) {
    this.app = app
    this.#signIn = signIn
    this.#seed = seed
  }

  /** What the sign-in page hands to the registered URL. Throws a NotOk for an app that is not registered. */
  issueCode(key: string | null, nowMs: number): string {
    if (key !== this.app.key) throw new NotOk('Invalid Input : Invalid app', 400)
    makeRoom(this.#codes, CODES_MAX)
    this.#issued += 1
    const code = sha256(`${this.#seed} code ${this.#issued}`).slice(0, 32)
    this.#codes.set(code, nowMs + CODE_LIFE_MS)
    return code
  }

  /** Trades a code for a token. The checksum is over key, secret, code, and at Pi over key, code, secret. */
  open(code: unknown, checksum: unknown, nowMs: number): string {
    const { key, secret } = this.app
    const parts = this.#signIn === 'pi' ? [key, code, secret] : [key, secret, code]
    if (checksum !== sha256(parts.join(''))) throw new NotOk('Invalid Input : Invalid checksum')
    const endsMs = this.#codes.get(String(code)) ?? 0
    this.#codes.delete(String(code))
    if (endsMs < nowMs) throw new NotOk('Invalid Input : Invalid code')
    this.#issued += 1
    return this.#token(this.#issued)
  }

  isValid(token: unknown): boolean {
    if (typeof token !== 'string' || this.#closed.has(token)) return false
    if (token === this.app.accessToken) return this.#expiredUpTo < 0
    const number = Number.parseInt(token.slice(0, NUMBER_LENGTH), 16)
    return token === this.#token(number) && number > this.#expiredUpTo
  }

  close(token: string): void {
    makeRoom(this.#closed, CLOSED_MAX)
    this.#closed.add(token)
  }

  /** Ends every session, as the broker does each morning. */
  expireAll(): void {
    this.#expiredUpTo = this.#issued
  }

  /** A token proves itself, so that a simulator started again still honours it, as the broker would. */
  #token(number: number): string {
    const head = number.toString(16).padStart(NUMBER_LENGTH, '0')
    return head + sha256(`${this.app.secret} access ${number}`).slice(0, 64 - NUMBER_LENGTH)
  }
}
