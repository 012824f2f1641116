// Load: a simulated broker, the engine and its clients, each in a process of its own, at a given rate for a given
// time; then every tick is accounted for: what the broker sent per instrument = what each client received + what
// its seq numbers show as missing, and what is missing was announced by gap events.
//
//   node dist/bench/load.js [--rate 200000] [--seconds 60] [--instruments 500] [--clients msgpack,msgpack:50]
//
// A client is `msgpack` or `json`, with the number of its instruments behind a colon where it wants fewer than all.
// Exits with 1 when the account does not balance.
import type { ChildProcess } from 'node:child_process'
import { parseArgs } from 'node:util'
import type { SimulatorStats } from '../sim/simulator.ts'
import type { ClientReport } from './load-client.ts'
import { ask, type EngineWord, machine, say, startPlant } from './load-plant.ts'

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

let problems: string[] = []
const plant = await startPlant({ rate, instruments })
try {
  const { simulator, word, lines } = plant
  const clients: ChildProcess[] = []
  for (const name of values.clients.split(',')) {
    clients.push(await plant.addClient({ name, mode: values.mode, isTimed: false }))
  }
  say(machine())
  say(`${rate} ticks/s wanted for ${seconds} s, ${instruments} instruments, mode ${values.mode}`)
  const begunAt = performance.now()
  await ask(simulator, { do: 'resume' })
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const stats = await ask<SimulatorStats>(simulator, { do: 'pause' })
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
  await plant.close()
}
problems = problems.slice(0, 10)
say(problems.length === 0 ? 'Every tick is accounted for.' : problems.join('\n'))
process.exit(problems.length === 0 ? 0 : 1)
