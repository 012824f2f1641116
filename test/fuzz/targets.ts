// The codecs that are fuzzed, by the name that the command takes.
import type { FuzzTarget } from './target.ts'

type Loader = () => Promise<{ readonly target: FuzzTarget }>

export const TARGETS: Readonly<Record<string, Loader>> = {
  kite: () => import('./kite.ts'),
  noren: () => import('./noren.ts'),
  upstox: () => import('./upstox.ts'),
}
