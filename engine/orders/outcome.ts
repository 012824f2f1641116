import type { ErrorCode, Refusal, Write } from '../../adapters/orders.ts'
import { ERROR_CODES } from '../../adapters/registry.ts'
import type { Sent } from './call.ts'
import type { Outcome } from './write.ts'

const TEXT_LENGTH_MAX = 500

/** A refusal of our own: what was asked did not go out. */
export function notSent(code: ErrorCode, why: string): Outcome {
  return { outcome: 'rejected', refusal: { code, message: `not sent: ${why}` }, isSent: false }
}

/** Whether a write came to nothing before it was sent. */
export function isUnsent(outcome: Outcome): boolean {
  return outcome.outcome === 'rejected' && outcome.isSent === false
}

/** Whether something that an adapter made is a refusal of the closed set. */
export function isRefusal(value: unknown): value is Refusal {
  const { code, message } = (value ?? {}) as Partial<Refusal>
  return ERROR_CODES.includes(code as ErrorCode) && typeof message === 'string'
}

function isOutcome(value: unknown): value is Outcome {
  const { outcome, id, refusal, why } = (value ?? {}) as Record<string, unknown>
  if (outcome === 'accepted') return typeof id === 'string' && id !== ''
  if (outcome === 'rejected') return isRefusal(refusal)
  return outcome === 'unknown' && typeof why === 'string'
}

/** A text that others wrote, fit for logs and journal. */
export function shown(text: string, hide: (text: string) => string): string {
  return hide(text).slice(0, TEXT_LENGTH_MAX)
}

function cleaned(outcome: Outcome, hide: (text: string) => string): Outcome {
  if (outcome.outcome === 'accepted') return { outcome: 'accepted', id: outcome.id }
  if (outcome.outcome === 'unknown') return { outcome: 'unknown', why: shown(outcome.why, hide) }
  const { code, message } = outcome.refusal
  // That nobody knows is not the broker's no.
  if (code === 'UNKNOWN_OUTCOME') return { outcome: 'unknown', why: shown(message, hide) }
  return { outcome: 'rejected', refusal: { code, message: shown(message, hide) } }
}

/**
 * What became of a write. A call of which no byte was sent is a rejection, because the broker cannot have taken what
 * it never saw (see Call). Of all others only a reply that the broker's adapter understands decides; the rest is
 * unknown. `hide` blanks secrets that a reply may repeat.
 */
export function outcomeOf<Ask>(
  sent: Sent,
  write: Write<Ask>,
  ask: Ask,
  hide: (text: string) => string,
): Outcome {
  if (sent.is === 'unsent') return notSent('NETWORK_ERROR', sent.why)
  if (sent.is === 'lost') return { outcome: 'unknown', why: sent.why }
  const { status } = sent.reply
  let read: unknown
  try {
    read = write.read(sent.reply, ask)
  } catch {
    return { outcome: 'unknown', why: `HTTP ${status}: the adapter failed to read the reply` }
  }
  if (!isOutcome(read)) {
    return { outcome: 'unknown', why: `HTTP ${status}: the adapter makes no sense of the reply` }
  }
  return cleaned(read, hide)
}
