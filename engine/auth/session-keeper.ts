// A broker's session from the first sign-in on: which one is in use, how long it lives, and where the next one comes
// from. The hour at which sessions end is what the broker documents; what holds is whether it still accepts this one.
// So a session past its hour is told as expired and renewed where that can be done, but stays in use until it is
// refused or replaced. docs/adr/0009
import type { BrokerSpec, Credentials, Hosts, Session } from '../../adapters/broker.ts'
import { nowMs as clockMs } from '../clock.ts'
import { secretHider } from '../feed/secrets.ts'
import type { Logger } from '../observe/log.ts'
import { type Renewal, Renewals } from './renewals.ts'
import type { SessionSafe } from './session-safe.ts'
import { SessionSeal } from './session-seal.ts'
import type { SessionState, SessionStatus } from './session-status.ts'
import { refreshSession, type SignedIn, SignInError, signIn } from './sign-in.ts'

/** Wall clocks jump and machines sleep, so the time is looked at rather than waited for. */
const LOOK_EVERY_MS = 1000
/** A session that was accepted this long was good: its end says nothing about how it was got. */
const GOOD_LIFE_MS = 10 * 60_000

export interface SessionKeeperOptions {
  readonly broker: Pick<BrokerSpec, 'id' | 'signIn'>
  readonly hosts: Hosts
  /** As the configuration has them. */
  readonly credentials: Credentials
  /** Where sessions outlive the process; null: nowhere. */
  readonly safe: SessionSafe | null
  /** How long before its end a session counts as expiring. */
  readonly expiringMs: number
  readonly log: Logger
  /** Epoch ms; the engine's clock where nothing is said. */
  readonly nowMs?: () => number
  readonly lookEveryMs?: number
  readonly retryMsMin?: number
}

export type SessionListener = (session: Session | null) => void

export class SessionKeeper {
  readonly id: string
  readonly #options: SessionKeeperOptions
  readonly #nowMs: () => number
  readonly #listeners = new Set<SessionListener>()
  #state: SessionState = 'signed out'
  #sinceMs: number
  #signedIn: SignedIn | null = null
  #current: Session | null = null
  #signedInAtMs = 0
  #problem: string | null = null
  readonly #renewals: Renewals
  readonly #seal: SessionSeal
  /** Ends when the sign-ins asked for so far have. */
  #turn: Promise<unknown> = Promise.resolve()
  #isBusy = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: SessionKeeperOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? clockMs
    this.#renewals = new Renewals(options.broker, options.retryMsMin)
    this.#seal = new SessionSeal(options)
    this.id = options.broker.id
    this.#sinceMs = this.#nowMs()
  }

  get state(): SessionState {
    return this.#state
  }

  /** The session that calls go with; null while there is none, and once the broker refused the last one. */
  current(): Session | null {
    return this.#current
  }

  /** Tells of every other session, and of null when the broker refused it. Returns how to stop that. */
  onChange(listener: SessionListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Takes up the sealed session where it lives, else signs in with what is configured. That it needs a person, is
   * refused or gets no reply is told by the status and the log; only a credential that no login brings is thrown.
   */
  async start(): Promise<void> {
    const sealed = await this.#seal.open(this.#nowMs())
    if (sealed?.signedIn && !sealed.isOver) {
      this.#adopt(sealed.signedIn, sealed.signedInAtMs)
      return
    }
    const { access_token: hasToken } = this.#options.credentials
    if (sealed !== null && hasToken === undefined) {
      // Perhaps it can be refreshed.
      this.#signedIn = sealed.signedIn
      // The code in the configuration, where there is one, is used up: it bought that session.
      this.#become('expired')
      const renewal = this.#renewal(true)
      if (renewal === null) this.#tellProblem('the last session is over')
      else await this.#renew(renewal)
      return
    }
    await this.#queue(async () => {
      const given = { ...this.#seal.secrets, ...this.#options.credentials }
      try {
        await this.#take(await this.#signIn(given), hasToken === undefined)
      } catch (error) {
        this.#fail(error as Error, 'sign-in')
        if (this.#isMistake(error as Error)) throw error
      }
    })
  }

  /** Takes up the secrets of earlier logins and nothing else, for a process that only signs in. */
  async openSafe(): Promise<void> {
    await this.#seal.open(this.#nowMs())
  }

  /** Begins to look at the time: sessions expire and are renewed from here on. */
  watch(): void {
    this.#timer = setInterval(() => this.look(), this.#options.lookEveryMs ?? LOOK_EVERY_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#listeners.clear()
  }

  /**
   * Signs in with what a login brought, under the broker's names; an `access_token` is taken as it is. Throws a
   * SignInError, after which the session before stays in use.
   */
  useToken(values: Credentials): Promise<Session> {
    return this.#queue(async () => {
      const given = { ...this.loginCredentials(), ...values }
      let signedIn: SignedIn
      try {
        signedIn = await this.#signIn(given)
      } catch (error) {
        if (this.#current === null) this.#fail(error as Error, null)
        throw error
      }
      const secrets = Object.entries(values).filter(([name]) => !this.#isForOnce(name))
      this.#seal.secrets = { ...this.#seal.secrets, ...Object.fromEntries(secrets) }
      this.#renewals.reset()
      await this.#take(signedIn, true)
      return signedIn.session
    })
  }

  /** What a login starts from: all that is configured or sealed, without what is good for one session only. */
  loginCredentials(): Credentials {
    const known = { ...this.#seal.secrets, ...this.#options.credentials }
    return Object.fromEntries(Object.entries(known).filter(([name]) => !this.#isForOnce(name)))
  }

  /**
   * The broker refused a call or a feed that went with `session` (the one in use where nothing is said): nothing goes
   * with it any more, and another one is got where that needs no person.
   */
  refused(why: string, session: Session | null = this.#current): void {
    const { broker, log } = this.#options
    if (this.#current === null || session?.accessToken !== this.#current.accessToken) return
    const reason = secretHider(broker.signIn.credentials, this.#current)(why)
    if (this.#nowMs() - this.#signedInAtMs > GOOD_LIFE_MS) this.#renewals.forgive()
    this.#current = null
    this.#become('expired')
    log.error({ broker: this.id, why: reason }, 'the broker refuses the session')
    this.#tellProblem(`the broker refused the session: ${reason}`)
    this.#emit()
    // A restart must not take up what is over.
    if (this.#seal.holdsSession) void this.#queue(() => this.#seal.put(null, 0))
    this.look()
  }

  /** Looks at the time: what expires is told, and renewed where that needs no person. */
  look(): void {
    const isOver = this.#tellTime()
    if (this.#isBusy || !this.#renewals.isDue(this.#nowMs())) return
    const renewal = this.#renewal(isOver)
    if (renewal !== null) void this.#renew(renewal)
  }

  /** Brings the state to where the time is; true when the session is past its end or refused. */
  #tellTime(): boolean {
    if (this.#current === null) return true
    const now = this.#nowMs()
    const endsMs = this.#signedIn?.expiresAtMs ?? Number.POSITIVE_INFINITY
    if (now >= endsMs) this.#become('expired')
    else if (now >= endsMs - this.#options.expiringMs) this.#become('expiring')
    return now >= endsMs
  }

  status(): SessionStatus {
    const expiresAtMs = this.#current === null ? null : (this.#signedIn?.expiresAtMs ?? null)
    const isFine =
      this.#state === 'live' ||
      this.#state === 'signing in' ||
      // Who signs in before the hour has a session that ends at the hour.
      (this.#state === 'expiring' && this.#options.broker.signIn.expiresAt !== undefined)
    const now = this.#nowMs()
    return {
      broker: this.id,
      state: this.#state,
      sinceMs: this.#sinceMs,
      expiresAtMs,
      expiresInS: expiresAtMs === null ? null : Math.max(0, Math.ceil((expiresAtMs - now) / 1000)),
      userId: this.#signedIn?.session.userId ?? null,
      isInUse: this.#current !== null,
      needsLogin: !isFine && this.#renewal(true) === null,
      problem: this.#problem,
    }
  }

  #renewal(isOver: boolean): Renewal | null {
    return this.#renewals.next({
      isOver,
      isExpiring: this.#state === 'expiring',
      known: this.#signedIn?.known ?? null,
      credentials: this.loginCredentials(),
    })
  }

  /** Whether a value is used up by the session that it buys. */
  #isForOnce(name: string): boolean {
    return name === 'access_token' || name === this.#options.broker.signIn.page?.yields
  }

  async #renew(renewal: Renewal): Promise<void> {
    const { broker, hosts, log } = this.#options
    const before = this.#signedIn
    const isEarly = this.#current !== null && this.#state === 'expiring'
    this.#renewals.begin(this.#nowMs())
    await this.#queue(async () => {
      // Somebody signed in while this one waited.
      if (this.#signedIn !== before) return
      try {
        const signedIn =
          renewal === 'refresh'
            ? await refreshSession(broker, hosts, before!.known, { nowMs: this.#nowMs })
            : await this.#signIn(this.loginCredentials())
        const endsMs = signedIn.expiresAtMs ?? Number.POSITIVE_INFINITY
        const isLonger = endsMs > (before?.expiresAtMs ?? 0)
        log.info({ broker: this.id, renewal, isLonger }, 'session renewed')
        this.#renewals.succeed({ isEarly, isLonger })
        await this.#take(signedIn, true)
      } catch (error) {
        this.#fail(error as Error, renewal)
      }
    })
  }

  #signIn(given: Credentials): Promise<SignedIn> {
    const { broker, hosts } = this.#options
    if (this.#current === null) this.#become('signing in')
    return signIn(broker, hosts, given, { nowMs: this.#nowMs })
  }

  /** Goes on with another session. */
  async #take(signedIn: SignedIn, isSealed: boolean): Promise<void> {
    this.#adopt(signedIn, this.#nowMs())
    if (isSealed) await this.#seal.put(signedIn, this.#signedInAtMs)
  }

  #adopt(signedIn: SignedIn, signedInAtMs: number): void {
    const { log } = this.#options
    const { expiresAtMs, session } = signedIn
    this.#signedIn = signedIn
    this.#signedInAtMs = signedInAtMs
    this.#current = session
    this.#problem = null
    this.#become('live')
    log.info({ broker: this.id, expiresAtMs }, 'signed in')
    this.#tellTime()
    this.#emit()
  }

  /** `renewal` is what was tried; null for a login, of which the person who did it is told. */
  #fail(error: Error, renewal: Renewal | null): void {
    const mayPass = error instanceof SignInError && error.kind === 'network'
    if (renewal !== null && !mayPass) this.#renewals.fail(renewal)
    if (this.#current === null) this.#become(this.#signedIn === null ? 'signed out' : 'expired')
    this.#tellProblem(error.message)
  }

  /** Whether an error is of the configuration, so that no login will do. */
  #isMistake(error: Error): boolean {
    if (!(error instanceof SignInError) || error.missing === null) return false
    const { credentials } = this.#options.broker.signIn
    return credentials.some(({ name, needed }) => name === error.missing && needed === 'always')
  }

  #tellProblem(problem: string): void {
    this.#problem = problem
    const { log } = this.#options
    const { needsLogin } = this.status()
    if (needsLogin) {
      log.error({ broker: this.id, problem }, `sign in: run \`tickplant login ${this.id}\``)
    } else log.warn({ broker: this.id, problem }, 'not signed in; it is tried again')
  }

  #become(state: SessionState): void {
    if (this.#state === state) return
    const { log } = this.#options
    this.#state = state
    this.#sinceMs = this.#nowMs()
    const { expiresAtMs, needsLogin } = this.status()
    const line = { broker: this.id, expiresAtMs, needsLogin }
    // What happens every day, or is seen to without a person, is no trouble.
    if (state === 'expiring') log[needsLogin ? 'warn' : 'info'](line, 'the session expires soon')
    if (state === 'expired' && this.#current !== null) {
      log[needsLogin ? 'error' : 'info'](line, 'the session is past its hour')
    }
  }

  #emit(): void {
    for (const listener of this.#listeners) {
      try {
        listener(this.#current)
      } catch (error) {
        this.#options.log.error({ broker: this.id, err: error }, 'a session was not taken over')
      }
    }
  }

  /** Sign-ins follow one another. */
  #queue<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(async () => {
      this.#isBusy = true
      try {
        return await work()
      } finally {
        this.#isBusy = false
      }
    })
    this.#turn = result.catch(() => {})
    return result
  }
}
