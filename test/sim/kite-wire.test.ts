// The writer against worked examples from the description of the wire (synthetic, checked there with the
// broker's own JavaScript parser).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AVERAGE,
  CLOSE,
  DEPTH,
  EXCHANGE_TIME,
  Exchange,
  HIGH,
  LAST,
  LAST_QUANTITY,
  LAST_TRADE_TIME,
  LOW,
  OPEN,
  OPEN_INTEREST,
  OPEN_INTEREST_HIGH,
  OPEN_INTEREST_LOW,
  TOTAL_BUY,
  TOTAL_SELL,
  VOLUME,
} from '../../sim/exchange.ts'
import { FULL, type KiteMode, LTP, newFrame, QUOTE, writePacket } from '../../sim/kite-wire.ts'
import { listInstruments } from '../../sim/listing.ts'

const table = listInstruments(1, '2026-08-18', 2)

interface Entry {
  readonly token: number
  readonly isIndex: boolean
  readonly mode: KiteMode
  readonly bytes: number
  readonly words: Readonly<Record<number, number>>
}

/** The frame of these packets, as hex. */
function frameOf(...entries: Entry[]): string {
  const exchange = new Exchange(table, 1)
  const row = exchange.row(0, 0)
  const frame = newFrame(
    entries.length,
    entries.reduce((sum, { bytes }) => sum + 2 + bytes, 0),
  )
  let at = 2
  for (const { token, isIndex, mode, words } of entries) {
    for (const [word, value] of Object.entries(words)) exchange.words[row + Number(word)] = value
    at = writePacket(frame, at, exchange, row, token, isIndex, mode)
  }
  assert.equal(at, frame.length)
  return frame.toString('hex')
}

const share = { token: 738561, isIndex: false } as const
const index = { token: 256265, isIndex: true } as const
const indexWords = {
  [LAST]: 2410525,
  [HIGH]: 2415580,
  [LOW]: 2398015,
  [OPEN]: 2400040,
  [CLOSE]: 2396510,
  [EXCHANGE_TIME]: 1750133100,
}
const shareWords = {
  [LAST]: 298745,
  [LAST_QUANTITY]: 25,
  [AVERAGE]: 297512,
  [VOLUME]: 4182336,
  [TOTAL_BUY]: 512440,
  [TOTAL_SELL]: 688215,
  [OPEN]: 296000,
  [HIGH]: 300190,
  [LOW]: 295525,
  [CLOSE]: 296180,
}

test('an LTP packet is token and last price', () => {
  const frame = frameOf({ ...share, mode: LTP, bytes: 8, words: { [LAST]: 298745 } })
  assert.equal(frame, '00010008000b450100048ef9')
})

test('an index quote is high, low, open, close, change', () => {
  assert.equal(
    frameOf({ ...index, mode: QUOTE, bytes: 28, words: indexWords }),
    '0001001c0003e9090024c81d0024dbdc0024973f00249f280024915e000036bf',
  )
})

test('an index in full mode adds the time', () => {
  assert.equal(
    frameOf({ ...index, mode: FULL, bytes: 32, words: indexWords }),
    '000100200003e9090024c81d0024dbdc0024973f00249f280024915e000036bf6850e96c',
  )
})

test('a quote is 44 bytes in the order of the table', () => {
  assert.equal(
    frameOf({ ...share, mode: QUOTE, bytes: 44, words: shareWords }),
    '0001002c000b450100048ef90000001900048a28003fd1400007d1b8000a8057000484400004949e00048265000484f4',
  )
})

test('a full packet adds times, open interest and five bids and asks', () => {
  const depth = [
    [298740, 120, 4],
    [298735, 355, 7],
    [298730, 40, 2],
    [298725, 900, 11],
    [298720, 15, 1],
    [298750, 75, 3],
    [298755, 210, 5],
    [298760, 66, 2],
    [298765, 1000, 14],
    [298770, 8, 1],
  ].flat()
  const words: Record<number, number> = {
    ...shareWords,
    [LAST_TRADE_TIME]: 1750133098,
    [OPEN_INTEREST]: 123450,
    [OPEN_INTEREST_HIGH]: 130000,
    [OPEN_INTEREST_LOW]: 110000,
    [EXCHANGE_TIME]: 1750133099,
  }
  depth.forEach((value, word) => {
    words[DEPTH + word] = value
  })
  assert.equal(
    frameOf({ ...share, mode: FULL, bytes: 184, words }),
    '000100b8000b450100048ef90000001900048a28003fd1400007d1b8000a8057000484400004949e00048265000484f4' +
      '6850e96a0001e23a0001fbd00001adb06850e96b0000007800048ef4000400000000016300048eef0007000000000028' +
      '00048eea000200000000038400048ee5000b00000000000f00048ee0000100000000004b00048efe00030000000000d2' +
      '00048f03000500000000004200048f0800020000000003e800048f0d000e00000000000800048f1200010000',
  )
})

test('a frame carries several packets, and a price below zero as it is', () => {
  const ltp = (token: number, last: number): Entry => ({
    token,
    isIndex: false,
    mode: LTP,
    bytes: 8,
    words: { [LAST]: last },
  })
  assert.equal(
    frameOf(
      ltp(738561, 298750),
      ltp(284419, 864225000),
      ltp(568838, 864250),
      ltp(56888839, 612300),
    ),
    '00040008000b450100048efe000800045703338306e800080008ae06000d2ffa000803640e07000957cc',
  )
  assert.equal(frameOf(ltp(56888839, -1500)), '0001000803640e07fffffa24')
})
