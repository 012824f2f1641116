// A person's way through a broker's sign-in page: begun here, it ends with the callback that the page leads back to,
// with what the person brings by hand, or with time. Only a login that was begun takes a callback, so that no page that
// the browser happens to visit can sign somebody else in.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { BrokerSpec, Credentials, Hosts } from '../../adapters/broker.ts'
import { nowMs as clockMs } from '../clock.ts'
import type { CallbackResult } from './callback-page.ts'
import type { SessionKeeper } from './session-keeper.ts'
import { checkCredentials, SignInError } from './sign-in.ts'

/** How long the page may take. */
export const LOGIN_MS_MAX = 15 * 60_000
const STATE_BYTES = 24
/** As the configuration takes a credential. */
const CODE = /^[\x20-\x7e]{1,4096}$/

export interface LoginDeskOptions {
  readonly broker: Pick<BrokerSpec, 'id' | 'name' | 'signIn'>
  readonly hosts: Hosts
  readonly keeper: SessionKeeper
  /** Epoch ms; the engine's clock where nothing is said. */
  readonly nowMs?: () => number
}

/** What a login takes. */
export interface LoginForm {
  /** The broker's names of all credentials. */
  readonly names: readonly string[]
  /** The one that the page brings; null where there is no page. */
  readonly yields: string | null
  readonly bringsState: boolean
}

/** How the last login stands. */
export interface LoginStatus {
  readonly state: 'none' | 'waiting' | 'done' | 'failed'
  /** What there is to tell a person. */
  readonly message: string
}

interface Pending {
  readonly state: string
  readonly values: Credentials
  readonly endsAtMs: number
}

export class LoginDesk {
  readonly #options: LoginDeskOptions
  readonly #nowMs: () => number
  #pending: Pending | null = null
  #status: LoginStatus = { state: 'none', message: 'no sign-in is under way' }

  constructor(options: LoginDeskOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? clockMs
  }

  get id(): string {
    return this.#options.broker.id
  }

  get form(): LoginForm {
    const { credentials, page } = this.#options.broker.signIn
    return {
      names: credentials.map(({ name }) => name),
      yields: page?.yields ?? null,
      bringsState: page?.bringsState ?? false,
    }
  }

  /**
   * Signs in with what is given, configured and sealed where that is enough, and returns null; else begins a login
   * and returns the address of the page. A login that was begun before is given up. Throws a SignInError.
   */
  async begin(values: Credentials): Promise<string | null> {
    const { broker, hosts, keeper } = this.#options
    this.#pending = null
    const { page } = broker.signIn
    const { names } = this.form
    const unknown = Object.keys(values).find((name) => !names.includes(name))
    if (unknown !== undefined) {
      const text = `${broker.id} has no credential ${unknown}; it has ${names.join(', ')}`
      throw new SignInError('missing-credential', text)
    }
    const isEnough =
      values.access_token !== undefined || page === undefined || page.yields in values
    if (isEnough) {
      await this.#finish(values)
      return null
    }
    const known = { ...keeper.loginCredentials(), ...values }
    // What is missing beside the code is better told before somebody signs in.
    checkCredentials(broker, hosts, { ...known, [page.yields]: '' }, false)
    const state = randomBytes(STATE_BYTES).toString('base64url')
    this.#pending = { state, values, endsAtMs: this.#nowMs() + LOGIN_MS_MAX }
    this.#status = { state: 'waiting', message: 'the sign-in page has not led back yet' }
    return page.url(hosts, known, state)
  }

  status(): LoginStatus {
    if (this.#pending !== null && this.#nowMs() >= this.#pending.endsAtMs) {
      this.#pending = null
      this.#status = { state: 'failed', message: 'nobody signed in on the page in time' }
    }
    return this.#status
  }

  /** Takes what the page led back with: the query of the address. */
  async callback(query: string): Promise<CallbackResult> {
    const { broker } = this.#options
    const page = broker.signIn.page
    this.status()
    if (page === undefined || this.#pending === null) {
      return {
        status: 409,
        title: 'No sign-in is under way',
        text: `Run \`tickplant login ${broker.id}\` and open the page that it names.`,
      }
    }
    const found = new URLSearchParams(query)
    if (page.bringsState && !isSame(found.get('state') ?? '', this.#pending.state)) {
      return {
        status: 400,
        title: 'Not signed in',
        text: 'This answer belongs to another sign-in. Open the page that was named last.',
      }
    }
    const code = found.get(page.yields) ?? ''
    if (!CODE.test(code)) {
      return {
        status: 400,
        title: 'Not signed in',
        text: `${broker.name} led back without ${page.yields}. Open the page again and sign in.`,
      }
    }
    return this.#takeCode({ ...this.#pending.values, [page.yields]: code })
  }

  async #takeCode(values: Credentials): Promise<CallbackResult> {
    this.#pending = null
    try {
      await this.#finish(values)
      const text = `${this.#status.message}. You can close this page.`
      return { status: 200, title: 'Signed in', text }
    } catch (error) {
      const mayPass = error instanceof SignInError && error.kind === 'network'
      const text = `${(error as Error).message}. Run \`tickplant login ${this.id}\` again.`
      return { status: mayPass ? 503 : 400, title: 'Not signed in', text }
    }
  }

  async #finish(values: Credentials): Promise<void> {
    const { broker, keeper } = this.#options
    this.#status = { state: 'waiting', message: 'signing in' }
    try {
      const { userId } = await keeper.useToken(values)
      const who = userId === undefined ? '' : ` as ${userId}`
      this.#status = { state: 'done', message: `Signed in to ${broker.name}${who}` }
    } catch (error) {
      this.#status = { state: 'failed', message: (error as Error).message }
      throw error
    }
  }
}

/** In constant time, whatever the lengths. */
function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest())
  return timingSafeEqual(a!, b!)
}
