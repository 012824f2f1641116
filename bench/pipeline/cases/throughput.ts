// The most that one output sustains without loss, in frames of 50 from the broker.
import type { Case, Pace } from '../case.ts'
import { rowOf } from '../case.ts'
import { judgeFigure, type Verdict } from '../compare.ts'
import { type Arm, Plant } from '../plant.ts'
import { findSustained, Reopened } from '../sustained.ts'

export const PACKETS = 50

interface Output {
  readonly name: string
  readonly about: string
  readonly receivers: number
  readonly from: number
  open(plant: Plant): Promise<() => Promise<Arm>>
  verdicts(deliveriesPerSecond: number): Verdict[]
}

/** Opens the clients of one engine, as often as they are closed. */
export function ofEngine(
  kind: Parameters<Plant['engineArm']>[2],
  receivers: number,
  keys: Readonly<Record<string, string>> = {},
) {
  return async (plant: Plant): Promise<() => Promise<Arm>> => {
    const engine = await plant.startEngine(keys)
    return () => plant.engineArm(`tickplant ${kind}`, engine, kind, receivers)
  }
}

const TICKS = 'ticks/s'
const OUTPUTS: readonly Output[] = [
  {
    name: 'msgpack-throughput',
    about: 'one msgpack client',
    receivers: 1,
    from: 400_000,
    open: ofEngine('msgpack', 1),
    verdicts: (rate) => [judgeFigure('to one msgpack client', rate, TICKS, 'at least', 1_000_000)],
  },
  {
    name: 'json-throughput',
    about: 'one OpenAlgo JSON client',
    receivers: 1,
    from: 100_000,
    open: ofEngine('json', 1),
    verdicts: (rate) => [
      judgeFigure('to one OpenAlgo JSON client', rate, TICKS, 'at least', 200_000),
      judgeFigure('to one OpenAlgo JSON client, stretch', rate, TICKS, 'at least', 400_000),
    ],
  },
  {
    name: 'zmq-batches-throughput',
    about: 'one ZeroMQ subscriber to batches',
    receivers: 1,
    from: 400_000,
    open: ofEngine('zmq-batches', 1),
    verdicts: (rate) => [judgeFigure('to ZeroMQ batches', rate, TICKS, 'at least', 1_000_000)],
  },
  {
    name: 'zmq-topics-throughput',
    about: 'one ZeroMQ subscriber to a topic for each instrument',
    receivers: 1,
    from: 50_000,
    open: ofEngine('zmq-topics', 1),
    verdicts: (rate) => [judgeFigure('to ZeroMQ topics', rate, TICKS)],
  },
  {
    name: 'fanout-throughput',
    about: '100 msgpack clients; a delivery is one tick to one client',
    receivers: 100,
    from: 4000,
    open: ofEngine('msgpack', 100),
    verdicts: (rate) => [
      judgeFigure('to 100 msgpack clients', rate * 100, 'deliveries/s', 'at least', 1_000_000),
    ],
  },
  {
    name: 'relay-throughput',
    about: 'the bare relay and one client, which gets the broker’s own frames',
    receivers: 1,
    from: 800_000,
    open: async (plant) => () => plant.relayArm('bare relay'),
    verdicts: (rate) => [judgeFigure('through the bare relay', rate, TICKS)],
  },
]
const RATE_MAX = 20_000_000

function throughputCase({ name, about, receivers, from, open, verdicts }: Output): Case {
  return {
    name,
    about: `${about}; quote mode, 500 instruments, all names, frames of ${PACKETS}; every seq checked, 1 in 64 decoded`,
    run: ({ rateSeconds, narrowings, pins }: Pace) =>
      Plant.with(pins, async (plant) => {
        const to = RATE_MAX / receivers
        const wish = { packets: PACKETS, from, seconds: rateSeconds, narrowings, to }
        const arm = await Reopened.first(await open(plant))
        const found = await findSustained(plant, arm, wish)
        return {
          rows: [rowOf('held', [found.held])],
          verdicts: verdicts(found.ticksPerSecond),
          points: found.points,
        }
      }),
  }
}

export const throughputCases: readonly Case[] = OUTPUTS.map(throughputCase)
