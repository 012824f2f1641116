// `start --demo`: a simulated broker in a process of its own, and a configuration that signs in to it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { BrokerSpec } from '../adapters/broker.ts'
import { loadBroker } from '../adapters/registry.ts'
import { MODE_DEPTH } from '../codecs/tick.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { BrokerConfig } from '../config/schema.ts'
import { callHttp } from '../engine/auth/http.ts'
import type { Engine } from '../engine/main.ts'
import { storeFolderOf } from '../engine/prepare.ts'
import { SIMULATORS } from '../sim/registry.ts'
import { CliError, FAILED, type OptionTable, oneOf, wholeNumber } from './command.ts'
import { configFor } from './config-options.ts'
import { findEngine } from './running-engine.ts'

const WATCHED = 500

export const DEMO_OPTIONS = {
  demo: { type: 'boolean', help: 'Run against a simulated broker; needs no account.' },
  brokers: {
    type: 'string',
    value: 'IDS',
    help: 'Simulated brokers of the demo, the preferred one first, with commas; zerodha when absent.',
  },
  'demo-instruments': {
    type: 'string',
    value: 'N',
    help: 'Instruments that each simulated broker lists; 5000 when absent.',
  },
  'demo-rate': {
    type: 'string',
    value: 'N',
    help: 'Ticks a second of each simulated broker; 1000 when absent.',
  },
} as const satisfies OptionTable

const simulatorSchema = z.object({
  restUrl: z.string(),
  feedUrl: z.string(),
  credentials: z.record(z.string(), z.string()),
})
type SimulatorInfo = z.infer<typeof simulatorSchema>

export interface Demo {
  readonly loaded: LoadedConfig
  /** Holds the first instruments of each broker, so that ticks flow before anyone asks. */
  watch(engine: Engine): void
  /** What to tell the person who started it. */
  welcome(engine: Engine): string
  stop(): Promise<void>
}

/** Starts the simulated brokers and signs in to their pages, as a person would. */
export async function prepareDemo(values: Readonly<Record<string, unknown>>): Promise<Demo> {
  const plain = configFor(values)
  const instruments = wholeNumber('--demo-instruments', values['demo-instruments'] as string, {
    // Fewer would lack indices without which a list is refused.
    min: 10,
    max: 300_000,
    fallback: 5000,
  })
  const rate = wholeNumber('--demo-rate', values['demo-rate'] as string, {
    min: 1,
    max: 1_000_000,
    fallback: 1000,
  })
  const ids = ((values.brokers as string | undefined) ?? 'zerodha').split(',')
  for (const id of ids) oneOf('--brokers', id, Object.keys(SIMULATORS))
  const children: ChildProcess[] = []
  const stop = async () => {
    await Promise.all(children.map(endChild))
  }
  try {
    const brokers = await Promise.all(
      ids.map(async (id) => {
        const child = spawnSimulator(id, instruments, rate)
        children.push(child)
        return [id, await brokerConfig(id, await infoOf(child, id))] as const
      }),
    )
    const loaded = demoConfig(plain, values, Object.fromEntries(brokers))
    await forgetMarket(loaded.config.data_dir)
    return { loaded, watch, welcome, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The market of another demo may have been larger, and a list that lost most of its rows is refused. */
async function forgetMarket(dataDir: string): Promise<void> {
  if ((await findEngine(dataDir)) !== null) return
  // Its sessions are as old.
  await rm(join(dataDir, 'vault'), { force: true })
  await rm(storeFolderOf(dataDir), { recursive: true, force: true })
}

function spawnSimulator(broker: string, instruments: number, rate: number) {
  const main = process.argv[1]!
  const options = { broker, port: 0, seed: 1, instruments, rate }
  const words = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  return spawn(process.execPath, [main, 'sim', ...words, '--json', '--exit-with-stdin'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // A Ctrl-C in the terminal goes to the engine, which then ends its simulator.
    detached: true,
  })
}

/** What a simulator tells when it listens. */
async function infoOf(child: ReturnType<typeof spawnSimulator>, broker: string) {
  const lines = createInterface({ input: child.stdout })
  const first = await Promise.race([once(lines, 'line'), once(child, 'exit')])
  lines.close()
  if (typeof first[0] !== 'string' || child.exitCode !== null) {
    throw new CliError(FAILED, `the simulated ${broker} did not start`)
  }
  return simulatorSchema.parse(JSON.parse(first[0]))
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.stdin?.end()
  child.kill('SIGTERM')
  await ended
}

/** What a person would configure who has just signed in on the broker's page. */
async function signInOnPage({ signIn, hosts }: BrokerSpec, info: SimulatorInfo) {
  const { access_token: _, ...credentials } = info.credentials
  if (signIn.page === undefined) return info.credentials
  const { url, yields } = signIn.page
  const page = { ...hosts, rest: info.restUrl, login: new URL(info.restUrl).origin }
  const reply = await callHttp({ method: 'GET', url: url(page, credentials) })
  const redirect = new URL(reply.headers.location ?? '/', info.restUrl)
  const found = redirect.searchParams.get(yields)
  if (found !== null) return { ...credentials, [yields]: found }
  throw new CliError(FAILED, `the simulated broker's sign-in page answered HTTP ${reply.status}`)
}

async function brokerConfig(id: string, info: SimulatorInfo): Promise<BrokerConfig> {
  const credentials = await signInOnPage(await loadBroker(id), info)
  const { restUrl: rest, feedUrl: feed } = info
  const login = new URL(rest).origin
  // A simulated broker has no list of addresses.
  return { enabled: true, rest, feed, login, credentials, static_ip_acknowledged: true }
}

function demoConfig(
  plain: LoadedConfig,
  values: Readonly<Record<string, unknown>>,
  brokers: Readonly<Record<string, BrokerConfig>>,
): LoadedConfig {
  const config = {
    ...plain.config,
    // The demo's market must not mix with the instruments of a real one.
    data_dir: join(plain.config.data_dir, 'demo'),
    log: { level: values['log-level'] === undefined ? ('warn' as const) : plain.config.log.level },
    brokers,
  }
  return { ...plain, config }
}

function watch(engine: Engine): void {
  for (const { catalogue, tokens, router } of engine.feeds) {
    let watched = 0
    for (let instrument = 0; instrument < catalogue.size && watched < WATCHED; instrument++) {
      if (!tokens.has(instrument)) continue
      router.keep(instrument, MODE_DEPTH)
      watched += 1
    }
  }
}

function welcome(engine: Engine): string {
  return [
    `Simulated and streaming: ${engine.feeds.map(({ id }) => id).join(', ')}. API key for this run: ${engine.localKey}`,
    'In a second terminal, type:',
    '',
    '  npx tickplant tail NSE:RELIANCE',
    '',
    'Ctrl-C stops everything.',
    '',
    '',
  ].join('\n')
}
