// Cards F: what the feed survives, as clients see it through a running engine.
import assert from 'node:assert/strict'
import { SeededRandom } from '../../sim/random.ts'
import { until } from '../support/plant.ts'
import { isShare, openClient, pairs, pick, startRig, ticksOf } from './bench.ts'
import type { Card } from './card.ts'
import { checkBook, checkSeqs, eventsOf, lastOf, subscribe, tickUntil } from './streaming.ts'

const random = new SeededRandom(11)
const GARBAGE_EACH = 40
/** The first bytes announce more than there is, in whichever format. */
const GARBAGE: readonly (Uint8Array | string)[] = [
  ...Array.from({ length: GARBAGE_EACH }, (_, at) => `{"t":"garbage ${at}`),
  ...Array.from({ length: GARBAGE_EACH }, () =>
    Uint8Array.from({ length: 5 + random.below(300) }, (_, at) =>
      at < 4 ? 0xff : random.below(256),
    ),
  ),
  ...['', 'null', '[]', '{}', '7', '"x"', '[[[[', '{"t":5}', '{"type":{}}', '\u0000', '[null,1]'],
  '['.repeat(100_000),
  'x'.repeat(1 << 20),
  new Uint8Array(1 << 20).fill(0xff),
  new Uint8Array(0),
]

export const CARDS: readonly Card[] = [
  {
    id: 'F-07',
    title: 'a dropped socket is a gap, after which everything flows again',
    proves:
      'subscriptions, modes and seq outlive the socket, and clients are told what they missed',
    async run(subject, context) {
      const rig = await startRig(context, subject)
      const shares = pick(rig, 9, isShare)
      const modes = ['ltp', 'quote', 'depth'] as const
      const client = await openClient(context, rig)
      for (const [at, mode] of modes.entries()) {
        await subscribe(rig, client, shares.slice(3 * at, 3 * at + 3), mode)
      }
      const seqs = shares.map((share) => Number(lastOf(client, share)!.seq))
      const droppedMs = Date.now()
      rig.simulator.dropSockets()
      const [gap] = await until('the gap', () => {
        const gaps = eventsOf(client, 'gap')
        return gaps.length > 0 ? gaps : null
      })
      assert.equal(gap!.reason, 'reconnected')
      assert.ok(Number(gap!.since) <= Number(gap!.until) && Number(gap!.until) >= droppedMs - 1)
      for (const [at, mode] of modes.entries()) {
        const own = shares.slice(3 * at, 3 * at + 3)
        await tickUntil(rig, client, own, (tick) => tick.mode === mode)
      }
      for (const [at, share] of shares.entries()) {
        assert.ok(Number(lastOf(client, share)!.seq) > seqs[at]!, share.symbol)
      }
      const epochs = client.items.filter(({ type }) => type === undefined).map(({ epoch }) => epoch)
      assert.equal(new Set(epochs).size, 1)
      assert.equal(pairs(rig), shares.length)
      assert.equal(rig.feed.counters().disconnects, 1)
    },
  },
  {
    id: 'F-08',
    title: 'a socket that falls silent is dead, and is replaced',
    proves: 'a line that hangs costs the silence that the broker allows, and no more',
    async run(subject, context) {
      const limits = { silenceMsMax: 1000 }
      const rig = await startRig(context, subject, { limits, simulator: { ratePerSecond: 200 } })
      const shares = pick(rig, 2, isShare)
      const client = await openClient(context, rig)
      await subscribe(rig, client, shares, 'ltp')
      rig.simulator.pauseTicks()
      rig.simulator.muteHeartbeats(true)
      const lost = await until('the loss', () => rig.logs.find(({ msg }) => msg === 'feed lost'))
      const [, silentMs] = /^silent for (\d+) ms$/.exec(String(lost.why)) ?? []
      assert.ok(Number(silentMs) > limits.silenceMsMax, String(lost.why))
      rig.simulator.muteHeartbeats(false)
      rig.simulator.resumeTicks()
      await until('the gap', () => eventsOf(client, 'gap').length > 0)
      await tickUntil(rig, client, shares)
    },
  },
  {
    id: 'F-09',
    title: 'garbage is counted and costs nothing',
    proves: 'no frame ends the socket or the worker, or changes a tick',
    async run(subject, context) {
      const rig = await startRig(context, subject)
      const shares = pick(rig, 3, isShare)
      const client = await openClient(context, rig)
      await subscribe(rig, client, shares, 'depth')
      // What the market sent before must not be taken for what it sends after.
      const { packetsSent } = rig.simulator.stats()
      await until('the frames before', () => rig.feed.counters().ticks >= packetsSent)
      const { frames } = rig.feed.counters()
      for (const frame of GARBAGE) rig.simulator.sendRaw(frame)
      await until('all of it', () => rig.feed.counters().frames >= frames + GARBAGE.length)
      await tickUntil(rig, client, shares)
      const { rejects, connects, disconnects, unknownTokens } = rig.feed.counters()
      assert.ok(rejects >= 2 * GARBAGE_EACH, `${rejects} rejects`)
      assert.deepEqual(
        [connects, disconnects, unknownTokens, rig.feed.workerRestarts],
        [1, 0, 0, 0],
      )
      for (const share of shares) {
        checkSeqs(client, share)
        for (const tick of ticksOf(client, share)) {
          checkBook(share, tick, subject.spec.feed.depthLevels)
        }
      }
    },
  },
  {
    id: 'F-10',
    title: 'a session that ended is refused, and left alone',
    proves: 'the engine says that a new sign-in is needed and does not hammer the broker',
    async run(subject, context) {
      const rig = await startRig(context, subject)
      const client = await openClient(context, rig)
      await subscribe(rig, client, pick(rig, 1, isShare), 'ltp')
      rig.simulator.expireSession()
      rig.simulator.dropSockets()
      await until('the refusal', () => rig.feed.socketStates[0] === 'refused')
      await until('the event', () => eventsOf(client, 'feed_status').at(-1)?.status === 'refused')
      assert.equal(rig.feed.isConnected, false)
      await until('the log line', () =>
        rig.logs.some(({ msg }) => String(msg).includes('sign in again')),
      )
      const attempts = () => {
        const told = ['opening the feed socket', 'feed lost']
        return rig.logs.filter(({ msg }) => told.includes(String(msg))).length
      }
      const before = attempts()
      // The first line, the drop of it, and three attempts of which two are told as lost.
      assert.ok(before <= 7, `${before} attempts`)
      // Six times the longest pause between attempts.
      const quietUntilMs = performance.now() + 300
      await until('a while to pass', () => performance.now() > quietUntilMs)
      assert.equal(attempts(), before)
    },
  },
]
