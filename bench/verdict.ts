import { say } from './load-plant.ts'
import type { Verdict } from './pipeline/compare.ts'
import { verdictText } from './pipeline/print.ts'

/** Prints a verdict; the bench exits with 1 where a target is missed. */
export function tell(verdict: Verdict): void {
  say(`  ${verdictText(verdict)}`)
  if (verdict.isMet === false) process.exitCode = 1
}
