import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { pino } from 'pino'
import { answererOf } from '../../engine/api/answerer.ts'
import { serveHttp } from '../../engine/api/http.ts'
import { symbolAdminRoutes } from '../../engine/api/symbol-admin.ts'
import { loadUWebSockets } from '../../engine/distribute/uws.ts'
import { storeFolderOf } from '../../engine/prepare.ts'
import { Lookup } from '../../engine/symbols/lookup/lookup.ts'
import { SymbolSchedule } from '../../engine/symbols/schedule.ts'
import { startKiteSimulator } from '../../sim/kite-server.ts'
import { EVERY_KIND, kiteCsv, optionRows } from '../symbols/kite-rows.ts'
import { freshFolder, runCommand } from './run.ts'

const EVERY_ROW = EVERY_KIND.map(([row]) => row)
const PUTS = optionRows(20).map((row) =>
  row.replaceAll('CE', 'PE').replace(/^\d+/, (n) => `${+n + 9_000_000}`),
)
const OPTIONS = [...optionRows(20), ...PUTS.map((row) => row.replace(/^(\d+),/, '$1,'))]

const run = (cwd: string, ...words: string[]) => runCommand(['symbols', ...words], { cwd })

/** A folder with a configuration for a simulated broker, and the simulator. */
async function simulated(t: TestContext, instruments = 400) {
  const simulator = await startKiteSimulator({ seed: 1, ratePerSecond: 0, instruments })
  t.after(() => simulator.close())
  const cwd = freshFolder()
  const { restUrl, feedUrl, apiKey, accessToken } = simulator
  const values = { rest: restUrl, feed: feedUrl, api_key: apiKey, access_token: accessToken }
  const lines = Object.entries(values).map(([name, value]) => `${name} = "${value}"`)
  writeFileSync(join(cwd, 'tickplant.toml'), ['[brokers.zerodha]', ...lines].join('\n'), {
    mode: 0o600,
  })
  return { cwd, simulator }
}

const listed = async (cwd: string) => {
  const { stdout } = await run(cwd, 'status', '--json')
  return JSON.parse(stdout)
}

test('instruments are synced from the broker, and their status tells age and last failure', async (t) => {
  const { cwd, simulator } = await simulated(t)
  const { code, stdout, stderr } = await run(cwd, 'sync')
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(
    stdout,
    /^zerodha: 400 rows taken, 0 not taken; generation 1 is live after \d\.\d s\n/,
  )
  await simulator.close()
  const failed = await run(cwd, 'sync', '--all')
  assert.equal(failed.code, 1)
  assert.match(
    failed.stderr,
    /^tickplant: instruments of zerodha not synced: .*connection refused\n$/,
  )
  const [{ broker, live, failure }] = await listed(cwd)
  assert.deepEqual([broker, live.generation, live.rows], ['zerodha', 1, 400])
  assert.match(failure.reason, /connection refused/)
  const table = (await run(cwd, 'status')).stdout
  assert.match(table, /^zerodha\n {2}generation +1, synced 20.* from http:.*\/instruments\n/)
  assert.match(table, /age +0 min since it was last known to be the newest\n {2}rows +400, left/)
  assert.match(
    table,
    /exchanges +NSE \d+ {2}NSE_INDEX \d+ .*\n {2}last failure +20.* connection ref/,
  )
})

test('a file is imported without an engine, and every row not taken is told', async () => {
  const cwd = freshFolder()
  const bad = optionRows(1, 9000)[0]!.replace(',9000,0.05', ',ten,0.05')
  const file = join(cwd, 'list.csv.gz')
  writeFileSync(file, gzipSync(kiteCsv([...EVERY_ROW, bad, EVERY_ROW[0]!])))
  const { code, stdout } = await run(cwd, 'import', '--broker', 'zerodha', 'list.csv.gz')
  assert.equal(code, 0)
  const [first, exchanges, ...lines] = stdout.trimEnd().split('\n')
  assert.match(first!, /^zerodha: 26 rows taken, 2 not taken; generation 1 is live after/)
  assert.match(exchanges!, /^ {2}NSE 2 {2}BSE 2 {2}NFO 3 /)
  assert.deepEqual(lines, [
    '  not taken: 1 × strike is not a number above 0',
    '  not taken: 1 × an earlier row has this exchange and token',
    `  list.csv.gz row 28: strike is not a number above 0 (${bad})`,
    `  list.csv.gz row 29: an earlier row has this exchange and token (${EVERY_ROW[0]})`,
  ])
  const other = await run(cwd, 'import', '--broker', 'none', 'list.csv.gz')
  assert.equal(other.code, 1)
  assert.match(other.stderr, /unknown broker none; known: zerodha/)
})

/** A folder whose store holds the list. */
async function imported(rows: readonly string[]) {
  const cwd = freshFolder()
  writeFileSync(join(cwd, 'list.csv'), kiteCsv(rows))
  assert.equal((await run(cwd, 'import', '--broker=zerodha', 'list.csv')).code, 0)
  return cwd
}

test('instruments are found by words, by name, and as a chain', async () => {
  const cwd = await imported([...EVERY_ROW, ...OPTIONS])
  const found = await run(cwd, 'search', 'ce', 'nifty', '10005')
  const [header, row, ...more] = found.stdout.trimEnd().split('\n')
  assert.match(header!, /^ {2}SYMBOL +EXCHANGE +NAME +EXPIRY +STRIKE/)
  assert.match(row!, /^ {2}NIFTY25AUG2610005CE +NFO +NIFTY +25-AUG-26 +10005 +65 +CE +0\.05/)
  assert.deepEqual(more, [])

  const [{ row: info }] = JSON.parse((await run(cwd, 'info', 'nse_index:NIFTY', '--json')).stdout)
  assert.deepEqual(
    [info.brsymbol, info.token, info.instrumenttype],
    ['NIFTY 50', '256265', 'INDEX'],
  )
  assert.match(
    (await run(cwd, 'info', 'NSE:RELIANCE')).stdout,
    /^zerodha\n.*\n {2}brsymbol +RELIANCE/,
  )

  const chain = await run(cwd, 'chain', 'nifty', '25aug26', '--price', '10004.6', '--strikes', '1')
  const cells = chain.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/))
  assert.deepEqual(
    cells.slice(1).map(([call, side, strike, other, put]) => [call, side, strike, other, put]),
    [
      ['NIFTY25AUG2610004CE', 'ITM1', '10004', 'OTM1', 'NIFTY25AUG2610004PE'],
      ['NIFTY25AUG2610005CE', 'ATM', '10005', 'ATM', 'NIFTY25AUG2610005PE'],
      ['NIFTY25AUG2610006CE', 'OTM1', '10006', 'ITM1', 'NIFTY25AUG2610006PE'],
    ],
  )
})

test('a mistake is told with its fix', async () => {
  const cwd = await imported([...EVERY_ROW, ...OPTIONS])
  const mistakes: [words: string[], code: number, message: RegExp][] = [
    [[], 2, /the action is missing; it must be one of: sync, import, search, info, chain, status/],
    [['sync'], 2, /no broker is configured; add a \[brokers\.<id>\] table/],
    [['sync', '--all'], 2, /no broker is configured/],
    [
      ['sync', '--broker', 'zerodha'],
      2,
      /broker zerodha is not configured; add a \[brokers\.zerodha\]/,
    ],
    [['sync', '--broker', 'zerodha', '--all'], 2, /--all and --broker do not go together/],
    [['status', '--force'], 2, /--force does not go with this action/],
    [['import', 'list.csv'], 2, /--broker is missing/],
    [['import', '--broker', 'zerodha'], 2, /the file is missing/],
    [['import', '--broker', 'zerodha', 'none.csv'], 1, /none\.csv: ENOENT/],
    [['search'], 2, /what to search for is missing/],
    [['search', 'qqqq'], 1, /nothing is found for "qqqq"/],
    [['info', 'RELIANCE'], 2, /"RELIANCE" is not EXCHANGE:SYMBOL, such as NSE:RELIANCE/],
    [['info', 'NSE:NONE'], 1, /no broker lists NSE:NONE/],
    [['chain', 'NIFTY'], 2, /the expiry is missing; NIFTY has .*25AUG26/],
    [['chain', 'NIFTY', '28AUG25'], 2, /no options expire on 28AUG25; NIFTY has .*25AUG26/],
    [['chain', 'NONE', '28AUG25'], 1, /no options of NONE are listed/],
    [['chain', 'NIFTY', '25AUG26', '--price', 'x'], 2, /--price is "x"; it must be a price in/],
  ]
  await Promise.all(
    mistakes.map(async ([words, code, message]) => {
      const ended = await run(cwd, ...words)
      assert.deepEqual([ended.code, ended.stdout], [code, ''], words.join(' '))
      assert.match(ended.stderr, message)
    }),
  )
})

/** What an engine offers of this, on a list in a file, and its word in the data folder. */
async function startAdmin(t: TestContext, cwd: string, file: string) {
  const dataDir = join(cwd, 'data')
  const storeFolder = storeFolderOf(dataDir)
  mkdirSync(storeFolder, { recursive: true })
  const log = pino({ level: 'silent' })
  const lookup = new Lookup(log)
  const schedule = new SymbolSchedule({
    storeFolder,
    lists: [{ storeFolder, broker: 'zerodha', publishedAt: '08:30', source: { file } }],
    log,
    onIndex: (broker, index) => lookup.useIndex(broker, index),
  })
  const local = { id: 'l', name: 'l', sha256: '', scopes: ['admin' as const], createdAtMs: 0 }
  const { port, close } = serveHttp(
    await loadUWebSockets(),
    { host: '127.0.0.1', port: 0 },
    answererOf(symbolAdminRoutes({ schedule, lookup }), (key) =>
      key === 'local-key' ? local : null,
    ),
  )
  t.after(async () => {
    close()
    await schedule.stop()
    await lookup.close()
  })
  const address = { host: '127.0.0.1', port }
  const word = { pid: process.pid, startedAtMs: 1, websocket: address, http: address }
  writeFileSync(join(dataDir, 'engine.json'), JSON.stringify({ ...word, apiKey: 'local-key' }))
  const call = async (method: string, path: string, body?: unknown, key = 'local-key') => {
    const init = body === undefined ? {} : { body: JSON.stringify(body) }
    const headers = { authorization: `Bearer ${key}` }
    const reply = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...init })
    return { status: reply.status, error: ((await reply.json()) as { error?: string }).error }
  }
  return { schedule, call }
}

test('with an engine running all goes through its admin API, and its index is swapped', async (t) => {
  const cwd = freshFolder()
  const file = join(cwd, 'list.csv')
  writeFileSync(file, kiteCsv(EVERY_ROW))
  const { schedule } = await startAdmin(t, cwd, file)
  const synced = await run(cwd, 'sync')
  assert.match(synced.stdout, /^zerodha: 26 rows taken, 0 not taken; generation 1 is live/)
  assert.equal(schedule.status()[0]!.job?.number, 1)
  const options = join(cwd, 'options.csv')
  const bad = optionRows(1, 9000)[0]!.replace(',9000,0.05', ',ten,0.05')
  writeFileSync(options, kiteCsv([...OPTIONS, bad]))
  const taken = await run(cwd, 'import', '--broker', 'zerodha', 'options.csv')
  assert.match(
    taken.stdout,
    /^zerodha: 40 rows taken, 1 not taken, 23 rows of other exchanges kept; generation 2 is/,
  )
  assert.match(taken.stdout, /options\.csv row 42: strike is not a number above 0/)
  assert.equal(schedule.status()[0]!.job?.number, 2)
  assert.match((await run(cwd, 'search', '10005', 'PE')).stdout, /NIFTY25AUG2610005PE/)
  assert.match((await run(cwd, 'info', 'NSE:RELIANCE')).stdout, /token +738561/)
  assert.match((await run(cwd, 'chain', 'NIFTY', '25AUG26')).stdout, /NIFTY25AUG2610019PE\n$/)
  const [{ live, nextSyncAtMs }] = await listed(cwd)
  assert.equal(live.generation, 2)
  assert.ok(nextSyncAtMs > Date.now())
  writeFileSync(file, '<html>')
  const failed = await run(cwd, 'sync')
  assert.deepEqual([failed.code, failed.stdout], [1, ''])
  assert.match(failed.stderr, /it is a page of HTML or XML/)
})

test('the admin routes check the key, the body and the broker', async (t) => {
  const cwd = freshFolder()
  const file = join(cwd, 'list.csv')
  writeFileSync(file, kiteCsv(optionRows(20_000)))
  const { call } = await startAdmin(t, cwd, file)
  const path = '/admin/symbols'
  const paths = [
    ['GET', path],
    ...['sync', 'import', 'ask'].map((each) => ['POST', `${path}/${each}`]),
  ]
  for (const [method, each] of paths as [string, string][]) {
    const body = method === 'POST' ? {} : undefined
    assert.equal((await call(method, each, body, 'wrong')).status, 401)
  }
  const broker = 'zerodha'
  const question = { exchange: 'NFO', symbol: 'NIFTY' }
  const wrong: [path: string, body: unknown, status: number, error: RegExp][] = [
    ['sync', {}, 400, /broker/],
    ['sync', { broker: 'none' }, 404, /broker none is not running; running: zerodha/],
    ['import', { broker, file: 'list.csv' }, 400, /must be an absolute path/],
    ['ask', { broker, name: 'none', question }, 400, /name/],
    ['ask', { broker, name: 'symbol', question: { symbol: 1 } }, 400, /symbol/],
  ]
  for (const [name, body, status, error] of wrong) {
    const told = await call('POST', `${path}/${name}`, body)
    assert.equal(told.status, status)
    assert.match(told.error!, error)
  }
  assert.equal((await call('POST', `${path}/sync`, { broker })).status, 200)
  const second = await call('POST', `${path}/import`, { broker, file })
  assert.deepEqual([second.status, /under way/.test(second.error!)], [409, true])
})
