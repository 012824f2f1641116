// What callers are told of a write that was sent.
import { type GatewayAnswer, shown } from './refusal.ts'
import type { Outcome, WriteTask } from './write.ts'

export interface Sent {
  readonly broker: string
  /** The broker's id of the order or trigger. */
  readonly orderid: string
}

/** The answer to a write that had this outcome. */
export function answerOf(
  { broker, intentId }: Pick<WriteTask, 'broker' | 'intentId'>,
  outcome: Outcome,
): GatewayAnswer<Sent> {
  if (outcome.outcome === 'accepted') return { ok: { broker, orderid: outcome.id } }
  if (outcome.outcome === 'rejected') return { error: outcome.refusal }
  const message =
    `it was sent, and what became of it is not known: ${shown(outcome.why)}; ` +
    'look into the order book before sending it again'
  return { error: { code: 'UNKNOWN_OUTCOME', message, tag: intentId } }
}
