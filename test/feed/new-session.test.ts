// A new session while the engine runs: feeds, and the instruments, go over to it without a restart.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { callHttp } from '../../engine/auth/http.ts'
import type { SessionKeeper } from '../../engine/auth/session-keeper.ts'
import { type KiteSimulator, startKiteSimulator } from '../../sim/kite-server.ts'
import { startUpstoxSimulator } from '../../sim/upstox-server.ts'
import {
  BROKER,
  callAdmin,
  kiteFlags,
  type Plant,
  sharesOf,
  startEngineWith,
  temporaryFolder,
  until,
} from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'
import {
  ACCESS_TOKEN,
  gapNumber,
  gapsOf,
  openClient,
  startFakePlant,
  tickWith,
} from './fake-plant.ts'
import { PlainServer } from './fakes/plain-server.ts'

const KITE = { seed: 1, ratePerSecond: 0, instruments: 500 }

async function startKite(context: TestContext): Promise<KiteSimulator> {
  const simulator = await startKiteSimulator(KITE)
  context.after(() => simulator.close())
  return simulator
}

/** What a person brings back from the sign-in page. */
async function requestToken({ restUrl, apiKey }: KiteSimulator): Promise<string> {
  const reply = await callHttp({
    method: 'GET',
    url: `${restUrl}/connect/login?v=3&api_key=${apiKey}`,
  })
  return new URL(reply.headers.location!).searchParams.get('request_token')!
}

const keeperOf = ({ engine }: Pick<Plant, 'engine'>): SessionKeeper => engine.keepers[0]!
const socketsOf = ({ engine }: Pick<Plant, 'engine'>) => engine.feeds[0]!.socketStates

/** An engine on Kite with the secret that a login takes, and a client of three shares. */
async function startSignedIn(context: TestContext) {
  const simulator = await startKite(context)
  const flags = { ...kiteFlags(simulator), 'brokers.zerodha.api_secret': simulator.apiSecret }
  const plant = { ...(await startEngineWith(context, flags)), simulator }
  const client = await openClient(context, plant, BROKER)
  const shares = sharesOf(plant, 3)
  await client.stream(shares, 'Quote')
  return { ...plant, client, shares }
}

describe('a new session', { concurrency: 2 }, () => {
  test('brings a feed that was refused back, with all that was subscribed', async (context) => {
    const plant = await startSignedIn(context)
    const { simulator, client, shares } = plant
    simulator.expireSession()
    simulator.dropSockets()
    await until('the refusal', () => socketsOf(plant)[0] === 'refused')
    await until('the keeper to know', () => keeperOf(plant).current() === null)
    assert.equal(keeperOf(plant).state, 'expired')
    const [told] = plant.engine.status().sessions
    assert.deepEqual([told!.broker, told!.needsLogin, told!.isInUse], [BROKER, true, false])
    assert.match(told!.problem!, /^the broker refused the session: HTTP 403 /)

    await keeperOf(plant).useToken({ request_token: await requestToken(simulator) })
    await until('the feed to be live', () => socketsOf(plant)[0] === 'live')
    assert.equal((await gapNumber(client, 1)).reason, 'reconnected')
    await until('the subscriptions', () => simulator.stats().subscribedPairs === 3)
    const came = client.items.length
    simulator.tickOnce()
    await until('ticks', () => client.items.length >= came + shares.length)
    assert.equal(plant.engine.status().feeds[0]!.workerRestarts, 0)
  })

  test('takes the place of one that lives, over a gap of one connection', async (context) => {
    const plant = await startSignedIn(context)
    const { simulator, client } = plant
    const before = plant.engine.feeds[0]!.counters().connects
    await keeperOf(plant).useToken({ request_token: await requestToken(simulator) })
    await gapNumber(client, 1)
    assert.equal(plant.engine.feeds[0]!.counters().connects, before + 1)
    // Only the new one lives from here on.
    simulator.dropSockets()
    await gapNumber(client, 2)
    assert.equal(socketsOf(plant)[0], 'live')
  })

  test('that is the one in use costs no connection', async (context) => {
    const server = await new PlainServer().listen(context)
    const plant = await startFakePlant(context, server)
    await until('the feed to be live', () => socketsOf(plant)[0] === 'live')
    await keeperOf(plant).useToken({ access_token: ACCESS_TOKEN })
    await plant.client.subscribe([{ exchange: 'NSE', symbol: 'SHARE1' }], 'LTP')
    await plant.client.waitForTicks(1)
    assert.deepEqual([server.upgrades, gapsOf(plant.client).length], [1, 0])
  })

  test('is what a worker that is started again goes with', async (context) => {
    const server = await new PlainServer().listen(context)
    const plant = await startFakePlant(context, server)
    await until('the feed to be live', () => socketsOf(plant)[0] === 'live')
    await keeperOf(plant).useToken({ access_token: 'the-second-token' })
    await until('the second', () => server.tokens.at(-1) === 'the-second-token')
    await until('the feed to be live', () => socketsOf(plant)[0] === 'live')
    server.order({ do: 'end the thread' })
    await until('a new worker', () => plant.engine.feeds[0]!.workerRestarts === 1)
    await until('the feed to be live', () => socketsOf(plant)[0] === 'live')
    assert.deepEqual(server.tokens, [ACCESS_TOKEN, 'the-second-token', 'the-second-token'])
  })

  test('that is refused too is given up after as many attempts as the first', async (context) => {
    const server = await new PlainServer().listen(context)
    server.refusal = { status: 401, body: {} }
    const plant = await startFakePlant(context, server)
    await until('the refusal', () => keeperOf(plant).current() === null)
    assert.equal(server.upgrades, 3)
    await keeperOf(plant).useToken({ access_token: 'the-second-token' })
    await until('the refusal', () => keeperOf(plant).current() === null)
    assert.deepEqual(server.tokens, [
      ...Array<string>(3).fill(ACCESS_TOKEN),
      ...Array<string>(3).fill('the-second-token'),
    ])
    assert.equal(socketsOf(plant)[0], 'refused')
  })

  test('while there is none, what lives goes on and what is lost waits', async (context) => {
    const server = await new PlainServer().listen(context)
    const plant = await startFakePlant(context, server)
    const share = { exchange: 'NSE', symbol: 'SHARE1' }
    await plant.client.subscribe([share], 'LTP')
    await plant.client.waitForTicks(1)
    // An order was refused, while the feed has noticed nothing.
    keeperOf(plant).refused('INVALID_TOKEN')
    server.tick(1, 1, 7)
    await tickWith(plant.client, share, { ltp: 7 })
    server.dropSockets()
    await until('the wait', () => socketsOf(plant)[0] === 'signed_out')
    await until('the event', () => plant.client.items.some(({ status }) => status === 'signed_out'))
    assert.equal(server.upgrades, 1)
    await keeperOf(plant).useToken({ access_token: 'the-second-token' })
    await tickWith(plant.client, share, { ltp: 1, seq: 3 })
    assert.deepEqual(server.tokens, [ACCESS_TOKEN, 'the-second-token'])
  })
})

describe('an engine that nobody signed in', { concurrency: 2 }, () => {
  const withoutToken = ({ restUrl, feedUrl, apiKey, apiSecret }: KiteSimulator) => ({
    'brokers.zerodha.rest': restUrl,
    'brokers.zerodha.feed': feedUrl,
    'brokers.zerodha.api_key': apiKey,
    'brokers.zerodha.api_secret': apiSecret,
  })

  test('starts with the instruments of the last good sync, and goes on when somebody signs in', async (context) => {
    const simulator = await startKite(context)
    const dataDir = await temporaryFolder(context)
    const before = await startEngineWith(context, { ...kiteFlags(simulator), data_dir: dataDir })
    await before.engine.stop()

    const flags = withoutToken(simulator)
    const plant = {
      ...(await startEngineWith(context, { ...flags, data_dir: dataDir })),
      simulator,
    }
    assert.equal(keeperOf(plant).state, 'signed out')
    await until('the feed to say so', () => socketsOf(plant)[0] === 'signed_out')
    assert.equal(simulator.stats().sockets, 0)
    const loud = plant.logs.find(({ msg }) => msg === 'sign in: run `tickplant login zerodha`')
    assert.equal(loud?.level, 'error')
    const health = (await (await fetch(`${plant.httpUrl}/healthz`)).json()) as { status: string }
    assert.equal(health.status, 'degraded')

    const client = await StreamClient.open(context, plant, { format: 'msgpack', events: true })
    const [share] = sharesOf(plant, 1)
    await client.subscribe([share!], 'LTP')
    await keeperOf(plant).useToken({ request_token: await requestToken(simulator) })
    await client.waitForTicks(1)
    assert.deepEqual(gapsOf(client), [], 'nothing was missed that ever was there')
  })

  test('does not start where there are no instruments either, and says what to do', async (context) => {
    const simulator = await startKite(context)
    const flags = withoutToken(simulator)
    await assert.rejects(startEngineWith(context, flags), (error: Error) => {
      assert.equal(error.name, 'StartError')
      const [what, why] = error.message.split(' first (')
      assert.equal(
        what,
        'zerodha has neither a session nor instruments of an earlier one: run `tickplant login zerodha`',
      )
      assert.match(why!, /^brokers\.zerodha\.request_token is missing/)
      assert.ok(!error.message.includes('\n'))
      return true
    })
  })

  test('has the instruments of a broker that gives them to anyone', async (context) => {
    const simulator = await startUpstoxSimulator(KITE)
    context.after(() => simulator.close())
    const { access_token, ...credentials } = simulator.credentials
    const given = { ...credentials, rest: simulator.restUrl, feed: simulator.feedUrl }
    const flags = Object.entries(given).map(([name, value]) => [`brokers.upstox.${name}`, value])
    const plant = await startEngineWith(context, Object.fromEntries(flags))
    assert.equal(keeperOf(plant).state, 'signed out')
    assert.ok(plant.engine.feeds[0]!.tokens.rows > 400)
    await keeperOf(plant).useToken({ access_token: access_token! })
    await until('the feed to be live', () => socketsOf(plant)[0] === 'live')
  })

  test('syncs a list that is not of the day as soon as somebody signs in', async (context) => {
    const small = await startKiteSimulator({ ...KITE, instruments: 400 })
    const dataDir = await temporaryFolder(context)
    const before = await startEngineWith(context, { ...kiteFlags(small), data_dir: dataDir })
    await before.engine.stop()
    await small.close()
    // Another place: what was downloaded there is not what this one has.
    const simulator = await startKite(context)
    const flags = withoutToken(simulator)
    const plant = await startEngineWith(context, { ...flags, data_dir: dataDir })
    assert.equal(plant.engine.feeds[0]!.tokens.rows, 400)
    await assert.rejects(
      async () => {
        const { job } = await callAdmin(plant, 'POST', '/admin/symbols/sync', { broker: BROKER })
        const jobs = await until('its end', async () => {
          const [told] = (await callAdmin(plant, 'GET', '/admin/symbols')) as unknown as {
            job: { number: number; error: string | null } | null
          }[]
          return told?.job?.number === job && told?.job?.error !== null ? told?.job : null
        })
        throw new Error(jobs.error!)
      },
      { message: 'zerodha has no session to download its instruments with; sign in' },
    )
    await keeperOf(plant).useToken({ request_token: await requestToken(simulator) })
    await until('the list of the day', () => plant.engine.feeds[0]!.tokens.rows === 500, 20_000)
  })
})
