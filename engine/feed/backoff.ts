const JITTER = 0.2

/**
 * Delay in ms before connection attempt `attempt` (0 is the first retry): doubles from `minMs` to `maxMs`, with
 * ±20 % jitter so that many sockets dropped at once do not come back at once. `random` is in [0, 1).
 */
export function backoffMs(attempt: number, minMs: number, maxMs: number, random: number): number {
  const plain = Math.min(maxMs, minMs * 2 ** Math.min(attempt, 30))
  return Math.round(plain * (1 - JITTER + 2 * JITTER * random))
}
