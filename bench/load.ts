// Load: a simulated broker, the engine and its clients, each in a process of its own, at a given rate for a given
// time; then every tick is accounted for: what the broker sent per instrument = what each client received + what
// its seq numbers show as missing, and what is missing was announced by gap events.
//
//   node dist/bench/load.js [--rate 200000] [--seconds 60] [--instruments 500] [--clients msgpack,msgpack:50]
//
// A client is `msgpack` or `json`, with the number of its instruments behind a colon where it wants fewer than all.
// Exits with 1 when the account does not balance.
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { listInstruments, openStore } from '../engine/symbols/store.ts'
import type { SimulatorStats } from '../sim/simulator.ts'
import type { ClientReport } from './load-client.ts'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '200000' },
    seconds: { type: 'string', default: '60' },
    instruments: { type: 'string', default: '500' },
    clients: { type: 'string', default: 'msgpack,msgpack' },
    mode: { type: 'string', default: 'quote' },
  },
})
const rate = Number(values.rate)
const seconds = Number(values.seconds)
const instruments = Number(values.instruments)

const say = (text: string) => process.stdout.write(`${text}\n`)
const here = (name: string) => new URL(name, import.meta.url).pathname

/** Sends a request to a forked child process and resolves with its answer. */
async function ask<Answer>(child: ChildProcess, request: object): Promise<Answer> {
  const answered = once(child, 'message')
  child.send(request)
  const [answer] = await Promise.race([
    answered,
    once(child, 'exit').then(() => {
      throw new Error(`a child process ended while it was asked for ${JSON.stringify(request)}`)
    }),
  ])
  return answer as Answer
}

interface SimulatorReady {
  restUrl: string
  feedUrl: string
  apiKey: string
  accessToken: string
}

interface EngineWord {
  websocket: { port: number }
  http: { port: number }
  apiKey: string
}

async function startEngine(simulator: SimulatorReady, dataDir: string) {
  const engine = spawn(process.execPath, [here('../cli/main.js'), 'start'], {
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
      TICKPLANT_WEBSOCKET_QUEUE_BYTES_MAX: String(256 * 1024 * 1024),
      TICKPLANT_BROKERS_ZERODHA_REST: simulator.restUrl,
      TICKPLANT_BROKERS_ZERODHA_FEED: simulator.feedUrl,
      TICKPLANT_BROKERS_ZERODHA_API_KEY: simulator.apiKey,
      TICKPLANT_BROKERS_ZERODHA_ACCESS_TOKEN: simulator.accessToken,
    },
  })
  // The engine prints a line every few seconds, with the latency since the line before.
  const lines: string[] = []
  engine.stdout.on('data', (part: Buffer) => lines.push(...part.toString().trim().split('\n')))
  await once(engine.stdout, 'data')
  const word = JSON.parse(readFileSync(join(dataDir, 'engine.json'), 'utf8')) as EngineWord
  return { engine, word, lines }
}

interface EngineStatus {
  feeds: { ticks: number; rejects: number; unknownTokens: number; ring: { lost: number } }[]
  clients: { closedSlow: number }
  latency: { p50Us: number; p99Us: number; p999Us: number; maxUs: number }
}

async function engineStatus(word: EngineWord): Promise<EngineStatus> {
  const reply = await fetch(`http://127.0.0.1:${word.http.port}/admin/status`, {
    headers: { authorization: `Bearer ${word.apiKey}` },
  })
  return (await reply.json()) as EngineStatus
}

/** One client's account against what the broker sent; what does not balance is returned. */
function account(report: ClientReport, sent: Readonly<Record<string, number>>): string[] {
  const problems: string[] = []
  let missing = 0
  let sentAll = 0
  for (const [token, tally] of Object.entries(report.byToken)) {
    const holes = tally.lastSeq - tally.firstSeq + 1 - tally.received
    missing += holes
    // A snapshot that came first stands for the ticks before it.
    const before = tally.firstSeq - 1
    const total = before + tally.received + holes
    sentAll += sent[token] ?? 0
    if (holes < 0) problems.push(`token ${token}: ${-holes} ticks came twice`)
    if (total !== sent[token]) problems.push(`token ${token}: sent ${sent[token]}, known ${total}`)
  }
  if (missing !== report.lostAnnounced && report.hasAll) {
    problems.push(`${missing} ticks missing, ${report.lostAnnounced} announced as lost`)
  }
  if (report.closed !== '') problems.push(`closed: ${report.closed}`)
  say(
    `  client ${report.name.padEnd(12)} received ${report.received}, missing ${missing}, ` +
      `announced lost ${report.lostAnnounced}, of ${sentAll} sent`,
  )
  return problems
}

const dataDir = mkdtempSync(join(tmpdir(), 'tickplant-load-'))
const children: ChildProcess[] = []
let problems: string[] = []
try {
  const simulatorProcess = fork(here('./load-sim.js'))
  children.push(simulatorProcess)
  const simulator = await ask<SimulatorReady>(simulatorProcess, { do: 'start', rate, instruments })
  const { engine, word, lines } = await startEngine(simulator, dataDir)
  children.push(engine)

  const store = openStore(join(dataDir, 'store'))
  const symbols = [...listInstruments(store, 'zerodha')].map(({ exchange, symbol, token }) => {
    return { exchange, symbol, token }
  })
  await store.root.close()
  const clients: ChildProcess[] = []
  for (const name of values.clients.split(',')) {
    const client = fork(here('./load-client.js'))
    children.push(client)
    clients.push(client)
    await ask(client, {
      do: 'start',
      name,
      mode: values.mode,
      url: `ws://127.0.0.1:${word.websocket.port}`,
      apiKey: word.apiKey,
      symbols,
    })
  }
  say(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
  say(`${rate} ticks/s wanted for ${seconds} s, ${instruments} instruments, mode ${values.mode}`)
  const begunAt = performance.now()
  await ask(simulatorProcess, { do: 'resume' })
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const stats = await ask<SimulatorStats>(simulatorProcess, { do: 'pause' })
  const ran = (performance.now() - begunAt) / 1000
  const reports: ClientReport[] = []
  for (const client of clients) reports.push(await ask<ClientReport>(client, { do: 'settle' }))
  const status = await engineStatus(word)
  const feed = status.feeds[0]!
  const { latency } = status

  say(
    `  broker sent ${stats.packetsSent} (${Math.round(stats.packetsSent / ran)}/s), ` +
      `held back for a slow reader ${stats.skipped}, for lack of time ${stats.behind}`,
  )
  say(
    `  engine took ${feed.ticks}, rejected ${feed.rejects}, lost in the ring ${feed.ring.lost}, ` +
      `slow clients closed ${status.clients.closedSlow}`,
  )
  say(
    `  latency socket to send, warm-up included: p50 ${latency.p50Us} µs, p99 ${latency.p99Us} µs, ` +
      `p99.9 ${latency.p999Us} µs, max ${latency.maxUs} µs`,
  )
  for (const line of lines.filter((each) => each.includes('ticks/s'))) say(`  ${line}`)
  if (feed.ticks !== stats.packetsSent) {
    problems.push(`the broker sent ${stats.packetsSent}, the engine took ${feed.ticks}`)
  }
  for (const report of reports) problems.push(...account(report, stats.packetsByToken ?? {}))
} finally {
  for (const child of children.reverse()) {
    if (child.exitCode !== null) continue
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  rmSync(dataDir, { recursive: true, force: true })
}
problems = problems.slice(0, 10)
say(problems.length === 0 ? 'Every tick is accounted for.' : problems.join('\n'))
process.exit(problems.length === 0 ? 0 : 1)
