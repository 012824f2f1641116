// What a keeper has in the safe: the last session, and the credentials that came with logins.
import type { Credentials } from '../../adapters/broker.ts'
import type { SessionKeeperOptions } from './session-keeper.ts'
import { digestOf, type SealedSession } from './session-safe.ts'
import { type SignedIn, toSession } from './sign-in.ts'

export interface Unsealed {
  /** Null where all that is known is that it is over. */
  readonly signedIn: SignedIn | null
  readonly signedInAtMs: number
  readonly isOver: boolean
}

export class SessionSeal {
  /** Given at a login, for the sign-ins that follow; sealed with the next session. */
  secrets: Credentials = {}
  holdsSession = false
  readonly #options: Pick<SessionKeeperOptions, 'broker' | 'credentials' | 'safe' | 'log'>

  constructor(options: Pick<SessionKeeperOptions, 'broker' | 'credentials' | 'safe' | 'log'>) {
    this.#options = options
  }

  /** Takes up the secrets, and returns the session where it came of the same configuration. Throws a VaultError. */
  async open(nowMs: number): Promise<Unsealed | null> {
    const { broker, safe, credentials } = this.#options
    if (safe === null) return null
    const { session, secrets } = await safe.load(broker.id)
    this.secrets = secrets
    // Other credentials than those it came of: somebody wants another session.
    if (session === null || session.configured !== digestOf(credentials)) return null
    const { known, expiresAtMs, signedInAtMs } = session
    if (known === null) return { signedIn: null, signedInAtMs, isOver: true }
    this.holdsSession = true
    const signedIn = { known, expiresAtMs, session: toSession(broker, known) }
    return { signedIn, signedInAtMs, isOver: expiresAtMs !== null && expiresAtMs <= nowMs }
  }

  /** Seals a session, or that there is none any more. One that cannot be sealed is used all the same. */
  async put(signedIn: SignedIn | null, signedInAtMs: number): Promise<void> {
    const { broker, safe, credentials, log } = this.#options
    if (safe === null) return
    const session: SealedSession = {
      known: signedIn?.known ?? null,
      expiresAtMs: signedIn?.expiresAtMs ?? null,
      signedInAtMs,
      configured: digestOf(credentials),
    }
    try {
      await safe.save(broker.id, { session, secrets: this.secrets })
      this.holdsSession = signedIn !== null
    } catch (error) {
      log.error({ broker: broker.id, err: error }, 'the session cannot be sealed')
    }
  }
}
