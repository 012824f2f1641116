// What was measured, kept as files: one for each case, with its histograms, under bench/results.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../config/root.ts'
import type { CaseResult } from './case.ts'
import type { Origin } from './machine.ts'

export interface KeptResult extends CaseResult {
  readonly origin: Origin
}

export const RESULTS = join(packageRoot, 'bench/results')

/** The command that measures a case anew. */
export const commandOf = (name: string) => `npm run bench:pipeline -- --only ${name}`

/** Keeps a result in the place of the one before. */
export function keepResult(result: KeptResult, folder = RESULTS): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${result.name}.json`), `${JSON.stringify(result, null, 1)}\n`)
}

/** All results that are kept, by the name of their case. */
export function keptResults(folder = RESULTS): Map<string, KeptResult> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return new Map(
    files.map((file) => {
      const result = JSON.parse(readFileSync(join(folder, file), 'utf8')) as KeptResult
      return [result.name, result]
    }),
  )
}
