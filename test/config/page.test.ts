import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { EXIT_MEANINGS } from '../../cli/command.ts'
import { packageRoot } from '../../config/root.ts'
import * as schema from '../../config/schema.ts'
import { variableOf } from '../../config/sources.ts'
import { closest } from '../../config/suggest.ts'

const read = (name: string) => readFileSync(join(packageRoot, name), 'utf8')

test('docs/configuration.md holds the key table that the schema and the defaults give', async () => {
  const script = await import(pathToFileURL(join(packageRoot, 'scripts/config-table.mjs')).href)
  const table: string = script.configTable(read('config/default.toml'), schema, variableOf)
  assert.ok(table.includes('| `feed.backoff_ms_min` | `250` | a whole number from 1 to 3600000 |'))
  assert.equal(
    read('docs/configuration.md'),
    script.withTable(read('docs/configuration.md'), table),
    'run: npm run build && node scripts/config-table.mjs',
  )
})

test('docs/configuration.md holds the exit codes', () => {
  const rows = EXIT_MEANINGS.map((meaning, code) => `| ${code} | ${meaning} |\n`).join('')
  assert.ok(read('docs/configuration.md').endsWith(rows))
})

test('the nearest word is suggested, and none when all are far', () => {
  const words = ['start', 'tail', 'brokers', 'keys']
  assert.equal(closest('strat', words), 'start')
  assert.equal(closest('broker', words), 'brokers')
  assert.equal(closest('KEYS', words), 'keys')
  assert.equal(closest('orders-of-the-day', words), undefined)
  assert.equal(closest('', words), undefined)
  assert.equal(closest('xy', ['ab', 'abc']), undefined)
  assert.equal(closest('x'.repeat(101), ['x'.repeat(101)]), undefined)
})
