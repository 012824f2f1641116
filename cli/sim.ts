import { once } from 'node:events'
import { SIMULATORS } from '../sim/registry.ts'
import type { Simulator, SimulatorOptions } from '../sim/simulator.ts'
import { BAD_USAGE, CliError, defineCommand, FAILED, OK, oneOf, wholeNumber } from './command.ts'

const SEED_MAX = 0xffff_ffff
const RATE_MAX = 10_000_000
const INSTRUMENTS_MAX = 10_000_000

async function startSimulator(broker: string, options: SimulatorOptions): Promise<Simulator> {
  const { start } = await SIMULATORS[broker]!()
  return start(options).catch((error: NodeJS.ErrnoException) => {
    // The simulator knows its own limits, and names the option.
    if (error instanceof RangeError) throw new CliError(BAD_USAGE, `--${error.message}`)
    if (error.code !== 'EADDRINUSE') throw error
    throw new CliError(FAILED, `port ${options.port} is in use; choose another one with --port`)
  })
}

/** What an engine needs to connect, for people to paste and for programs to parse. */
function connectionLines(broker: string, simulator: Simulator, asJson: boolean): string[] {
  const { port, restUrl, feedUrl, credentials } = simulator
  if (asJson) return [JSON.stringify({ port, restUrl, feedUrl, credentials })]
  return [
    `A simulated ${broker} listens on port ${port} until Ctrl-C. An engine connects to it with:`,
    '',
    `[brokers.${broker}]`,
    `rest = "${restUrl}"`,
    `feed = "${feedUrl}"`,
    `login = "${new URL(restUrl).origin}"`,
    ...Object.entries(credentials).map(([name, value]) => `${name} = "${value}"`),
  ]
}

export const command = defineCommand({
  usage: ['--broker ID [--port N] [--seed N] [--rate N] [--instruments N] [--no-limits] [--json]'],
  options: {
    broker: {
      type: 'string',
      value: 'ID',
      help: `The broker to simulate: ${Object.keys(SIMULATORS).join(', ')}.`,
    },
    port: {
      type: 'string',
      value: 'N',
      help: 'TCP port on loopback; 0, the default, takes a free one.',
    },
    seed: {
      type: 'string',
      value: 'N',
      help: 'The same seed gives the same market; 1 when absent.',
    },
    rate: {
      type: 'string',
      value: 'N',
      help: 'Ticks a second over all instruments; 1000 when absent.',
    },
    instruments: {
      type: 'string',
      value: 'N',
      help: 'How many instruments there are; 5000 when absent.',
    },
    'no-limits': {
      type: 'boolean',
      help: 'Take any number of calls, where the simulator counts them as its broker does.',
    },
    json: { type: 'boolean', help: 'Print the port, URLs and credentials as one line of JSON.' },
    'exit-with-stdin': {
      type: 'boolean',
      help: 'End when stdin is closed, as when the parent ends.',
    },
  },
  async run({ values }) {
    const broker = oneOf('--broker', values.broker, Object.keys(SIMULATORS))
    const simulator = await startSimulator(broker, {
      port: wholeNumber('--port', values.port, { min: 0, max: 65_535, fallback: 0 }),
      seed: wholeNumber('--seed', values.seed, { min: 0, max: SEED_MAX, fallback: 1 }),
      ratePerSecond: wholeNumber('--rate', values.rate, { min: 0, max: RATE_MAX, fallback: 1000 }),
      instruments: wholeNumber('--instruments', values.instruments, {
        min: 1,
        max: INSTRUMENTS_MAX,
        fallback: 5000,
      }),
      ...(values['no-limits'] && { limits: false }),
    })
    const ends = [once(process, 'SIGINT'), once(process, 'SIGTERM')]
    if (values['exit-with-stdin']) ends.push(once(process.stdin.resume(), 'close'))
    process.stdout.write(`${connectionLines(broker, simulator, values.json === true).join('\n')}\n`)
    await Promise.race(ends)
    process.stdin.destroy()
    await simulator.close()
    return OK
  },
})
