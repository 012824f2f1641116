// An order's way over the core in steps that are short enough for ticks.
import type { OrdersPool } from './write.ts'

type Writer = Pick<OrdersPool, 'open' | 'write'>

/**
 * The same writes; `letTicksPass` runs before an order is handed to its thread and when its outcome comes, because the
 * checks before, the hand-over and the answer are each as long as many ticks.
 */
export function inSteps(orders: Writer, letTicksPass: () => void): Writer {
  return {
    open: () => orders.open(),
    async write(task) {
      letTicksPass()
      const outcome = await orders.write(task)
      letTicksPass()
      return outcome
    },
  }
}
