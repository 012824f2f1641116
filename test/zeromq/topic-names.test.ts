import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Mode } from '../../codecs/tick.ts'
import { Prefixes } from '../../engine/distribute/zeromq/prefixes.ts'
import {
  brokerTopic,
  isOfStatus,
  isPrintable,
  partings,
  plainTopic,
  readTopic,
  statusTopic,
} from '../../engine/distribute/zeromq/topic-names.ts'

const EXCHANGES = ['NSE', 'NSE_INDEX', 'BSE', 'BSE_INDEX', 'NFO', 'MCX', 'CRYPTO']
const symbols = fc.stringMatching(/^[A-Z0-9&_.: -]{1,40}$/)
const exchanges = fc.constantFrom(...EXCHANGES)
const modes = fc.constantFrom<Mode>(1, 2, 3)

test('a topic is read back as what it was made of, whatever its symbol holds', () => {
  fc.assert(
    fc.property(
      exchanges,
      symbols,
      modes,
      fc.option(fc.constant('a_broker')),
      (exchange, symbol, mode, broker) => {
        const plain = plainTopic(exchange, symbol, mode)
        const name = readTopic(broker === null ? plain : brokerTopic(broker, plain))
        assert.deepEqual({ broker: name?.broker, mode: name?.mode }, { broker, mode })
        const ways = [...partings(name!.instrument, EXCHANGES)]
        assert.ok(ways.some((way) => way.exchange === exchange && way.symbol === symbol))
      },
    ),
  )
})

test('the longest exchange code is tried first', () => {
  assert.deepEqual(
    [...partings('NSE_INDEX_NIFTY', EXCHANGES)],
    [
      { exchange: 'NSE_INDEX', symbol: 'NIFTY' },
      { exchange: 'NSE', symbol: 'INDEX_NIFTY' },
    ],
  )
})

test('the modes are spelt as OpenAlgo spells them', () => {
  assert.deepEqual(
    ([1, 2, 3] as const).map((mode) => plainTopic('NSE', 'M&M', mode)),
    ['NSE_M&M_LTP', 'NSE_M&M_QUOTE', 'NSE_M&M_DEPTH'],
  )
})

test('what is no full topic is read as none', () => {
  const others = [
    '',
    'NSE',
    'NSE_',
    'NSE_RELIANCE',
    'NSE_RELIANCE_ltp',
    'LTP',
    'NSE_RELIANCE_LTP ',
    '_',
    'NSE_X_constructor',
  ]
  for (const text of others) assert.equal(readTopic(text), null, text)
})

test('a status topic names its broker, and is told from topics of ticks', () => {
  assert.equal(statusTopic('zerodha'), 'STATUS/zerodha')
  assert.deepEqual(['STATUS/', 'STATUS/zerodha', 'STATUS', 'NSE_STATUS/_LTP'].map(isOfStatus), [
    true,
    true,
    false,
    false,
  ])
})

test('names are printable ASCII', () => {
  assert.ok(isPrintable('BSE_INDEX_S&P BSE 500_LTP'))
  for (const text of ['\x00', 'NSE_\n', 'NSE_é']) assert.ok(!isPrintable(text))
})

test('a prefix selects exactly the topics that begin with it, of a broker only with the slash', () => {
  const texts = fc.array(fc.stringMatching(/^[ab/]{0,4}$/), { maxLength: 8 })
  fc.assert(
    fc.property(
      texts,
      texts,
      fc.stringMatching(/^([ab]{1,3}\/)?[ab]{1,5}$/),
      (added, removed, topic) => {
        const prefixes = new Prefixes(100)
        for (const text of added) prefixes.add(text)
        for (const text of removed) prefixes.remove(text)
        const left = [...new Set(added)].filter((text) => !removed.includes(text))
        const selects = (text: string) =>
          topic.startsWith(text) && (!topic.includes('/') || text.includes('/'))
        assert.equal(prefixes.select(topic), left.some(selects))
        assert.equal(prefixes.size, left.length)
      },
    ),
  )
})

test('no more prefixes are kept than allowed, and one that is kept may come again', () => {
  const prefixes = new Prefixes(2)
  assert.deepEqual(
    ['a', 'b', 'c', 'a'].map((text) => [prefixes.hasRoomFor(text), prefixes.add(text)]),
    [
      [true, true],
      [true, true],
      [false, false],
      [true, false],
    ],
  )
  prefixes.remove('a')
  assert.ok(prefixes.add('c'))
})
