import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { pino } from 'pino'
import { lastTimeMs, nextTimeMs } from '../../engine/indian-day.ts'
import { readFetched, writeFetched } from '../../engine/symbols/list-record.ts'
import { currentIndex, type ListSource } from '../../engine/symbols/list-source.ts'
import { SymbolSchedule } from '../../engine/symbols/schedule.ts'
import { openStore } from '../../engine/symbols/store.ts'
import { syncInstruments } from '../../engine/symbols/sync.ts'
import { until } from '../support/plant.ts'
import { EVERY_KIND, kiteCsv, optionRows } from './kite-rows.ts'
import { temporaryFolder, viewsOf, withStore } from './store-folder.ts'

const EVERY_ROW = EVERY_KIND.map(([row]) => row)
const HOUR_MS = 3_600_000
const ist = (text: string) => Date.parse(`${text}:00+05:30`)

test('the last and the next publication are the same hour of the Indian day', () => {
  const now = ist('2026-08-04T08:29')
  assert.equal(lastTimeMs('08:30', now), ist('2026-08-03T08:30'))
  assert.equal(nextTimeMs('08:30', now), ist('2026-08-04T08:30'))
  assert.equal(lastTimeMs('08:30', ist('2026-08-04T08:30')), ist('2026-08-04T08:30'))
  assert.equal(nextTimeMs('08:30', ist('2026-08-04T08:30')), ist('2026-08-05T08:30'))
  // An hour at which it is still yesterday in UTC, and the first minute of the day.
  assert.equal(lastTimeMs('02:00', ist('2026-08-04T03:00')), ist('2026-08-04T02:00'))
  assert.equal(lastTimeMs('00:00', ist('2026-08-04T00:00')), ist('2026-08-04T00:00'))
  const time = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), time, (now, [hours, minutes]) => {
      const two = (value: number) => String(value).padStart(2, '0')
      const publishedAt = `${two(hours)}:${two(minutes)}`
      const last = lastTimeMs(publishedAt, now)
      assert.ok(last <= now && now < nextTimeMs(publishedAt, now))
      const india = new Date(last + 5.5 * HOUR_MS).toISOString().slice(11)
      assert.equal(india, `${publishedAt}:00.000Z`)
    }),
  )
})

/** A broker's list on a server, and how often it was asked for. */
async function listServer(t: TestContext, folder: string) {
  const state = { body: kiteCsv(EVERY_ROW), status: 200, asked: 0 }
  const server = createServer((_, reply) => {
    state.asked += 1
    reply.writeHead(state.status).end(state.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/instruments`
  const list: ListSource = {
    storeFolder: folder,
    broker: 'zerodha',
    publishedAt: '08:30',
    source: { downloads: [{ layout: 'all', request: { method: 'GET', url } }] },
  }
  return { state, list }
}

/** Sets when the live list was last checked. */
async function checkedAt(folder: string, checkedAtMs: number) {
  await withStore(folder, async (store) => {
    await writeFetched(store, 'zerodha', { ...readFetched(store, 'zerodha')!, checkedAtMs })
  })
}

test('a list is current from its publication until the next one', async (t) => {
  const folder = temporaryFolder(t)
  const { list } = await listServer(t, folder)
  await syncInstruments(list)
  const cases: [checked: string, now: string, isCurrent: boolean][] = [
    ['2026-08-03T09:00', '2026-08-03T15:00', true],
    // Before the hour, yesterday's is the newest there is.
    ['2026-08-03T09:00', '2026-08-04T08:29', true],
    ['2026-08-03T09:00', '2026-08-04T08:30', false],
    // Downloaded before the hour: it was the list of the day before.
    ['2026-08-04T08:29', '2026-08-04T08:31', false],
    ['2026-08-04T08:30', '2026-08-04T23:00', true],
    ['2026-08-01T09:00', '2026-08-04T08:00', false],
  ]
  for (const [checked, now, isCurrent] of cases) {
    await checkedAt(folder, ist(checked))
    await withStore(folder, (store) => {
      const index = currentIndex(store, list, ist(now))
      assert.equal(index !== null, isCurrent, `${checked} ${now}`)
      const elsewhere = { ...list, source: { downloads: [] } }
      assert.equal(currentIndex(store, elsewhere, ist(now)), null)
    })
  }
})

/** A schedule on an injected clock. */
function startSchedule(t: TestContext, list: ListSource, startMs: number) {
  const clock = { ms: startMs }
  const rows: number[] = []
  const schedule = new SymbolSchedule({
    storeFolder: list.storeFolder,
    lists: [list],
    log: pino({ level: 'silent' }),
    onIndex(_broker, index) {
      rows.push(viewsOf(index).tokens.rows)
    },
    nowMs: () => clock.ms,
    lookEveryMs: 5,
  })
  schedule.start()
  t.after(() => schedule.stop())
  const jobDone = (number: number) =>
    until(`the end of job ${number}`, () => {
      const job = schedule.status()[0]!.job
      return job?.number === number && (job.result !== null || job.error !== null)
    })
  return { clock, schedule, rows, jobDone }
}

test('a running engine syncs after the publication hour, and again after a while where that fails', async (t) => {
  const folder = temporaryFolder(t)
  const { list, state } = await listServer(t, folder)
  await syncInstruments(list)
  await checkedAt(folder, ist('2026-08-03T09:00'))
  const { clock, schedule, rows, jobDone } = startSchedule(t, list, ist('2026-08-04T08:00'))
  const nextSyncAt = () => schedule.status()[0]!.nextSyncAtMs
  assert.equal(nextSyncAt(), ist('2026-08-04T08:30'))
  state.status = 403
  clock.ms = ist('2026-08-04T08:29')
  assert.equal(schedule.status()[0]!.job, null)
  clock.ms = ist('2026-08-04T08:30')
  await jobDone(1)
  assert.match(schedule.status()[0]!.job!.error!, /the broker answered 403/)
  assert.match(schedule.status()[0]!.failure!.reason, /the broker answered 403/)
  assert.equal(nextSyncAt(), ist('2026-08-04T08:35'))
  clock.ms = nextSyncAt()
  await jobDone(2)
  assert.equal(nextSyncAt(), ist('2026-08-04T08:45'))
  Object.assign(state, { status: 200, body: kiteCsv([...EVERY_ROW, ...optionRows(10)]) })
  clock.ms = nextSyncAt()
  await jobDone(3)
  assert.deepEqual(rows, [EVERY_ROW.length + 10])
  const { job, live, failure } = schedule.status()[0]!
  assert.deepEqual([job!.result!.rows, live!.generation, failure], [rows[0], 2, null])
  assert.equal(nextSyncAt(), ist('2026-08-05T08:30'))
  assert.equal(state.asked, 4)
})

test('a start with an old list tries again soon', async (t) => {
  const folder = temporaryFolder(t)
  const { list } = await listServer(t, folder)
  await syncInstruments(list)
  await checkedAt(folder, ist('2026-08-03T09:00'))
  const { schedule } = startSchedule(t, list, ist('2026-08-04T10:00'))
  assert.equal(schedule.status()[0]!.nextSyncAtMs, ist('2026-08-04T10:05'))
})

test('a sync that is asked for runs at once, one at a time, and an unknown broker is an error', async (t) => {
  const folder = temporaryFolder(t)
  const { list, state } = await listServer(t, folder)
  openStore(folder).root.close()
  const { schedule, rows, jobDone } = startSchedule(t, list, ist('2026-08-04T10:00'))
  assert.equal(schedule.sync('zerodha', false), 1)
  assert.equal(schedule.sync('zerodha', false), null)
  await jobDone(1)
  assert.deepEqual(rows, [EVERY_ROW.length])
  state.body = kiteCsv([])
  assert.equal(schedule.sync('zerodha', true), 2)
  await jobDone(2)
  assert.match(schedule.status()[0]!.job!.error!, /it has a header and no rows/)
  assert.throws(() => schedule.sync('none', false), /broker none is not running/)
})

test('what is imported by hand, or cannot be, does not move the next sync', async (t) => {
  const folder = temporaryFolder(t)
  const { list } = await listServer(t, folder)
  openStore(folder).root.close()
  const { schedule, jobDone } = startSchedule(t, list, ist('2026-08-04T10:00'))
  const dueAtMs = schedule.status()[0]!.nextSyncAtMs
  const file = join(folder, 'list.csv')
  writeFileSync(file, kiteCsv(EVERY_ROW))
  schedule.import('zerodha', { file }, false)
  await jobDone(1)
  assert.equal(schedule.status()[0]!.job!.error, null)
  schedule.import('zerodha', { file: join(folder, 'none.csv') }, false)
  await jobDone(2)
  assert.match(schedule.status()[0]!.job!.error!, /none\.csv/)
  assert.equal(schedule.status()[0]!.nextSyncAtMs, dueAtMs)
})

test('a schedule that stops ends the sync under way', async (t) => {
  const folder = temporaryFolder(t)
  const { list } = await listServer(t, folder)
  openStore(folder).root.close()
  const { schedule } = startSchedule(t, list, ist('2026-08-04T10:00'))
  schedule.sync('zerodha', false)
  await schedule.stop()
  await withStore(folder, (store) => assert.equal(readFetched(store, 'zerodha'), undefined))
})
