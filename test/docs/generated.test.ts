import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../../config/root.ts'

test('the support matrix of the README is what the brokers describe', async () => {
  const script = pathToFileURL(join(packageRoot, 'scripts/support-matrix.mjs')).href
  const { supportMatrix, withMatrix } = await import(script)
  const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8')
  assert.equal(readme, withMatrix(readme, await supportMatrix()), 'run `npm run docs`')
})
