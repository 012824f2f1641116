// What a user can set, each setting on a plant of its own, in rounds: wait strategies, and what docs/tuning.md tells.
import { type Case, type CaseResult, type Pace, type Row, rowOf } from '../case.ts'
import type { RunResult } from '../measure.ts'
import { Plant } from '../plant.ts'
import type { Pins } from '../processes.ts'
import { type Load, loadText, measureArms, PROFILE, ROUNDS_MAX } from './loads.ts'

type Measured = Omit<CaseResult, 'name' | 'about'>

interface Setting {
  readonly name: string
  readonly keys?: Readonly<Record<string, string>>
  readonly nodeFlags?: readonly string[]
  readonly pins?: Pins
}

const WARM_UP_SECONDS_MAX = 1

/** An engine that spins, or is pinned, would take from the others: each setting has the machine to itself. */
function measureOnce(setting: Setting, load: Load, pace: Pace): Promise<RunResult[]> {
  return Plant.with(setting.pins ?? pace.pins, async (plant) => {
    const engine = await plant.startEngine(setting.keys, setting.nodeFlags)
    const arm = await plant.engineArm(setting.name, engine, 'msgpack')
    const warmUpSeconds = Math.min(WARM_UP_SECONDS_MAX, pace.warmUpSeconds)
    const once = { ...pace, rounds: 1, warmUpSeconds }
    const [results] = await measureArms(plant, [arm], load, once)
    return results!
  })
}

async function compare(settings: readonly Setting[], loads: readonly Load[], pace: Pace) {
  const rows: Row[] = []
  for (const load of loads) {
    const results = new Map<Setting, RunResult[]>(settings.map((each) => [each, []]))
    for (let round = 0; round < Math.min(ROUNDS_MAX, pace.rounds); round++) {
      for (const setting of round % 2 === 0 ? settings : settings.toReversed()) {
        results.get(setting)!.push(...(await measureOnce(setting, load, pace)))
      }
    }
    rows.push(...[...results.values()].map((each) => rowOf(loadText(load), each)))
  }
  return { rows, verdicts: [] } satisfies Measured
}

const USUAL: Load = { ticksPerSecond: 10_000, packets: 10 }
const SPARSE: Load = { ticksPerSecond: 1000, packets: 1 }
const BUSY: Load = { ticksPerSecond: 50_000, packets: 10 }
const HEAVY: Load = { ticksPerSecond: 200_000, packets: 10 }

const STRATEGIES: readonly Setting[] = ['adaptive', 'park', 'spin'].map((name) => ({
  name,
  keys: { TICKPLANT_ENGINE_WAIT: name },
}))

const wait: Case = {
  name: 'wait',
  about: `engine.wait: adaptive, park, spin; one msgpack client; ${PROFILE}`,
  run: (pace) => compare(STRATEGIES, [USUAL, SPARSE, BUSY].slice(0, pace.rounds), pace),
}

const SETTINGS: readonly Setting[] = [
  { name: 'as installed' },
  { name: 'engine on core 0, the rest on 1', pins: { engine: '0', generator: '1', client: '1' } },
  { name: 'client on core 1, the rest on 0', pins: { engine: '0', generator: '0', client: '1' } },
  { name: '--max-semi-space-size=64', nodeFlags: ['--max-semi-space-size=64'] },
  { name: 'drain_us_max = 200', keys: { TICKPLANT_ENGINE_DRAIN_US_MAX: '200' } },
  { name: 'zeromq.enabled = false', keys: { TICKPLANT_ZEROMQ_ENABLED: 'false' } },
]

const tuning: Case = {
  name: 'tuning',
  isExtra: true,
  about: `what one may set on the machine and in the engine; one msgpack client; ${PROFILE}`,
  run: (pace) => compare(SETTINGS, [USUAL, HEAVY], pace),
}

export const tuningCases: readonly Case[] = [wait, tuning]
