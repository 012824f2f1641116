// What a write costs through the orders pool, beside a bare undici call to the same server from this thread: both one
// after the other, in rounds that alternate, for each sync policy; and whether 200 a second go through side by side.
//
//   node dist/bench/order-writes.js [--writes 1000] [--rounds 5] [--rate 200] [--seconds 5]
//
// The server is a process of its own. Prints microseconds: p50 and p99 of all rounds.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Histogram } from 'hdr-histogram-js'
import { Pool } from 'undici'
import { createLogger } from '../engine/observe/log.ts'
import { SYNC_POLICIES, type SyncPolicy } from '../engine/orders/journal.ts'
import { startOrdersPool } from '../engine/orders/orders-pool.ts'
import type { OrdersPool } from '../engine/orders/write.ts'
import { BROKER, plansFor, SESSION, taskOf } from '../test/orders/paper-desk.ts'
import { newTimesUs, openLoop } from './open-loop.ts'

const { values } = parseArgs({
  options: {
    writes: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '5' },
  },
})
const writes = Number(values.writes)
const rounds = Number(values.rounds)
const rate = Number(values.rate)
const seconds = Number(values.seconds)
const say = (line: string) => process.stdout.write(`${line}\n`)

const child = fork(fileURLToPath(new URL('./order-writes-server.js', import.meta.url)))
const [url] = (await once(child, 'message')) as [string]
const folder = await mkdtemp(join(tmpdir(), 'tickplant-orders-'))
const log = createLogger({ level: 'silent' })
const bare = new Pool(url, { pipelining: 1 })
let lastId = 0

const shown = (histogram: Histogram) =>
  `p50 ${histogram.getValueAtPercentile(50)}  p99 ${histogram.getValueAtPercentile(99)}`

async function timed(histogram: Histogram, work: () => Promise<unknown>): Promise<void> {
  const startedAtMs = performance.now()
  await work()
  histogram.recordValue(Math.round((performance.now() - startedAtMs) * 1000))
}

function newTask() {
  lastId += 1
  return taskOf(`b${lastId}`)
}

async function bareCall(): Promise<void> {
  const body = JSON.stringify(newTask().ask)
  const headers = { 'content-type': 'application/json', authorization: SESSION.accessToken }
  const reply = await bare.request({ method: 'POST', path: '/orders', headers, body })
  await reply.body.text()
}

async function write(orders: OrdersPool): Promise<void> {
  const { outcome } = await orders.write(newTask())
  if (outcome !== 'accepted') throw new Error(`a write was ${outcome}`)
}

async function startPool(syncPolicy: SyncPolicy) {
  const plan = plansFor({ url }, join(folder, syncPolicy)).orders
  const orders = startOrdersPool({ ...plan, syncPolicy, warmConnections: 2 }, log)
  await orders.open()
  await orders.useSession(BROKER, SESSION)
  return orders
}

async function compare(syncPolicy: SyncPolicy): Promise<void> {
  const orders = await startPool(syncPolicy)
  const arms = { bare: newTimesUs(), pool: newTimesUs() }
  for (let at = 0; at < 500; at += 1) await Promise.all([bareCall(), write(orders)])
  for (let round = 0; round < rounds; round += 1) {
    for (let at = 0; at < writes; at += 1) await timed(arms.bare, bareCall)
    for (let at = 0; at < writes; at += 1) await timed(arms.pool, () => write(orders))
  }
  await orders.close()
  const over = arms.pool.getValueAtPercentile(50) - arms.bare.getValueAtPercentile(50)
  say(`${syncPolicy}: bare ${shown(arms.bare)} | pool ${shown(arms.pool)} | over p50 ${over} µs`)
}

async function sustain(syncPolicy: SyncPolicy): Promise<void> {
  const orders = await startPool(syncPolicy)
  const answered = await openLoop(() => write(orders), rate, { count: rate * seconds })
  await orders.close()
  const perSecond = answered.count / answered.seconds
  say(`${syncPolicy}: ${perSecond.toFixed(0)} writes/s, ${shown(answered.timesUs)}`)
}

say(`one after the other, µs, ${rounds} rounds of ${writes}`)
for (const policy of SYNC_POLICIES) await compare(policy)
say(`at ${rate} writes/s for ${seconds} s, µs`)
for (const policy of SYNC_POLICIES) await sustain(policy)
await bare.close()
child.kill()
await rm(folder, { recursive: true })
