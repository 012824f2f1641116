// Whatever happens to a journal's bytes, what is read from it was written to it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import {
  type JournalRead,
  LINE_BYTES_MAX,
  readJournalFile,
} from '../../engine/orders/journal-file.ts'
import {
  decodeRecord,
  encodeRecord,
  indianDate,
  indianTime,
  type JournalRecord,
} from '../../engine/orders/journal-record.ts'
import { taskOf } from './paper-desk.ts'

const folder = mkdtempSync(join(tmpdir(), 'tickplant-journal-'))
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'journal.jsonl')

const plain = <Of>(of: { [Name in keyof Of]: fc.Arbitrary<Of[Name]> }) =>
  fc.record(of, { noNullPrototype: true })
const text = fc.string({ unit: 'grapheme', maxLength: 30 })
const atMs = fc.integer({ min: 1.7e12, max: 1.9e12 })
const outcome = fc.oneof(
  plain({ outcome: fc.constant('accepted' as const), id: text }),
  plain({ outcome: fc.constant('unknown' as const), why: text }),
  plain({
    outcome: fc.constant('rejected' as const),
    refusal: plain({ code: fc.constant('ORDER_ERROR' as const), message: text }),
  }),
)
const record: fc.Arbitrary<JournalRecord> = fc.oneof(
  plain({
    is: fc.constant('intent' as const),
    atMs,
    task: fc
      .record({ id: text, strategy: text })
      .map(({ id, strategy }) => taskOf(id, { strategy })),
  }),
  plain({ is: fc.constant('outcome' as const), atMs, intentId: text, outcome }),
  plain({
    is: fc.constant('settled' as const),
    atMs,
    intentId: text,
    outcome,
    by: fc.constantFrom('reconciled' as const, 'reported' as const),
  }),
)
const records = fc.array(record, { minLength: 1, maxLength: 12 })

function read(bytes: Uint8Array): JournalRead & { readonly records: JournalRecord[] } {
  writeFileSync(file, bytes)
  const found: JournalRecord[] = []
  const result = readJournalFile(file, (each) => found.push(each))
  return { ...result, records: found }
}

const bytesOf = (all: readonly JournalRecord[]) => Buffer.concat(all.map(encodeRecord))

test('what was written is read', () => {
  fc.assert(
    fc.property(records, (written) => {
      const result = read(bytesOf(written))
      assert.deepEqual(result.records, written)
      assert.deepEqual([result.damage, result.tornBytes], [[], 0])
    }),
  )
})

test('a line is one JSON object for other programs, its time that of India', () => {
  const line = encodeRecord({ is: 'intent', atMs: 1_787_629_500_123, task: taskOf('i1') })
  assert.equal(line.at(-1), 10)
  const { at, is, task, crc } = JSON.parse(line.toString())
  assert.deepEqual([at, is, task], ['2026-08-25T09:15:00.123+05:30', 'intent', taskOf('i1')])
  assert.match(crc, /^[0-9a-f]{8}$/)
  assert.equal(indianTime(Date.parse('2026-08-25T18:29:59.999Z')), '2026-08-25T23:59:59.999+05:30')
  assert.equal(indianDate(Date.parse('2026-08-25T18:30:00Z')), '2026-08-26')
})

test('a file that is cut anywhere holds what was written before the cut', () => {
  fc.assert(
    fc.property(records, fc.nat(), (written, at) => {
      const bytes = bytesOf(written)
      const cut = at % bytes.length
      const result = read(bytes.subarray(0, cut))
      assert.deepEqual(result.records, written.slice(0, result.records.length))
      assert.deepEqual(result.damage, [])
      assert.equal(result.size + result.tornBytes, cut)
      assert.equal(result.size, bytesOf(result.records).length)
    }),
  )
})

/** Whether all of `some` are in `all`, in the same order. */
function isSubsequence(some: readonly unknown[], all: readonly unknown[]): boolean {
  let at = 0
  return some.every((each) => {
    at = all.findIndex((other, place) => place >= at && isDeepStrictEqual(other, each)) + 1
    return at > 0
  })
}

test('a byte that changed costs its line, or two when it was or became a line end, and nothing is made up', () => {
  fc.assert(
    fc.property(records, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, at, flip) => {
      const bytes = bytesOf(written)
      bytes[at % bytes.length]! ^= flip
      const result = read(bytes)
      assert.ok(isSubsequence(result.records, written))
      assert.ok(result.records.length >= written.length - 2)
      assert.ok(result.damage.length + (result.tornBytes > 0 ? 1 : 0) >= 1)
    }),
    { numRuns: 1000 },
  )
})

test('bytes of any kind between the lines are told by line, and cost no line', () => {
  fc.assert(
    fc.property(records, records, fc.uint8Array({ minLength: 1 }), (before, behind, junk) => {
      const bytes = Buffer.concat([bytesOf(before), junk, Buffer.from('\n'), bytesOf(behind)])
      const result = read(bytes)
      assert.deepEqual(result.records, [...before, ...behind])
      assert.equal(result.damage[0]!.line, before.length + 1)
      assert.equal(result.damage[0]!.file, file)
    }),
  )
})

test('a file without line ends is passed over, not read into memory as one line', () => {
  const one: JournalRecord = { is: 'intent', atMs: 1_787_629_500_123, task: taskOf('i1') }
  const noise = Buffer.alloc(5 * 1024 * 1024, 0x61)
  const result = read(Buffer.concat([noise, Buffer.from('\n'), encodeRecord(one)]))
  assert.deepEqual(result.records, [one])
  assert.deepEqual(result.damage, [{ file, line: 1, bytes: noise.length }])
  assert.ok(LINE_BYTES_MAX < noise.length)
})

test('a line with a sound checksum that is no record of ours is none', () => {
  for (const is of ['intention', 'constructor', 5]) {
    const line = encodeRecord({ is, atMs: 1 } as unknown as JournalRecord)
    assert.equal(decodeRecord(line.subarray(0, -1)), null)
  }
})
