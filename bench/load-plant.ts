// The parts that load benches share: a simulated broker, the engine and its clients, each in a process of its own.
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { listInstruments, openStore } from '../engine/symbols/store.ts'
import type { ClientStart } from './load-client.ts'

export const say = (text: string) => process.stdout.write(`${text}\n`)
const here = (name: string) => new URL(name, import.meta.url).pathname

/** Sends a request to a forked child process and resolves with its answer. */
export async function ask<Answer>(child: ChildProcess, request: object): Promise<Answer> {
  const over = new AbortController()
  const { signal } = over
  const answered = once(child, 'message', { signal })
  child.send(request)
  const ended = once(child, 'exit', { signal }).then(() => {
    const asked = JSON.stringify(request).slice(0, 200)
    throw new Error(`a child process ended while it was asked for ${asked}`)
  })
  // Who waits no longer must not keep listening: a child is asked many times.
  for (const each of [answered, ended]) each.catch(() => {})
  const [answer] = await Promise.race([answered, ended]).finally(() => over.abort())
  return answer as Answer
}

export interface SimulatorReady {
  restUrl: string
  feedUrl: string
  apiKey: string
  accessToken: string
}

/** What the engine leaves in its data folder for commands on the same machine. */
export interface EngineWord {
  websocket: { port: number }
  http: { port: number }
  apiKey: string
}

type Environment = Readonly<Record<string, string>>

async function startEngine(simulator: SimulatorReady, dataDir: string, own: Environment) {
  const engine = spawn(here('../cli/main.js'), ['start'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: dataDir,
    env: {
      ...process.env,
      TICKPLANT_DATA_DIR: dataDir,
      TICKPLANT_LOG_LEVEL: 'warn',
      TICKPLANT_WEBSOCKET_PORT: '0',
      TICKPLANT_HTTP_PORT: '0',
      TICKPLANT_ZEROMQ_PORT: '0',
      TICKPLANT_ZEROMQ_BATCH_PORT: '0',
      // A bench that was held up asks for what it missed at once.
      TICKPLANT_REST_API_RATE_LIMIT: '1000 per second',
      TICKPLANT_WEBSOCKET_QUEUE_BYTES_MAX: String(256 * 1024 * 1024),
      TICKPLANT_BROKERS_ZERODHA_REST: simulator.restUrl,
      TICKPLANT_BROKERS_ZERODHA_FEED: simulator.feedUrl,
      TICKPLANT_BROKERS_ZERODHA_API_KEY: simulator.apiKey,
      TICKPLANT_BROKERS_ZERODHA_ACCESS_TOKEN: simulator.accessToken,
      ...own,
    },
  })
  // The engine prints a line every few seconds, with the latency since the line before.
  const lines: string[] = []
  engine.stdout.on('data', (part: Buffer) => lines.push(...part.toString().trim().split('\n')))
  await once(engine.stdout, 'data')
  const word = JSON.parse(readFileSync(join(dataDir, 'engine.json'), 'utf8')) as EngineWord
  return { engine, word, lines }
}

export interface Plant {
  readonly simulator: ChildProcess
  readonly ready: SimulatorReady
  readonly word: EngineWord
  /** What the engine has printed so far. */
  readonly lines: readonly string[]
  /** All instruments, in the order in which clients of the first so many take them. */
  readonly symbols: ClientStart['symbols']
  /** A client of so many instruments, named as it is asked for: `msgpack`, or `msgpack:50` for the first 50. */
  addClient(client: Pick<ClientStart, 'name' | 'mode' | 'isTimed'>): Promise<ChildProcess>
  /** Ends all processes and removes the data folder. */
  close(): Promise<void>
}

async function endAll(children: ChildProcess[]): Promise<void> {
  for (const child of children.reverse()) {
    if (child.exitCode !== null) continue
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
}

async function storedSymbols(dataDir: string): Promise<ClientStart['symbols']> {
  const store = openStore(join(dataDir, 'store'))
  const symbols = [...listInstruments(store, 'zerodha')].map(({ exchange, symbol, token }) => {
    return { exchange, symbol, token }
  })
  await store.root.close()
  return symbols
}

/**
 * Lets a process run only where a processor would idle: what stands for another machine must not take time from the
 * engine under test.
 */
export function giveWay(pid: number): void {
  const { status } = spawnSync('chrt', ['--idle', '--all-tasks', '--pid', '0', String(pid)])
  if (status !== 0)
    throw new Error('chrt, of the package util-linux, could not put a process into class IDLE')
}

/**
 * Starts a broker that is silent until it is asked to `resume`, and an engine on it, configured by `own` besides.
 * With `isRestApart` another process answers the calls, and gives way.
 */
export async function startPlant(
  { isRestApart = false, ...market }: { rate: number; instruments: number; isRestApart?: boolean },
  own: Environment = {},
): Promise<Plant> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tickplant-load-'))
  const children: ChildProcess[] = []
  const close = async () => {
    await endAll(children)
    rmSync(dataDir, { recursive: true, force: true })
  }
  try {
    const simulator = fork(here('./load-sim.js'))
    children.push(simulator)
    const ready = await ask<SimulatorReady>(simulator, { do: 'start', ...market })
    if (isRestApart) {
      const rest = fork(here('./load-sim.js'))
      children.push(rest)
      ready.restUrl = (await ask<SimulatorReady>(rest, { do: 'start', ...market, rate: 0 })).restUrl
      giveWay(rest.pid!)
    }
    const { engine, word, lines } = await startEngine(ready, dataDir, own)
    children.push(engine)
    const symbols = await storedSymbols(dataDir)
    const url = `ws://127.0.0.1:${word.websocket.port}`
    return {
      simulator,
      ready,
      word,
      lines,
      symbols,
      async addClient(wanted) {
        const client = fork(here('./load-client.js'))
        children.push(client)
        await ask(client, { do: 'start', ...wanted, url, apiKey: word.apiKey, symbols })
        return client
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The machine, in a line. */
export const machine = () => `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`
