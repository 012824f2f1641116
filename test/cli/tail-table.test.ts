import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tableOf } from '../../cli/tail/table.ts'

// Synthetic: one instant in the two spellings of a tick, and a tick with the least that there can be.
const PACKED = {
  mode: 'quote',
  ltp: 1305.7,
  ltq: 5,
  volume: 100,
  bid: 1305.65,
  ask: 1305.7,
  seq: 3,
  receiveTime: 1_795_367_542_424_123,
}
const OPENALGO = {
  mode: 2,
  ltp: 1305.7,
  last_trade_quantity: 5,
  volume: 100,
  bid_price: 1305.65,
  ask_price: 1305.7,
  seq: 3,
  timestamp: 1_795_367_542_424,
}

test('a tick fills the same row in either spelling, and what is absent stays empty', () => {
  const latest = new Map<string, object>([
    ['NSE:A', PACKED],
    ['NSE:B', OPENALGO],
    ['NSE:C', { ltp: 1 }],
  ]) as ReadonlyMap<string, Readonly<Record<string, unknown>>>
  const [header, packed, openAlgo, bare] = tableOf(latest).map((line) => line.trim().split(/ {2,}/))
  assert.deepEqual(header!.slice(0, 6), ['INSTRUMENT', 'LTP', 'LTQ', 'VOLUME', 'BID', 'ASK'])
  const cells = ['1305.7', '5', '100', '1305.65', '1305.7', '3', '17:12:22.424']
  assert.deepEqual(packed, ['NSE:A', ...cells])
  assert.deepEqual(openAlgo, ['NSE:B', ...cells])
  assert.deepEqual(bare, ['NSE:C', '1'])
})
