// Several writes for one call, as fast as the account takes them: what a quota holds back goes when its window opens,
// and was never sent before.
import type { GatewayAnswer } from '../orders/refusal.ts'
import type { OrderContext } from './order-context.ts'

/** Sent at one time. */
const AT_ONCE_MAX = 10
/**
 * Waits of one call together: its client gives up some seconds later, and nothing may go out when nobody listens any
 * more. OpenAlgo's clients wait 30 seconds and longer.
 */
const WAIT_MS_MAX = 20_000

/** Sends all of them, the first ones first, and answers in the same order. One that fails does not stop the others. */
export async function sendMany<Item, Ok>(
  { nowMs, wait }: Pick<OrderContext, 'nowMs' | 'wait'>,
  items: readonly Item[],
  send: (item: Item, at: number) => Promise<GatewayAnswer<Ok>>,
  endMs: number = nowMs() + WAIT_MS_MAX,
): Promise<GatewayAnswer<Ok>[]> {
  const answers: GatewayAnswer<Ok>[] = []
  let next = 0
  /** Who finds the quota used up, and holds the others back until it is there again. */
  let opening: Promise<unknown> | null = null
  const sendOne = async (item: Item, at: number): Promise<GatewayAnswer<Ok>> => {
    for (;;) {
      while (opening !== null) await opening
      const told = await send(item, at)
      const waitMs = 'error' in told ? told.error.retryAfterMs : undefined
      if (waitMs === undefined || nowMs() + waitMs > endMs) return told
      if (opening !== null) continue
      opening = wait(waitMs).then(() => {
        opening = null
      })
    }
  }
  const work = async () => {
    while (next < items.length) {
      const at = next++
      answers[at] = await sendOne(items[at]!, at)
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE_MAX, items.length) }, work))
  return answers
}

/** When the waits of a call that begins now must have ended. */
export const waitsEnd = ({ nowMs }: Pick<OrderContext, 'nowMs'>) => nowMs() + WAIT_MS_MAX
