// Files of instruments: which layout they have, and what is wrong with those that have none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type Layouts, readTable } from '../../engine/symbols/table.ts'
import { temporaryFolder, writeFile } from './store-folder.ts'

const LAYOUTS: Layouts = {
  cash: { format: 'csv', columns: ['Token', 'Symbol'] },
  derivatives: { format: 'csv', columns: ['Token', 'Symbol', 'Expiry'] },
  all: { format: 'json', columns: ['key', 'strike', 'isWeekly'] },
}
const BYTES_MAX = 10_000_000

type Row = readonly [layout: string, cells: readonly string[], row: number]

async function read(path: string, layouts = LAYOUTS): Promise<Row[]> {
  const rows: Row[] = []
  await readTable(path, layouts, BYTES_MAX, (layout, cells, row) => {
    rows.push([layout, [...cells], row])
    return undefined
  })
  return rows
}

test('a CSV file has the layout whose columns are all there, and of two the larger', async (t) => {
  const folder = temporaryFolder(t)
  const cash = writeFile(folder, 'Symbol,Token,Lot\nTCS,11536,1\n')
  assert.deepEqual(await read(cash), [['cash', ['11536', 'TCS'], 2]])
  const derivatives = writeFile(folder, 'Symbol,Expiry,Token\nNIFTY,26-NOV-2026,35001\n')
  assert.deepEqual(await read(derivatives), [['derivatives', ['35001', 'NIFTY', '26-NOV-2026'], 2]])
})

test('rows may end with a comma that the header lacks', async (t) => {
  const folder = temporaryFolder(t)
  const path = writeFile(folder, 'Symbol,Token\nTCS,11536,\nINFY,1594\n')
  assert.deepEqual(await read(path), [
    ['cash', ['11536', 'TCS'], 2],
    ['cash', ['1594', 'INFY'], 3],
  ])
  await assert.rejects(read(writeFile(folder, 'Symbol,Token\nTCS,11536,1\n')), /row 2 has 3 values/)
})

test('a JSON array is read object by object: values as text, empty where absent', async (t) => {
  const folder = temporaryFolder(t)
  const objects = Array.from({ length: 5000 }, (_, at) =>
    at % 2 === 0 ? { key: `NSE_FO|${at}`, strike: 100.5 } : { isWeekly: true, key: `é${at}` },
  )
  const path = writeFile(folder, gzipSync(JSON.stringify(objects)))
  const expected = objects.map(({ key, strike, isWeekly }, at) => [
    'all',
    [key, strike === undefined ? '' : String(strike), isWeekly === undefined ? '' : 'true'],
    at + 1,
  ])
  assert.deepEqual(await read(path), expected)
})

const { cash, derivatives, all } = LAYOUTS as Required<typeof LAYOUTS>
const REFUSED: readonly (readonly [content: string, layouts: Layouts, reason: RegExp])[] = [
  ['a,b\n1,2\n', LAYOUTS, /it has none of the layouts cash, derivatives; row 1 is: a,b/],
  ['Symbol\nTCS\n', { cash: cash! }, /column Token is missing; row 1 is: Symbol/],
  ['Token,Symbol\n1,2\n', { cash: cash!, bse: cash! }, /cash or bse: name one with --layout/],
  ['[{"key":"a"}]', { cash: cash! }, /it is not the CSV that the broker publishes/],
  ['Token,Symbol\n1,2\n', { all: all! }, /it is not the JSON that the broker publishes/],
  ['[{"key":"a","strike":1}]', { all: all! }, /column isWeekly is missing in all rows/],
  ['[{"key":"a"},{"key":', { all: all! }, /the JSON ends too early, after row 1/],
  ['[{"key":"a"}x]', { all: all! }, /it is not JSON after row 1: /],
  ['{"key":"a"}', { all: all! }, /it is a JSON object and not an array/],
  ['[1]', { all: all! }, /row 1 is not an object: 1/],
  ['[]', { all: all! }, /it has no rows/],
  [`[{"key":"${'a'.repeat(400_000)}"}]`, { all: all! }, /row 1 has more than 65536 bytes/],
  ['Token,Symbol,Expiry\n', { derivatives: derivatives! }, /it has a header and no rows/],
]

test('a file without a layout, or that is not whole, is refused with the reason', async (t) => {
  const folder = temporaryFolder(t)
  for (const [content, layouts, reason] of REFUSED) {
    await assert.rejects(read(writeFile(folder, content), layouts), reason, content.slice(0, 40))
  }
})
