// The kill switch: by whatever way it is set, nothing new goes out; it outlives the process.
import assert from 'node:assert/strict'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { KillSwitch } from '../../engine/orders/kill-switch.ts'
import { temporaryFolder } from '../support/plant.ts'
import { Bench, CALLER, kite, LIMIT_ORDER, NOW_MS } from './gateway-bench.ts'

const CLEAR = { isSet: false, by: null, atMs: null, why: null }

test('it is clear until it is set, and tells by whom, when and why', async (context) => {
  const folder = await temporaryFolder(context)
  const killSwitch = new KillSwitch(folder)
  assert.equal(killSwitch.isSet, false)
  assert.deepEqual(await killSwitch.status(), CLEAR)
  const setting = killSwitch.set('desk', 'runaway', NOW_MS)
  // At once, not when the file is there.
  assert.equal(killSwitch.isSet, true)
  const expected = { isSet: true, by: 'desk', atMs: NOW_MS, why: 'runaway' }
  assert.deepEqual(await setting, expected)
  assert.deepEqual(await killSwitch.set('other', 'again', NOW_MS + 1), expected)
  assert.equal((await stat(join(folder, 'kill'))).mode & 0o777, 0o600)
  assert.deepEqual(await killSwitch.clear(), CLEAR)
  assert.equal(killSwitch.isSet, false)
  assert.deepEqual(await readdir(folder), [])
})

test('another process sees it, and so does the next engine', async (context) => {
  const folder = await temporaryFolder(context)
  await new KillSwitch(folder).set('desk', '', NOW_MS)
  const next = new KillSwitch(folder)
  assert.equal(next.isSet, true)
  assert.equal((await next.status()).by, 'desk')
  await next.clear()
  assert.equal(new KillSwitch(folder).isSet, false)
})

test('a file made by hand sets it, whatever is in it, and its removal clears it', async (context) => {
  const folder = await temporaryFolder(context)
  const killSwitch = new KillSwitch(folder)
  for (const content of ['', '{', 'null', '{"by":5}', '\u0000'.repeat(100)]) {
    await writeFile(join(folder, 'kill'), content)
    assert.equal(killSwitch.isSet, true)
    assert.deepEqual(await killSwitch.status(), { ...CLEAR, isSet: true })
    assert.deepEqual(await killSwitch.set('desk', '', NOW_MS), { ...CLEAR, isSet: true })
    await rm(join(folder, 'kill'))
    assert.equal(killSwitch.isSet, false)
  }
})

test('where the file cannot be written it is set all the same', async () => {
  // A folder in which nobody can make a file.
  const killSwitch = new KillSwitch('/proc/self')
  assert.equal(killSwitch.isSet, false)
  await assert.rejects(killSwitch.set('desk', '', NOW_MS))
  assert.equal(killSwitch.isSet, true)
})

test('set again where its file could not be written, it is written then, or fails again', async (context) => {
  const folder = await temporaryFolder(context)
  const inTheWay = join(folder, 'data')
  await writeFile(inTheWay, '')
  const killSwitch = new KillSwitch(inTheWay)
  await assert.rejects(killSwitch.set('desk', 'first', NOW_MS))
  await assert.rejects(killSwitch.set('desk', 'again', NOW_MS))
  await rm(inTheWay)
  assert.equal((await killSwitch.set('desk', 'at last', NOW_MS)).why, 'at last')
  assert.equal(new KillSwitch(inTheWay).isSet, true, 'the next engine sees it')
})

test('the first of two who set it at one time stays', async (context) => {
  const killSwitch = new KillSwitch(await temporaryFolder(context))
  const both = await Promise.all([
    killSwitch.set('one', '', NOW_MS),
    killSwitch.set('two', '', NOW_MS),
  ])
  assert.deepEqual(
    both.map(({ by }) => by),
    ['one', 'one'],
  )
})

test('a folder that cannot be looked into counts as set', async (context) => {
  const file = join(await temporaryFolder(context), 'file')
  await writeFile(file, '')
  assert.equal(new KillSwitch(join(file, 'data')).isSet, true)
})

test('it can be set before there is a data folder', async (context) => {
  const folder = join(await temporaryFolder(context), 'data')
  await new KillSwitch(folder).set('desk', '', NOW_MS)
  assert.match(await readFile(join(folder, 'kill'), 'utf8'), /^\{"by":"desk"/)
})

test('while it is set nothing new goes out, and cancels do', async (context) => {
  const folder = await temporaryFolder(context)
  const killSwitch = new KillSwitch(folder)
  const bench = new Bench({ options: { killSwitch } })
  bench.respond = ({ url }) => kite({ order_id: '25', trigger_id: url.includes('gtt') ? 7 : 1 })
  bench.lastPrices.set(0, { price: 2985, receivedAtMs: NOW_MS })
  const gtt = {
    trigger_type: 'SINGLE',
    exchange: 'NSE',
    symbol: 'RELIANCE',
    action: 'BUY',
    product: 'CNC',
    quantity: 1,
    triggerprice_sl: 2900,
    price: 2900,
  }
  const { gateway } = bench
  const blocked = [
    () => gateway.place(LIMIT_ORDER, CALLER),
    () => gateway.modify({ ...LIMIT_ORDER, orderid: '25' }, CALLER),
    () => gateway.placeGtt(gtt, CALLER),
    () => gateway.modifyGtt({ ...gtt, trigger_id: '7' }, CALLER),
  ]
  await writeFile(join(folder, 'kill'), '')
  for (const call of blocked) {
    const told = await call()
    assert.ok('error' in told)
    assert.equal(told.error.code, 'INSUFFICIENT_PERMISSION')
    assert.match(told.error.message, /kill switch is set/)
  }
  assert.equal(bench.requests.length, 0)
  assert.ok('ok' in (await gateway.cancel({ orderid: '25' }, CALLER)))
  assert.ok('ok' in (await gateway.cancelGtt({ trigger_id: '7' }, CALLER)))
  await killSwitch.clear()
  for (const call of blocked) assert.ok('ok' in (await call()))
})

test('an order that waited for a price while it was set is not sent', async () => {
  const bench = new Bench({ limits: { valueMax: 1_000_000 } })
  bench.respond = () => {
    bench.isKilled = true
    return kite({ 'NSE:RELIANCE': { last_price: 2990 } })
  }
  const told = await bench.place({ ...LIMIT_ORDER, pricetype: 'MARKET' })
  assert.ok('error' in told && told.error.code === 'INSUFFICIENT_PERMISSION')
  assert.equal(bench.tasks.length, 0)
})
