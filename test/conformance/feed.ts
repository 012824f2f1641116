// Cards F: what the feed delivers, as clients see it through a running engine.
import assert from 'node:assert/strict'
import { until } from '../support/plant.ts'
import { isIndex, isShare, openClient, pairs, pick, sampleOf, sharedRig, ticksOf } from './bench.ts'
import type { Card } from './card.ts'
import { findInMarket, SECOND_MS } from './market.ts'
import { checkBook, type ModeName, subscribe, tickUntil } from './streaming.ts'
import type { TwinInstrument } from './twin.ts'

const ROUNDS = 6
const DAY = ['ltp', 'open', 'high', 'low', 'close']

/** Values that a tick must have by mode, of what has a book and of an index. */
const REQUIRED: Readonly<Record<ModeName, { book: readonly string[]; index: readonly string[] }>> =
  {
    ltp: { book: ['ltp'], index: ['ltp'] },
    quote: { book: [...DAY, 'volume'], index: DAY },
    depth: { book: [...DAY, 'volume', 'bid', 'ask', 'bidQty', 'askQty'], index: DAY },
  }
/** Values that only a higher mode shows. */
const FORBIDDEN: Readonly<Record<ModeName, readonly string[]>> = {
  ltp: ['depth', 'volume', 'open', 'bid'],
  quote: ['depth'],
  depth: [],
}

export const CARDS: readonly Card[] = [
  {
    id: 'F-01',
    title: 'ticks of every mode come with the values of that mode',
    proves: 'every exchange and kind of instrument streams in every mode',
    async run(subject, context) {
      const rig = await sharedRig(subject)
      const sample = sampleOf(rig)
      for (const mode of ['ltp', 'quote', 'depth'] as const) {
        const client = await openClient(context, rig)
        await subscribe(rig, client, sample, mode)
        for (const each of sample) {
          const tick = ticksOf(client, each).findLast((each) => each.mode === mode)!
          const about = `${each.exchange}:${each.symbol} ${JSON.stringify(tick)}`
          const required = REQUIRED[mode][isIndex(each) ? 'index' : 'book']
          for (const name of required) assert.ok(Number.isFinite(tick[name]), `${name}: ${about}`)
          for (const name of FORBIDDEN[mode]) assert.ok(!(name in tick), `${name}: ${about}`)
          assert.equal(tick.broker, subject.spec.id)
          assert.ok(String(tick.token).length > 0 && Number(tick.seq) >= 1, about)
          assert.equal('depth' in tick, mode === 'depth', about)
        }
        client.socket.terminate()
        await until('nothing to be asked for', () => pairs(rig) === 0)
      }
      const { unknownTokens, rejects } = rig.feed.counters()
      assert.deepEqual([unknownTokens, rejects], [0, 0])
    },
  },
  {
    id: 'F-02',
    title: "the values are those of the broker's market",
    proves:
      'no price, size, time or book is read from a wrong place, scaled wrongly or of another instrument',
    async run(subject, context) {
      const rig = await sharedRig(subject)
      const sample = sampleOf(rig)
      const client = await openClient(context, rig)
      const startMs = Date.now()
      await subscribe(rig, client, sample, 'depth')
      const settled = sample.map((each) => ticksOf(client, each).length)
      for (let round = 1; round <= ROUNDS; round++) {
        rig.simulator.tickOnce()
        await until(`round ${round}`, () =>
          sample.every((each, at) => ticksOf(client, each).length >= settled[at]! + round),
        )
      }
      for (const each of sample) {
        const ticks = ticksOf(client, each).filter(({ mode }) => mode === 'depth')
        findInMarket(rig.twin, each, ticks.slice(-ROUNDS), subject.spec.feed.depthLevels)
        for (const name of ['ltt', 'exchangeTime']) {
          const time = Number(ticks.at(-1)![name] ?? startMs)
          const isNow = time > startMs - 3 * SECOND_MS && time < Date.now() + 2 * SECOND_MS
          assert.ok(isNow, `${each.symbol} ${name}: ${time}, now ${Date.now()}`)
        }
      }
    },
  },
  {
    id: 'F-03',
    title: 'a book has no more levels than the broker offers, best first',
    proves: 'the top of the book is its first level on both sides, on every tick',
    async run(subject, context) {
      const rig = await sharedRig(subject)
      const shares = pick(rig, 10, isShare)
      const client = await openClient(context, rig)
      await subscribe(rig, client, shares, 'depth')
      for (let round = 0; round < 5; round++) await tickUntil(rig, client, shares)
      for (const share of shares) {
        for (const tick of ticksOf(client, share)) {
          checkBook(share, tick, subject.spec.feed.depthLevels)
        }
      }
    },
  },
  {
    id: 'F-04',
    title: 'an index that is wanted with depth answers with empty sides',
    proves: 'a strategy that asks for depth everywhere gets indices too',
    async run(subject, context) {
      const rig = await sharedRig(subject)
      const indices = pick(rig, 2, isIndex)
      const client = await openClient(context, rig)
      await subscribe(rig, client, indices, 'depth')
      for (const index of indices) {
        for (const tick of ticksOf(client, index)) {
          assert.equal(tick.mode, 'depth')
          assert.deepEqual(tick.depth, { buy: [], sell: [] })
        }
      }
    },
  },
  {
    id: 'F-05',
    title: 'clients go up to a higher mode and down again',
    proves: 'what one client asks for neither delays nor ends what another one gets',
    async run(subject, context) {
      const rig = await sharedRig(subject)
      const shares = pick(rig, 3, isShare)
      const low = await openClient(context, rig)
      const high = await openClient(context, rig)
      await subscribe(rig, low, shares, 'ltp')
      for (let round = 0; round < 2; round++) {
        await subscribe(rig, high, shares, 'depth')
        await tickUntil(rig, low, shares)
        await high.unsubscribe(shares)
        await until('one mode', () => pairs(rig) === shares.length)
        const before = high.tickCount
        await tickUntil(rig, low, shares)
        assert.equal(high.tickCount, before)
      }
      assert.ok(low.items.every((item) => item.type !== undefined || item.mode === 'ltp'))
    },
  },
  {
    id: 'F-06',
    title: 'what is no longer wanted stops',
    proves: 'the broker is told, and no tick comes after',
    async run(subject, context) {
      const rig = await sharedRig(subject)
      const [left, kept] = pick(rig, 2, isShare) as [TwinInstrument, TwinInstrument]
      const client = await openClient(context, rig)
      for (const mode of ['ltp', 'quote', 'depth'] as const) {
        await subscribe(rig, client, [left, kept], mode)
        await client.unsubscribe([left])
        await until('one to be left', () => pairs(rig) === 1)
        const before = ticksOf(client, left).length
        await tickUntil(rig, client, [kept])
        assert.equal(ticksOf(client, left).length, before, mode)
        await client.unsubscribe([kept])
        await until('none to be left', () => pairs(rig) === 0)
      }
    },
  },
]
