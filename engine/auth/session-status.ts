// How a session stands, as the status tells it.
export const SESSION_STATES = ['signed out', 'signing in', 'live', 'expiring', 'expired'] as const
export type SessionState = (typeof SESSION_STATES)[number]

/** A session as the status tells it: no secret is in it. */
export interface SessionStatus {
  readonly broker: string
  readonly state: SessionState
  readonly sinceMs: number
  /** Null where nobody knows. */
  readonly expiresAtMs: number | null
  readonly expiresInS: number | null
  readonly userId: string | null
  /** Calls and feeds have a session to go with; past its hour they may, refused they do not. */
  readonly isInUse: boolean
  /** Somebody has to do something: `tickplant login`. */
  readonly needsLogin: boolean
  /** Why there is no session, or why it could not be renewed. */
  readonly problem: string | null
}
