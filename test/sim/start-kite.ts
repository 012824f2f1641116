import type { TestContext } from 'node:test'
import type { KiteOptions } from '../../sim/kite-server.ts'
import { type KiteSimulator, startKiteSimulator } from '../../sim/kite-server.ts'

/** A simulator that ticks only when told, and closes with the test. */
export async function startKite(
  t: TestContext,
  options: Partial<KiteOptions> = {},
): Promise<KiteSimulator> {
  const kite = await startKiteSimulator({
    seed: 11,
    ratePerSecond: 0,
    instruments: 500,
    today: '2026-08-18',
    ...options,
  })
  t.after(() => kite.close())
  return kite
}

/** The tokens of the first instruments. */
export const tokensOf = (kite: KiteSimulator, count: number) =>
  kite.instruments.slice(0, count).map(({ token }) => token)
