// The tokens of a simulated broker: codes that work once and soon end, and access tokens that prove themselves.
import { createHash } from 'node:crypto'

const OUTSTANDING_MAX = 1000
const CLOSED_MAX = 1000
const NUMBER_LENGTH = 8

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** Drops the oldest entry of a map or set that has reached its limit. */
function makeRoom(kept: Map<string, number> | Set<string>, limit: number): void {
  if (kept.size < limit) return
  for (const oldest of kept.keys()) {
    kept.delete(oldest)
    return
  }
}

/** Codes that were handed out and not used yet; of very many the oldest are forgotten. */
export class OneTimeCodes {
  readonly #endsMs = new Map<string, number>()

  add(code: string, endsMs: number): void {
    makeRoom(this.#endsMs, OUTSTANDING_MAX)
    this.#endsMs.set(code, endsMs)
  }

  /** Uses up a code. Returns when it ends or ended, epoch ms; 0 for one that is unknown or used. */
  use(code: string): number {
    const endsMs = this.#endsMs.get(code) ?? 0
    this.#endsMs.delete(code)
    return endsMs
  }

  clear(): void {
    this.#endsMs.clear()
  }
}

export interface TokenOptions {
  readonly seed: number
  readonly secret: string
  /** A token that is valid from the start. */
  readonly accessToken: string
  /** Characters of an access token. */
  readonly length: number
}

export class SessionTokens {
  readonly #options: TokenOptions
  #issued = 0
  readonly #closed = new Set<string>()
  /** Access tokens up to this number are dead; the ready one counts as number 0. */
  #expiredUpTo = -1

  constructor(options: TokenOptions) {
    this.#options = options
  }

  /** A text of 32 characters that was never issued before. */
  issue(purpose: string): string {
    this.#issued += 1
    return sha256(`${this.#options.seed} ${purpose} ${this.#issued}`).slice(0, 32)
  }

  /** A new access token. */
  open(): string {
    this.#issued += 1
    return this.#accessToken(this.#issued)
  }

  isValid(accessToken: string): boolean {
    if (this.#closed.has(accessToken)) return false
    if (accessToken === this.#options.accessToken) return this.#expiredUpTo < 0
    const number = Number.parseInt(accessToken.slice(0, NUMBER_LENGTH), 16)
    return accessToken === this.#accessToken(number) && number > this.#expiredUpTo
  }

  close(accessToken: string): void {
    makeRoom(this.#closed, CLOSED_MAX)
    this.#closed.add(accessToken)
  }

  /** Ends every session, as the broker does each morning. */
  expireAll(): void {
    this.#expiredUpTo = this.#issued
  }

  /** An access token proves itself, so that a simulator started again still honours it, as the broker would. */
  #accessToken(number: number): string {
    const { secret, length } = this.#options
    const head = number.toString(16).padStart(NUMBER_LENGTH, '0')
    return head + sha256(`${secret} access ${number}`).slice(0, length - NUMBER_LENGTH)
  }
}
