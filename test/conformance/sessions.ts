// Cards A: a person signs in to a running engine, and what becomes of the session.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Credentials } from '../../adapters/broker.ts'
import { nextTimeMs } from '../../engine/indian-day.ts'
import { storeFolderOf } from '../../engine/prepare.ts'
import { callAdmin, temporaryFolder, until } from '../support/plant.ts'
import {
  type Broker,
  isShare,
  openClient,
  pick,
  type Rig,
  startBroker,
  startEngineOn,
  syncBroker,
  visitPage,
} from './bench.ts'
import type { Card, Subject } from './card.ts'
import { lastOf, subscribe } from './streaming.ts'

interface Waiting {
  readonly broker: Broker
  /** Starts an engine in the same folder as the one before. */
  start(): Promise<Rig>
}

/** A broker, and engines that have its instruments and nothing to sign in with but what is always configured. */
async function startWaiting(context: TestContext, subject: Subject): Promise<Waiting> {
  const broker = await startBroker(context, subject)
  const dataDir = await temporaryFolder(context)
  await syncBroker(context, broker, { storeFolder: storeFolderOf(dataDir) })
  const { access_token: _, ...credentials }: Credentials = broker.simulator.credentials
  const flags = { data_dir: dataDir }
  return { broker, start: () => startEngineOn(context, broker, { credentials, flags }) }
}

/** Signs in as a person does whose browser follows the broker's page to the callback. */
export async function signInOnPage(rig: Rig): Promise<string> {
  const { spec } = rig
  const begun = await callAdmin(rig, 'POST', `/admin/login/${spec.id}`)
  if (begun.url === null) return String(begun.message)
  const query = await visitPage(String(begun.url))
  const reply = await fetch(`${rig.httpUrl}${begun.callback}${query}`)
  const page = await reply.text()
  assert.equal(reply.status, 200, page)
  assert.match(reply.headers.get('content-type') ?? '', /^text\/html/)
  const code = new URLSearchParams(query).get(spec.signIn.page!.yields)!
  assert.ok(!page.includes(code), 'the page shows the code')
  return page
}

const isLive = ({ feed }: Rig) => feed.socketStates[0] === 'live'

export const CARDS: readonly Card[] = [
  {
    id: 'A-01',
    title: 'a login over the page brings a waiting engine to life, and the next start needs none',
    proves: 'feed and orders follow a new session without a restart, and a restart keeps it',
    async run(subject, context) {
      const { start } = await startWaiting(context, subject)
      const rig = await start()
      const [keeper] = rig.engine.keepers
      assert.equal(keeper!.state, 'signed out')
      await until('the feed to wait', () => rig.feed.socketStates[0] === 'signed_out')
      assert.match(await signInOnPage(rig), /Signed in/)
      assert.equal(keeper!.status().isInUse, true)
      await until('the feed', () => isLive(rig))
      const shares = pick(rig, 2, isShare)
      await subscribe(rig, await openClient(context, rig), shares, 'quote')
      await rig.engine.stop()

      const next = await start()
      assert.equal(next.engine.keepers[0]!.status().isInUse, true)
      await until('the feed', () => isLive(next))
    },
  },
  {
    id: 'A-02',
    title: 'a session that the broker ended is told, and the next login goes on where it was',
    proves: 'each morning costs one login, no restart and no subscription',
    async run(subject, context) {
      const { broker, start } = await startWaiting(context, subject)
      const rig = await start()
      await signInOnPage(rig)
      await until('the feed', () => isLive(rig))
      const shares = pick(rig, 2, isShare)
      const client = await openClient(context, rig)
      await subscribe(rig, client, shares, 'ltp')
      const seqs = shares.map((share) => Number(lastOf(client, share)!.seq))
      broker.simulator.expireSession()
      broker.simulator.dropSockets()
      await until('the refusal', () => rig.engine.keepers[0]!.current() === null)
      const [told] = rig.engine.status().sessions
      assert.deepEqual([told!.needsLogin, told!.isInUse], [true, false])
      await signInOnPage(rig)
      await until('the feed', () => isLive(rig))
      await until('ticks that go on', () => {
        broker.simulator.tickOnce()
        return shares.every((share, at) => Number(lastOf(client, share)!.seq) > seqs[at]!)
      })
      assert.equal(rig.feed.workerRestarts, 0)
    },
  },
  {
    id: 'A-03',
    title: 'the hour at which sessions end is known',
    proves: 'people are told before the session ends, not by it',
    async run(subject, context) {
      const { start } = await startWaiting(context, subject)
      const rig = await start()
      const before = Date.now()
      await signInOnPage(rig)
      const { expiresAt } = subject.spec.signIn
      const { expiresAtMs, expiresInS } = rig.engine.status().sessions[0]!
      const hours = [before, Date.now()].map((ms) =>
        expiresAt === undefined ? null : nextTimeMs(expiresAt, ms),
      )
      assert.ok(hours.includes(expiresAtMs), `${expiresAtMs} is none of ${hours}`)
      assert.equal(expiresInS === null, expiresAtMs === null)
    },
  },
  {
    id: 'A-04',
    title: 'a callback that nobody asked for signs nobody in',
    proves: 'a page that the browser happens to visit cannot give the engine a session',
    async run(subject, context) {
      const { spec } = subject
      const { start } = await startWaiting(context, subject)
      const rig = await start()
      const callback = `${rig.httpUrl}/${spec.id}/callback`
      const { page } = spec.signIn
      if (page === undefined) {
        assert.equal((await fetch(callback)).status, 409)
        return
      }
      const url = page.url(rig.hosts, rig.engine.keepers[0]!.loginCredentials(), 'of-somebody')
      assert.equal((await fetch(callback + (await visitPage(url)))).status, 409)
      const begun = await callAdmin(rig, 'POST', `/admin/login/${spec.id}`)
      if (page.bringsState === true) {
        assert.equal((await fetch(callback + (await visitPage(url)))).status, 400)
      }
      assert.equal((await fetch(`${callback}?x=1`)).status, 400)
      assert.equal(rig.engine.keepers[0]!.state, 'signed out')
      // The login that was begun goes on all the same, and once.
      const query = await visitPage(String(begun.url))
      assert.equal((await fetch(callback + query)).status, 200)
      assert.equal((await fetch(callback + query)).status, 409)
    },
  },
]
