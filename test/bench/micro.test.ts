import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { measureCase } from '../../bench/micro/runner.ts'
import { armLines } from '../../bench/micro/table.ts'

const MICRO = fileURLToPath(new URL('../../bench/micro.js', import.meta.url))
const CASE = /^ {2}(\S.*)$/
const ARM = /^ {4}(\S.*?) {2,}(\S+) (?:ns|µs|ms|s) +(\S+)(?: [kMG])? +(\S+) ×(?: {3}(.*))?$/
const VERDICT = /^[<>]= .+: (met|NOT met)$/

async function runMicro(words: readonly string[]) {
  const child = spawn(process.execPath, [MICRO, ...words], { stdio: 'pipe' })
  const texts = { output: '', errors: '' }
  child.stdout.on('data', (part: Buffer) => {
    texts.output += part.toString()
  })
  child.stderr.on('data', (part: Buffer) => {
    texts.errors += part.toString()
  })
  const [exitCode] = await once(child, 'close')
  return { exitCode: exitCode as number, ...texts }
}

/** The arms in a printed table by their case, and the verdict of those that have a target. */
function readTable(output: string) {
  const cases: Record<string, string[]> = {}
  const verdicts: Record<string, string> = {}
  let arms: string[] = []
  for (const line of output.split('\n')) {
    const [, caseName] = CASE.exec(line) ?? []
    if (caseName !== undefined && !line.includes('per second')) {
      arms = []
      cases[caseName] = arms
    }
    if (!line.startsWith('    ') || line.includes('per second')) continue
    const [, name, time, rate, ratio, verdict] = ARM.exec(line) ?? []
    assert.ok(name !== undefined, `not an arm: ${line}`)
    for (const number of [time, rate, ratio]) {
      assert.ok(Number(number) > 0 && Number.isFinite(Number(number)), line)
    }
    arms.push(name)
    if (verdict !== undefined) verdicts[name] = verdict
  }
  return { cases, verdicts }
}

test('the bench prints a time for every arm of the groups that were asked for, and for no other', async (context) => {
  const { exitCode, output, errors } = await runMicro(['codec', 'ring', '--quick'])
  context.diagnostic(output)
  assert.equal(errors, '')
  assert.equal(exitCode, 0)
  assert.match(output, new RegExp(`^Node ${process.version}, \\d+ × \\S`))
  const { cases, verdicts } = readTable(output)
  const decoders = ['decodeKite', 'kiteconnect parseBinary']
  assert.deepEqual(cases, {
    'full packet, 184 bytes': decoders,
    'quote packet, 44 bytes': decoders,
    'LTP packet, 8 bytes': decoders,
    quote: ['the ring', 'postMessage of a plain object'],
  })
  assert.deepEqual(Object.keys(verdicts), [...decoders, 'the ring'])
  for (const verdict of Object.values(verdicts)) assert.match(verdict, VERDICT)
  assert.match(output, /\n[0-3] of 3 targets met\n$/)
})

test('the look-ups are timed in a thread, beside SQLite where this Node has it', async (context) => {
  const { exitCode, output, errors } = await runMicro(['index', '--quick'])
  context.diagnostic(output)
  assert.equal(exitCode, 0, errors)
  const hasSqlite = process.getBuiltinModule('node:sqlite') !== undefined
  assert.equal(output.includes('has no node:sqlite'), !hasSqlite)
  const { cases } = readTable(output)
  const firstAndCount = Object.values(cases).map((arms) => [arms[0], arms.length])
  const all = hasSqlite ? 4 : 3
  const expected = [
    ['TokenIndex', all],
    ['TokenIndex', 2],
    ['TokenIndex', all],
    ['Catalogue', all],
  ]
  assert.deepEqual(firstAndCount.slice(-4), expected)
})

test('a target for the slowest calls is missed where only the median is quick enough', async () => {
  const pace = { rounds: 3, workMs: 1, warmUpMs: 1, share: 1 }
  const linesFor = async (p99NsMax: number) => {
    const target = { nsMax: 60, p99NsMax }
    const measure = async () => ({ ns: 50, p99Ns: 200 })
    return armLines(
      await measureCase({ name: 'case', arms: [{ name: 'arm', target, measure }] }, pace),
    )
  }
  const [missed] = await linesFor(199)
  assert.match(missed!.text, /<= 60\.0 ns, p99 200 ns <= 199 ns: NOT met$/)
  assert.equal(missed!.isMet, false)
  const [met] = await linesFor(200)
  assert.equal(met!.isMet, true)
})

test('a word that no group has is refused with the names of the groups', async () => {
  const { exitCode, output, errors } = await runMicro(['nothing'])
  assert.equal(exitCode, 1)
  assert.equal(output, '')
  assert.match(
    errors,
    /^no group matches nothing; there are codec, index, store, ring, .*websocket/,
  )
})
