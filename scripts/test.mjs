// Runs the whole suite, or the files whose path contains one of the words given:
//   npm test                 npm test -- kite ring
// `node --test` gets an explicit list, because folders and globs mean different things on Node 20 and 22.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const words = process.argv.slice(2)
const files = readdirSync('dist/test', { recursive: true })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
  .map((name) => join('dist/test', name))
  .sort()
if (files.length === 0) {
  process.stderr.write(`no test file matches: ${words.join(' ')}\n`)
  process.exit(1)
}
// The spec reporter, because it names what failed once more at the end, where a log that is cut still has it.
const flags = ['--test', '--test-concurrency=2', '--test-reporter=spec']
const ran = spawnSync(process.execPath, [...flags, ...files], { stdio: 'inherit' })
process.exit(ran.status ?? 1)
