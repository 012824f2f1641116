import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  listInstruments,
  liveGeneration,
  loadIndex,
  openStore,
  type Store,
} from '../../engine/symbols/store.ts'
import { type SyncResult, syncInstruments } from '../../engine/symbols/sync.ts'
import { kiteCsv, optionRows } from './kite-rows.ts'
import { SECOND_BROKER, syncKite, temporaryFolder, viewsOf, writeFile } from './store-folder.ts'

const ROWS = 10_000

/** Checks that the live generation is whole, and that every number has the name that it is the number of. */
function assertWhole(store: Store, broker = 'zerodha') {
  const live = loadIndex(store, broker)
  assert.ok(live !== null)
  const { catalogue, tokens } = viewsOf(live)
  let rows = 0
  for (const { instrument, segment, token, exchange, symbol } of listInstruments(store, broker)) {
    assert.equal(tokens.resolve(segment, token as number), instrument)
    assert.equal(catalogue.find(exchange, symbol), instrument)
    rows++
  }
  assert.equal(rows, live.rows)
  const names = [...store.names.getRange({})]
  names.forEach(({ key }, at) => {
    assert.equal(key, at)
  })
  for (const { key, value } of store.numbers.getRange({})) assert.equal(names[value]!.value, key)
}

/** Checks that a good sync leaves no leftovers and no name without its number. */
async function assertSyncsAgain(store: Store, sync: Promise<SyncResult>, broker = 'zerodha') {
  const { generation, previous, rows } = await sync
  assert.equal(rows, ROWS)
  assertWhole(store, broker)
  assert.equal(store.numbers.getCount(), store.names.getCount())
  const left = Array.from(store.symtoken.getKeys({}), (key) => Number(key.split(':')[1]))
  assert.deepEqual(new Set(left), new Set([previous, generation]))
}

test('a sync that is stopped at any moment leaves a whole list behind', async (t) => {
  const folder = temporaryFolder(t)
  const startMs = performance.now()
  await syncKite(folder, kiteCsv(optionRows(ROWS)))
  let wholeMs = performance.now() - startMs
  const store = openStore(folder)
  t.after(() => store.root.close())
  let stopped = 0
  for (let round = 0; round < 8; round++) {
    // Every round brings new instruments, so that numbers are being given out when it stops.
    const source = { file: writeFile(folder, kiteCsv(optionRows(ROWS, 40_000 + round * 1000))) }
    const signal = AbortSignal.timeout(Math.round((wholeMs * round) / 8))
    const before = liveGeneration(store, 'zerodha')!.generation
    const request = { storeFolder: folder, broker: 'zerodha', source, signal }
    const beganAtMs = performance.now()
    await syncInstruments(request).then(
      () => {
        // The machine has less to do than before.
        wholeMs = Math.min(wholeMs, performance.now() - beganAtMs)
      },
      (error: Error) => {
        assert.match(error.message, /^instruments of zerodha not synced: .*it was stopped$/)
        stopped++
      },
    )
    assert.ok(liveGeneration(store, 'zerodha')!.generation >= before)
    assertWhole(store)
  }
  assert.ok(stopped > 1, `${stopped} of 8 syncs were stopped before they were done`)
  await assertSyncsAgain(store, syncKite(folder, kiteCsv(optionRows(ROWS))))
})

test('a download and a wait for the turn can be stopped', async (t) => {
  const folder = temporaryFolder(t)
  const request = { storeFolder: folder, broker: 'zerodha' }
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const controller = new AbortController()
  const source = { downloads: [{ layout: 'all', request: { method: 'GET', url } }] } as const
  const sync = syncInstruments({ ...request, source, signal: controller.signal })
  await once(server, 'connection')
  controller.abort()
  await assert.rejects(sync, /it was stopped$/)

  const waiting = new AbortController()
  const file = writeFile(folder, 'token,segment,exchange,symbol\n1,0,NSE,INFY\n')
  const first = syncKite(folder, kiteCsv(optionRows(ROWS)))
  const second = syncInstruments({
    storeFolder: folder,
    ...SECOND_BROKER,
    source: { file },
    signal: waiting.signal,
  })
  waiting.abort()
  await assert.rejects(second, /it was stopped$/)
  assert.equal((await first).rows, ROWS)
})

/** A list of the second broker; a row `last` at the place `at` of it. */
function secondList(folder: string, firstToken: number, last?: { row: string; at: number }) {
  const tokens = Array.from({ length: ROWS }, (_, at) => firstToken + at)
  const rows = tokens.map((token) => `${token},1,NSE,S${token}`)
  if (last) rows.splice(last.at, 0, last.row)
  return { file: writeFile(folder, ['token,segment,exchange,symbol', ...rows].join('\n')) }
}

test('a sync whose thread ends in the middle leaves a whole list behind', async (t) => {
  const folder = temporaryFolder(t)
  const store = openStore(folder)
  t.after(() => store.root.close())
  const request = { storeFolder: folder, ...SECOND_BROKER }
  await syncInstruments({ ...request, source: secondList(folder, 0) })
  for (const at of [0, 5000, ROWS]) {
    const source = secondList(folder, 5000 + at, { row: '1,1,NSE,EXIT', at })
    await assert.rejects(syncInstruments({ ...request, source }), /not synced: its thread ended$/)
    assert.equal(liveGeneration(store, 'second')?.generation, 1)
    assertWhole(store, 'second')
  }
  const again = syncInstruments({ ...request, source: secondList(folder, 20_000) })
  await assertSyncsAgain(store, again, 'second')
})

test('a process that is killed in the middle of a sync leaves a whole list behind', async (t) => {
  const folder = temporaryFolder(t)
  const store = openStore(folder)
  t.after(() => store.root.close())
  const request = { storeFolder: folder, ...SECOND_BROKER }
  await syncInstruments({ ...request, source: secondList(folder, 0) })
  const module = fileURLToPath(new URL('../../engine/symbols/sync.js', import.meta.url))
  const script = join(folder, 'sync.mjs')
  for (const at of [0, 5000, ROWS]) {
    const source = secondList(folder, 5000 + at, { row: '1,1,NSE,KILL', at })
    writeFileSync(
      script,
      `import { syncInstruments } from ${JSON.stringify(module)}
      await syncInstruments(${JSON.stringify({ ...request, source })})`,
    )
    const child = spawn(process.execPath, [script], { stdio: 'ignore' })
    assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL'])
    assert.equal(liveGeneration(store, 'second')?.generation, 1)
    assertWhole(store, 'second')
  }
  const again = syncInstruments({ ...request, source: secondList(folder, 20_000) })
  await assertSyncsAgain(store, again, 'second')
})

/** Numbers in [0, 1) that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const KILLS = 50
const KILL_ROWS = 3000

/** Syncs in a process of its own, which says when it begins; `killAfterMs` null lets it end. */
async function syncInProcess(folder: string, round: number, killAfterMs: number | null) {
  const module = fileURLToPath(new URL('../../engine/symbols/sync.js', import.meta.url))
  const script = join(folder, 'sync.mjs')
  // Every round brings new instruments, so that numbers are being given out when it is killed.
  const source = { file: writeFile(folder, kiteCsv(optionRows(KILL_ROWS, 10_000 + round * 500))) }
  const request = { storeFolder: folder, broker: 'zerodha', source }
  writeFileSync(
    script,
    `import { syncInstruments } from ${JSON.stringify(module)}
    process.stdout.write('begins')
    await syncInstruments(${JSON.stringify(request)})`,
  )
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  await once(child.stdout, 'data')
  const beganAtMs = performance.now()
  if (killAfterMs !== null) setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  const [, signal] = await exited
  rmSync(source.file)
  return { wasKilled: signal === 'SIGKILL', ranMs: performance.now() - beganAtMs }
}

/** Kills syncs into one folder at random moments, and checks the store after each. */
async function killSyncs(folder: string, kills: number, random: () => number) {
  await syncInProcess(folder, 0, null)
  const { ranMs } = await syncInProcess(folder, 1, null)
  let killed = 0
  for (let round = 2; round < kills + 2; round++) {
    const before = withLive(folder)
    const { wasKilled } = await syncInProcess(folder, round, Math.round(ranMs * random()))
    const after = withLive(folder)
    const isNew = after.generation !== before.generation
    assert.ok(after.generation >= before.generation)
    assert.ok(wasKilled || isNew, 'a sync that was not killed brings a new generation')
    assert.equal(after.rows, KILL_ROWS)
    killed += wasKilled ? 1 : 0
  }
  return killed
}

/** Opens the store as a start does, checks that it is whole, and answers what is live. */
function withLive(folder: string) {
  const store = openStore(folder)
  try {
    assertWhole(store)
    return liveGeneration(store, 'zerodha')!
  } finally {
    void store.root.close()
  }
}

test('a process that is killed at a random moment leaves a store that opens and serves', {
  timeout: 120_000,
}, async (t) => {
  const lanes = [1, 2].map((seed) => killSyncs(temporaryFolder(t), KILLS / 2, seeded(seed)))
  const killed = (await Promise.all(lanes)).reduce((sum, each) => sum + each)
  assert.ok(killed > KILLS / 2, `${killed} of ${KILLS} syncs were killed before they were done`)
})
