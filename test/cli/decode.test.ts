import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freshFolder, runCommand } from './run.ts'

// Synthetic frames of Kite Connect v3.
const LTP_FRAME = '00010008000b450100048ef9'
const INDEX_FULL_FRAME = '000100200003e9090024c81d0024dbdc0024973f00249f280024915e000036bf6850e96c'
const FULL_FRAME =
  '000100b8000b450100048ef90000001900048a28003fd1400007d1b8000a8057000484400004949e00048265000484f4' +
  '6850e96a0001e23a0001fbd00001adb06850e96b0000007800048ef4000400000000016300048eef0007000000000028' +
  '00048eea000200000000038400048ee5000b00000000000f00048ee0000100000000004b00048efe00030000000000d2' +
  '00048f03000500000000004200048f0800020000000003e800048f0d000e00000000000800048f1200010000'
const HEARTBEAT = '00'

const LTP_TICK = { broker: 'zerodha', token: '738561', mode: 'ltp', ltp: 2987.45 }

function decode(format: string, input: string | Uint8Array) {
  return runCommand(['decode', '--broker', 'zerodha', '--format', format, '-'], { input })
}

function ticksOf(stdout: string): unknown[] {
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line)))
}

test('a file is one binary frame unless told otherwise', async () => {
  const cwd = freshFolder()
  writeFileSync(join(cwd, 'frame.bin'), Buffer.from(LTP_FRAME, 'hex'))
  const { code, stdout, stderr } = await runCommand(
    ['decode', '--broker', 'zerodha', 'frame.bin'],
    { cwd },
  )
  assert.equal(stderr, '')
  assert.deepEqual(ticksOf(stdout), [LTP_TICK])
  assert.equal(code, 0)
})

test('hex gives a frame per line, without comments, blank lines and blanks', async () => {
  const spaced = LTP_FRAME.toUpperCase().replaceAll(/../g, '$& ')
  const input = `# captured\n\n${spaced}\r\n${HEARTBEAT}\n  ${INDEX_FULL_FRAME}\n${FULL_FRAME}`
  const { code, stdout, stderr } = await decode('hex', input)
  assert.equal(stderr, '')
  assert.equal(code, 0)
  const [first, index, full, ...more] = ticksOf(stdout) as Record<string, unknown>[]
  assert.deepEqual(first, LTP_TICK)
  assert.deepEqual(index, {
    broker: 'zerodha',
    token: '256265',
    mode: 'depth',
    ltp: 24105.25,
    close: 23965.1,
    exchangeTime: 1750133100000,
    open: 24000.4,
    high: 24155.8,
    low: 23980.15,
    depth: { buy: [], sell: [] },
  })
  const { depth, ...quote } = full as { depth: { buy: object[]; sell: object[] } }
  assert.deepEqual(quote, {
    ...LTP_TICK,
    mode: 'depth',
    ltq: 25,
    ltt: 1750133098000,
    close: 2961.8,
    exchangeTime: 1750133099000,
    atp: 2975.12,
    volume: 4182336,
    totalBuyQty: 512440,
    totalSellQty: 688215,
    open: 2960,
    high: 3001.9,
    low: 2955.25,
    oi: 123450,
    oiHigh: 130000,
    oiLow: 110000,
    bid: 2987.4,
    ask: 2987.5,
    bidQty: 120,
    askQty: 75,
  })
  assert.deepEqual(depth.buy[3], { price: 2987.25, quantity: 900, orders: 11 })
  assert.deepEqual(depth.sell[4], { price: 2987.7, quantity: 8, orders: 1 })
  assert.deepEqual(more, [])
})

test('base64 gives a frame per line, padded or not', async () => {
  const padded = Buffer.from(HEARTBEAT, 'hex').toString('base64')
  const bare = Buffer.from(`${LTP_FRAME}00`, 'hex').toString('base64').replaceAll('=', '')
  const whole = Buffer.from(LTP_FRAME, 'hex').toString('base64')
  const { code, stdout, stderr } = await decode('base64', `${padded}\n${whole}\n${bare}\n`)
  assert.deepEqual(ticksOf(stdout), [LTP_TICK, LTP_TICK])
  assert.equal(stderr, 'frame 3, offset 12: bytes after the last packet\n')
  assert.equal(code, 0)
})

test('bytes that are not understood are told with frame, offset and reason', async () => {
  const cut = FULL_FRAME.slice(0, 40)
  const some = await decode('hex', `${LTP_FRAME}\n${cut}\n`)
  assert.equal(some.stderr, 'frame 2, offset 4: packet is longer than its frame\n')
  assert.equal(some.code, 0)
  const none = await decode('hex', cut)
  assert.equal(none.stdout, '')
  assert.equal(none.stderr, 'frame 1, offset 4: packet is longer than its frame\n')
  assert.equal(none.code, 1)
})

test('heartbeats alone are no failure', async () => {
  assert.deepEqual(await decode('hex', `${HEARTBEAT}\n${HEARTBEAT}`), {
    code: 0,
    stdout: '',
    stderr: '',
  })
})

test('text frames are told by their type', async () => {
  const input = '{"type":"order","data":{"order_id":"1"}}\n{"a":1}\nnull\n'
  const known = await decode('text', input)
  assert.equal(known.code, 0)
  assert.deepEqual(known.stderr.split('\n'), [
    'frame 1: text frame of type "order", no ticks',
    'frame 2: text frame without a type, no ticks',
    'frame 3: text frame without a type, no ticks',
    '',
  ])
  const unknown = await decode('text', 'oops')
  assert.equal(unknown.stderr, 'frame 1, offset 0: the text frame is not JSON\n')
  assert.equal(unknown.code, 1)
})

const BAD_INPUTS: [what: string, format: string, input: string, sentence: string][] = [
  ['hex with another letter', 'hex', `${LTP_FRAME}\n\n0g\n`, 'line 3 is not valid hex'],
  ['hex with half a byte', 'hex', '000', 'line 1 is not valid hex'],
  ['base64 with another letter', 'base64', 'AAEC-w==', 'line 1 is not valid base64'],
  ['base64 with wrong padding', 'base64', 'AAE==', 'line 1 is not valid base64'],
  ['base64 of an impossible length', 'base64', 'AAEAA', 'line 1 is not valid base64'],
  ['nothing', 'bin', '', 'the input is empty'],
]

for (const [what, format, input, sentence] of BAD_INPUTS) {
  test(`exit code 1 and one sentence for ${what}`, async () => {
    const { code, stderr } = await decode(format, input)
    assert.equal(code, 1)
    assert.equal(stderr, `tickplant: ${sentence}\n`)
  })
}

test('an input over 64 MiB is refused', async () => {
  const { code, stderr } = await decode('bin', new Uint8Array(64 * 1024 * 1024 + 1))
  assert.equal(code, 1)
  assert.equal(stderr, 'tickplant: the input is larger than 64 MiB; split it\n')
})

test('a file that does not exist is told without a stack', async () => {
  const { code, stderr } = await runCommand(['decode', '--broker', 'zerodha', 'none.bin'])
  assert.equal(code, 1)
  assert.match(stderr, /^tickplant: ENOENT: .*none\.bin'\n$/)
})
