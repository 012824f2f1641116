// The engine beside what there is without it: floors that do less than any plant must, and peers that do the same.
import { natsVersion } from '../../peers/nats-server.ts'
import { type Case, type CaseResult, type Pace, rowOf } from '../case.ts'
import { judgeRatio, ratioOf, type Verdict } from '../compare.ts'
import { type Arm, Plant } from '../plant.ts'
import { steady } from '../schedule.ts'
import { findSustained, Reopened, type Sustained } from '../sustained.ts'
import { latencyRatio, takeTurns } from './latency.ts'
import { PACKETS } from './throughput.ts'

type Measured = Omit<CaseResult, 'name' | 'about'>

const PROFILE = 'quote mode, 500 instruments, all names, frames of'
const RATE = 10_000
const PACKETS_OF_LATENCY = 10
const ROUNDS_OF_FLOORS = 3
const NO_NATS =
  'nats-server is not installed (Debian: apt-get install nats-server): no figures for NATS'

const turnsAt = (plant: Plant, arms: readonly Arm[], rounds: number, pace: Pace, rate = RATE) =>
  takeTurns(plant, arms, rounds, (round) => ({
    segments: steady(rate, PACKETS_OF_LATENCY, round === 0 ? pace.warmUpSeconds : pace.seconds),
    packets: PACKETS_OF_LATENCY,
  }))

const floors: Case = {
  name: 'floors-10k',
  about: `10,000 ticks/s, one client: what hops cost without a plant; ${PROFILE} ${PACKETS_OF_LATENCY}`,
  run: (pace) =>
    Plant.with(pace.pins, async (plant): Promise<Measured> => {
      const arms = [
        await plant.directArm('direct, plain socket', 'raw'),
        await plant.directArm('direct ws', 'raw-ws'),
        await plant.tcpArm('raw TCP'),
        await plant.relayArm('bare relay'),
        await plant.engineArm('tickplant', await plant.startEngine(), 'msgpack'),
      ]
      const results = await turnsAt(plant, arms, Math.min(ROUNDS_OF_FLOORS, pace.rounds), pace)
      return { rows: [...results.values()].map((each) => rowOf('10,000/s', each)), verdicts: [] }
    }),
}

const USUAL_P99_RATIO = 0.5
const USUAL_RATE_RATIO = 10

// At the one the usual way has time to spare, at the other it has little: what a desk meets at the opening.
const RATES_OF_PEERS = [
  ['10k', 10_000],
  ['100k', 100_000],
] as const

const peersLatency = ([name, rate]: (typeof RATES_OF_PEERS)[number]): Case => ({
  name: `peers-${name}`,
  about:
    `${rate.toLocaleString('en-US')} ticks/s, one client: kiteconnect, JSON.stringify and ws; NATS; ` +
    `${PROFILE} ${PACKETS_OF_LATENCY}`,
  run: (pace) =>
    Plant.with(pace.pins, async (plant): Promise<Measured> => {
      const one = await plant.usualArm('the usual way')
      const packed = await plant.engineArm('tickplant', await plant.startEngine(), 'msgpack')
      const json = await plant.engineArm('tickplant JSON', await plant.startEngine(), 'json')
      const other = await plant.usualArm('the usual way, again')
      const arms = [one, packed, json, other]
      if (natsVersion() !== null) arms.push(await plant.natsArm('NATS'))
      const results = await turnsAt(plant, arms, pace.rounds, pace, rate)
      const equals = [results.get(one)!, results.get(other)!] as const
      const verdicts: Verdict[] = [packed, json].flatMap((arm) =>
        (['p50', 'p99'] as const).map((figure) => {
          const what = `${figure} of ${arm.name} to that of the usual way`
          const ratio = latencyRatio(results.get(arm)!, equals, figure)
          return judgeRatio(what, ratio, 'at most', figure === 'p99' ? USUAL_P99_RATIO : null)
        }),
      )
      return {
        rows: [...results.values()].map((each) => rowOf(`${rate.toLocaleString('en-US')}/s`, each)),
        verdicts,
        notes: natsVersion() === null ? [NO_NATS] : [natsVersion()!],
      }
    }),
})

/** An arm whose highest rate is looked for in every round, from about where it was the time before. */
interface Runner {
  readonly arm: Reopened
  from: number
  readonly found: Sustained[]
}

const FROM_AGAIN = 0.7
const RATE_MAX = 8_000_000
const ROUND_SECONDS_MAX = 0.4

async function runnersOf(plant: Plant): Promise<Runner[]> {
  const engine = await plant.startEngine()
  const opens: [number, () => Promise<Arm>][] = [
    [20_000, () => plant.usualArm('the usual way')],
    [500_000, () => plant.engineArm('tickplant', engine, 'msgpack')],
    [20_000, () => plant.usualArm('the usual way, again')],
    [200_000, () => plant.engineArm('tickplant JSON', jsonEngine, 'json')],
  ]
  const jsonEngine = await plant.startEngine()
  if (natsVersion() !== null) opens.push([20_000, () => plant.natsArm('NATS')])
  const runners: Runner[] = []
  for (const [from, open] of opens) {
    runners.push({ arm: await Reopened.first(open), from, found: [] })
  }
  return runners
}

const peersThroughput: Case = {
  name: 'peers-throughput',
  about: `the most that one client gets whole: kiteconnect, JSON.stringify and ws; NATS; ${PROFILE} ${PACKETS}`,
  run: (pace) =>
    Plant.with(pace.pins, async (plant): Promise<Measured> => {
      const runners = await runnersOf(plant)
      const { narrowings } = pace
      for (let round = 0; round < pace.searches; round++) {
        for (const runner of round % 2 === 0 ? runners : runners.toReversed()) {
          const seconds = Math.min(ROUND_SECONDS_MAX, pace.rateSeconds)
          const wish = { packets: PACKETS, from: runner.from, seconds, narrowings, to: RATE_MAX }
          const found = await findSustained(plant, runner.arm, wish)
          runner.found.push(found)
          runner.from = Math.max(1000, found.ticksPerSecond * FROM_AGAIN)
        }
      }
      return {
        rows: runners.map(({ found }) =>
          rowOf(
            'held',
            found.map(({ held }) => held),
          ),
        ),
        verdicts: [1, 3].map((place) => rateVerdict(runners, place)),
        points: runners.flatMap(({ found }) => found[0]!.points),
        notes: natsVersion() === null ? [NO_NATS] : [natsVersion()!],
      }
    }),
}

function rateVerdict(runners: readonly Runner[], place: number): Verdict {
  const rate = (runner: Runner, round: number) => Math.max(1, runner.found[round]!.ticksPerSecond)
  const subject = runners[place]!
  const ratio = ratioOf(
    subject.found.map((_, round) => ({
      subject: rate(subject, round),
      equals: [rate(runners[0]!, round), rate(runners[2]!, round)],
    })),
  )
  const what = `rate of ${subject.found[0]!.held.arm} to that of the usual way`
  return judgeRatio(what, ratio, 'at least', USUAL_RATE_RATIO)
}

export const otherCases: readonly Case[] = [
  floors,
  ...RATES_OF_PEERS.map(peersLatency),
  peersThroughput,
]
