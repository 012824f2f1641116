// An engine of the pipeline bench: a process as a user starts it, on a folder of its own.
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { listInstruments, openStore } from '../../engine/symbols/store.ts'
import { masterCsv, tokens } from './market.ts'
import type { Instrument } from './walkers.ts'

/** An engine that prints this often has started, or will not. */
const OUTPUTS_TO_START = 1000

const MAIN = new URL('../../cli/main.js', import.meta.url).pathname

/** The variables that the first line of the command sets: flags for node leave no place for that line. */
function commandEnvironment(): Record<string, string> {
  const [first] = readFileSync(MAIN, 'utf8').split('\n', 1)
  return Object.fromEntries(
    Array.from(first!.matchAll(/(\w+)=(\S+)/g), ([, name, value]) => [name, value]),
  )
}

/** What an engine leaves in its data folder for commands of the same machine. */
interface EngineWord {
  readonly websocket: { readonly port: number }
  readonly http: { readonly port: number }
  /** Null where it is turned off. */
  readonly zeromq: {
    readonly ticks: readonly string[]
    readonly batches: readonly string[]
  } | null
  readonly apiKey: string
}

/** What the engine's admin API tells, as far as the bench looks at it. */
export interface EngineStatus {
  readonly feeds: readonly {
    readonly ticks: number
    readonly rejects: number
    readonly ring: { readonly lost: number }
  }[]
  readonly clients: { readonly closedSlow: number }
}

/** What an engine tells that keeps where the time of ticks goes; pairs of µs since the socket and ticks. */
export interface EngineStages {
  readonly clockUs: number
  readonly stages: Readonly<Record<string, readonly (readonly [number, number])[]>>
}

export interface Engine {
  readonly process: ChildProcess
  readonly word: EngineWord
  /** Its connection at the generator. */
  readonly path: string
  /** It keeps where the time of ticks goes. */
  readonly isTimed: boolean
  readonly instruments: readonly Instrument[]
  admin<Answer>(path: string, method?: 'GET' | 'POST'): Promise<Answer>
  /** What it has printed so far. */
  readonly output: string[]
}

type EngineProcess = ChildProcessByStdio<null, Readable, null>

export interface EngineStart {
  /** For its data. */
  readonly folder: string
  /** Of its broker. */
  readonly feedUrl: string
  /** Configuration keys beside what names its broker. */
  readonly keys: Readonly<Record<string, string>>
  readonly nodeFlags: readonly string[]
}

/** Starts an engine; `engineOf` tells when it has. */
export function spawnEngine({ folder, feedUrl, keys, nodeFlags }: EngineStart): EngineProcess {
  writeFileSync(join(folder, 'instruments.csv'), masterCsv())
  return spawn(process.execPath, [...nodeFlags, MAIN, 'start'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: folder,
    env: {
      ...process.env,
      ...commandEnvironment(),
      TICKPLANT_DATA_DIR: folder,
      TICKPLANT_LOG_LEVEL: 'error',
      TICKPLANT_WEBSOCKET_PORT: '0',
      TICKPLANT_HTTP_PORT: '0',
      TICKPLANT_ZEROMQ_PORT: '0',
      TICKPLANT_ZEROMQ_BATCH_PORT: '0',
      TICKPLANT_BROKERS_ZERODHA_MASTER_FILE: join(folder, 'instruments.csv'),
      TICKPLANT_BROKERS_ZERODHA_FEED: feedUrl,
      TICKPLANT_BROKERS_ZERODHA_API_KEY: 'bench',
      TICKPLANT_BROKERS_ZERODHA_ACCESS_TOKEN: 'bench',
      ...keys,
    },
  })
}

/** Waits until an engine listens, and reads what it left for others. */
export async function engineOf(
  child: EngineProcess,
  { folder, keys }: EngineStart,
): Promise<Omit<Engine, 'path'>> {
  const output: string[] = []
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (part: Buffer) => {
      output.push(part.toString())
      if (output.length < OUTPUTS_TO_START && output.join('').includes('Listening')) resolve()
    })
    child.once('exit', () => reject(new Error('the engine did not start')))
  })
  const word = JSON.parse(readFileSync(join(folder, 'engine.json'), 'utf8')) as EngineWord
  const instruments = await storedInstruments(folder)
  const admin = async <Answer>(where: string, method = 'GET') => {
    const url = `http://127.0.0.1:${word.http.port}/admin/${where}`
    const headers = { authorization: `Bearer ${word.apiKey}` }
    return (await (await fetch(url, { method, headers })).json()) as Answer
  }
  const isTimed = keys.TICKPLANT_ENGINE_STAGES === 'true'
  return { process: child, word, isTimed, instruments, admin, output }
}

/** The bench's instruments under the engine's names. */
async function storedInstruments(folder: string): Promise<Instrument[]> {
  const store = openStore(join(folder, 'store'))
  const wanted = new Map(tokens.map((token, place) => [token, place]))
  const found: Instrument[] = []
  for (const { exchange, symbol, token } of listInstruments(store, 'zerodha')) {
    const place = wanted.get(Number(token))
    if (place !== undefined) found[place] = { exchange, symbol, token: Number(token) }
  }
  await store.root.close()
  return found
}
