// Cards F that look at one connection of the broker by itself, on the real socket but with a clock of their own.
import assert from 'node:assert/strict'
import type { Mode } from '../../codecs/tick.ts'
import { until } from '../support/plant.ts'
import { type Broker, openClient, pairs, sharedRig, startBroker, syncBroker } from './bench.ts'
import type { Card } from './card.ts'
import { DrivenLine } from './line.ts'

type Wanted = Parameters<DrivenLine['want']>[0][number]

/** The instruments of the broker as a connection is told of them, those of `suits` only. */
export async function wantsOf(
  context: Parameters<typeof syncBroker>[0],
  broker: Broker,
  suits: (row: Awaited<ReturnType<typeof syncBroker>>['rows'][number]) => boolean,
): Promise<(mode: Mode | 0) => Wanted[]> {
  const { rows, tokens } = await syncBroker(context, broker)
  const numbers = rows.filter(suits).map(({ instrument }) => instrument)
  return (mode) =>
    numbers.map((instrument) => ({
      instrument,
      segment: tokens.segmentOf(instrument),
      token: tokens.tokenOf(instrument)!,
      mode,
    }))
}

const isShare = ({ instrumentType }: { instrumentType: string }) => instrumentType === 'EQ'

/** Ticks until the latest tick of each has a mode that `suits`. */
async function tickUntil(
  { simulator }: Broker,
  line: DrivenLine,
  wants: readonly Wanted[],
  suits: (mode: string) => boolean,
): Promise<void> {
  await until('the ticks', () => {
    assert.equal(line.ended, null)
    simulator.tickOnce()
    return wants.every((want) => suits(line.last(want)?.mode ?? ''))
  })
}

export const CARDS: readonly Card[] = [
  {
    id: 'F-11',
    title: 'what is not wanted is not delivered',
    proves: 'late and stray frames reach no client',
    async run(subject, context) {
      // A second broker of the same market sends the frames that the engine never asked for.
      const other = await startBroker(context, subject)
      const shares = (await wantsOf(context, other, isShare))(3).slice(0, 3)
      const [stray] = shares as [Wanted]
      const line = await DrivenLine.open(context, other)
      line.want([stray])
      await tickUntil(other, line, [stray], (mode) => mode === 'depth')

      const rig = await sharedRig(subject)
      const { catalogue, tokens } = rig.feed
      const numbers = Array.from({ length: catalogue.size }, (_, number) => number)
      const numberOf = ({ token, segment }: Wanted) =>
        numbers.find(
          (each) => tokens.tokenOf(each) === token && tokens.segmentOf(each) === segment,
        )!
      const nameOf = (want: Wanted) => {
        const number = numberOf(want)
        return { exchange: catalogue.exchangeOf(number), symbol: catalogue.symbolOf(number) }
      }
      const client = await openClient(context, rig)
      const names = shares.slice(1).map(nameOf)
      await client.subscribe(names, 'Depth')
      await until('the others', () => pairs(rig) === names.length)
      for (const frame of line.tickFrames) rig.simulator.sendRaw(frame)
      const ticksOf = (symbol: string) => client.items.filter((item) => item.symbol === symbol)
      await until('ticks of the others', () => {
        rig.simulator.tickOnce()
        return names.every(({ symbol }) => ticksOf(symbol).length > 3)
      })
      assert.equal(ticksOf(nameOf(stray).symbol).length, 0)
      assert.equal(rig.feed.counters().disconnects, 0)
    },
  },
  {
    id: 'F-12',
    title: 'a quiet market does not look like a dead socket',
    proves: 'within the silence that is allowed the broker says something or is made to',
    async run(subject, context) {
      const { silenceMsMax } = subject.spec.feed
      const broker = await startBroker(context, subject)
      const shares = (await wantsOf(context, broker, isShare))(1).slice(0, 1)
      const line = await DrivenLine.open(context, broker)
      line.want(shares)
      await until('the answer', () => line.last(shares[0]!))
      for (let round = 0; round < 2; round++) {
        const before = line.lifeSigns
        // Half of it is left for the answer to come.
        line.putForward(Math.floor(silenceMsMax / 2))
        await until('a sign of life', () => line.lifeSigns > before, Math.min(silenceMsMax, 4000))
      }
      assert.equal(line.ended, null)
    },
  },
  {
    id: 'F-13',
    title: 'the broker is asked for the mode that is wanted now',
    proves: 'a connection goes up and down between all modes and asks anew where nothing answered',
    async run(subject, context) {
      const broker = await startBroker(context, subject)
      const wants = await wantsOf(context, broker, isShare)
      const line = await DrivenLine.open(context, broker)
      const few = (mode: Mode | 0) => wants(mode).slice(0, 3)
      const isAtLeast = (mode: Mode) => (name: string) =>
        ['', 'ltp', 'quote', 'depth'].indexOf(name) >= mode
      for (const mode of [1, 3, 2, 3, 1, 2, 1] as const) {
        line.want(few(mode))
        await tickUntil(broker, line, few(mode), (name) => {
          return isAtLeast(mode)(name) && (mode === 3 || name !== 'depth')
        })
        assert.equal(pairs(broker), 3)
      }
      // The same mode again: nothing answered, as far as the engine knows.
      const before = line.ticks.length
      line.want(few(1))
      await until('the answers', () => line.ticks.length >= before + 3)
      line.want(few(0))
      await until('nothing to be subscribed', () => pairs(broker) === 0)
      assert.deepEqual([line.ended, line.notices, line.rejects], [null, [], []])
    },
  },
]
