// A broker that hears nothing before its acknowledgement and sends only what changed.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { until } from '../support/plant.ts'
import { ACCESS_TOKEN, gapNumber, startFakePlant, tickWith } from './fake-plant.ts'
import { AckFirstServer } from './fakes/ack-first-server.ts'

const SHARE = { exchange: 'NSE', symbol: 'SHARE1' }
const BOOK = { exchange: 'BSE', symbol: 'SHARE1' }

async function start(context: TestContext, prepare: (server: AckFirstServer) => void = () => {}) {
  const server = await new AckFirstServer().listen(context)
  prepare(server)
  return { server, ...(await startFakePlant(context, server)) }
}

test('nothing is sent before the acknowledgement, not even what is wanted meanwhile', async (context) => {
  const { server, client } = await start(context)
  await client.subscribe([SHARE], 'Quote')
  await tickWith(client, SHARE, { ltp: 1 })
  server.acknowledgement = null
  server.dropSockets()
  await until('the first message on a new socket', () => server.tokens.length === 2)
  await client.subscribe([BOOK], 'Quote')
  const waitedMs = performance.now() + 100
  await until('the worker to know', () => performance.now() > waitedMs)
  server.acknowledge('OK')
  await gapNumber(client, 1)
  await tickWith(client, BOOK, { ltp: 1 })
  assert.deepEqual(server.early, [])
  assert.deepEqual(server.tokens, [ACCESS_TOKEN, ACCESS_TOKEN])
})

test('a partial update reaches clients as the full record, down to a level of the book', async (context) => {
  const { server, client } = await start(context, ({ full }) => {
    full.set('1|1', { lp: '100.5', v: '900', o: '99', oi: '40' })
    full.set('11|1', {
      lp: '50',
      v: '9',
      bp1: '49.9',
      bq1: '10',
      bp2: '49.8',
      bq2: '20',
      sp1: '50.1',
      sq1: '5',
    })
  })
  await client.subscribe([SHARE], 'Quote')
  await client.subscribe([BOOK], 'Depth')
  await tickWith(client, SHARE, { ltp: 100.5, volume: 900, open: 99, oi: 40 })
  await tickWith(client, BOOK, { ltp: 50 })

  server.update('1|1', { lp: '100.6' })
  await tickWith(client, SHARE, { ltp: 100.6, volume: 900, open: 99, oi: 40 })
  server.update('11|1', { bq1: '11' })
  const tick = await until('the update of the book', () =>
    client.items.find(({ depth }) => (depth as Depth | undefined)?.buy[0]?.quantity === 11),
  )
  assert.equal(tick.ltp, 50)
  assert.deepEqual((tick.depth as Depth).buy, [
    { price: 49.9, quantity: 11, orders: 1 },
    { price: 49.8, quantity: 20, orders: 1 },
  ])
  assert.deepEqual((tick.depth as Depth).sell, [{ price: 50.1, quantity: 5, orders: 1 }])
})

interface Depth {
  readonly buy: { price: number; quantity: number; orders: number }[]
  readonly sell: { price: number; quantity: number; orders: number }[]
}

test('what was known before a drop is not merged into what comes after it', async (context) => {
  const { server, client } = await start(context, ({ full }) =>
    full.set('1|1', { lp: '10', oi: '40' }),
  )
  await client.subscribe([SHARE], 'Quote')
  await tickWith(client, SHARE, { ltp: 10, oi: 40 })
  server.full.set('1|1', { lp: '11' })
  server.dropSockets()
  const first = await tickWith(client, SHARE, { ltp: 11 })
  assert.equal(first.oi, undefined)
  server.update('1|1', { lp: '12' })
  const second = await tickWith(client, SHARE, { ltp: 12 })
  assert.equal(second.oi, undefined)
})

test('heartbeats that the connection asks for keep a line that would be cut off', async (context) => {
  const { server } = await start(context)
  await until('ten heartbeats', () => server.heartbeats >= 10)
  assert.equal(server.cutOff, 0)
  assert.equal(server.upgrades, 1)
})

test('a broker that never acknowledges is left and tried again', async (context) => {
  const { server, engine } = await start(context, (server) => {
    server.acknowledgement = null
  })
  await until('a second attempt', () => server.upgrades >= 2)
  assert.equal(engine.feeds[0]!.isConnected, false)
  server.acknowledgement = 'OK'
  await until('the feed to be live', () => engine.feeds[0]!.isConnected)
})

test('a refusal on a socket that the broker leaves open ends the socket', async (context) => {
  const { server, engine } = await start(context, (server) => {
    server.acknowledgement = 'Not_Ok'
  })
  await until('the refusal', () => engine.feeds[0]!.socketStates[0] === 'refused')
  assert.equal(server.upgrades, 3)
  await until('no socket to be left', () => server.sockets.size === 0)
  assert.equal(server.cutOff, 0)
})
