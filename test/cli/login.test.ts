import assert from 'node:assert/strict'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type KiteSimulator, startKiteSimulator } from '../../sim/kite-server.ts'
import { startEngineWith, until } from '../support/plant.ts'
import { endOf, freshFolder, runCommand, startCommand } from './run.ts'

const SECRETS = { apiSecret: 'the-secret-of-the-app', accessToken: 'the-ready-access-token' }

async function startKite(context: TestContext): Promise<KiteSimulator> {
  const options = { seed: 1, ratePerSecond: 0, instruments: 300 }
  const simulator = await startKiteSimulator({ ...options, ...SECRETS })
  context.after(() => simulator.close())
  return simulator
}

/** What a person has configured once and for all. */
function environment({ restUrl, feedUrl, apiKey }: KiteSimulator, more = {}) {
  const values = { rest: restUrl, feed: feedUrl, login: restUrl, api_key: apiKey, ...more }
  const named = Object.entries(values).map(([name, value]) => {
    return [`TICKPLANT_BROKERS_ZERODHA_${name.toUpperCase()}`, String(value)]
  })
  return Object.fromEntries(named) as Record<string, string>
}

const withSecret = (simulator: KiteSimulator) =>
  environment(simulator, { api_secret: simulator.apiSecret })

/** A command while it runs, with what it printed so far. */
function watch(child: ChildProcessWithoutNullStreams) {
  const seen = { stdout: '', stderr: '' }
  child.stdout.on('data', (part: Buffer) => {
    seen.stdout += part.toString()
  })
  child.stderr.on('data', (part: Buffer) => {
    seen.stderr += part.toString()
  })
  return seen
}

/** Follows the page to the callback that the command names, as a browser does. */
async function signInOnPage(seen: { stdout: string }): Promise<Response> {
  const [, page, callback] = await until('the page', () =>
    /^ {2}(http:\S+)\n[\s\S]*lead back to (http:\S+)$/m.exec(seen.stdout),
  )
  return fetch(`${page}&redirect_url=${encodeURIComponent(callback!)}`)
}

/** What the page leads to, for those who copy it. */
async function redirectOf({ restUrl, apiKey }: KiteSimulator): Promise<URL> {
  const url = `${restUrl}/connect/login?v=3&api_key=${apiKey}`
  const reply = await fetch(url, { redirect: 'manual' })
  return new URL(reply.headers.get('location')!)
}

test('without an engine the command takes the callback itself, and the next start needs no login', async (context) => {
  const simulator = await startKite(context)
  const [cwd, env] = [freshFolder(), withSecret(simulator)]
  const child = startCommand(['login', 'zerodha', '--http-port=0'], { cwd, env })
  const seen = watch(child)
  const reply = await signInOnPage(seen)
  const page = await reply.text()
  assert.deepEqual([reply.status, page.includes('Signed in to Zerodha as SIM001')], [200, true])
  assert.deepEqual(await endOf(child), [0, null], seen.stderr)
  assert.match(
    seen.stdout,
    /\nSigned in to Zerodha as SIM001; the session ends about \d{4}-\d\d-\d\d 06:00 IST\.\n$/,
  )
  assert.equal(seen.stderr, '')
  for (const secret of Object.values(SECRETS)) assert.ok(!seen.stdout.includes(secret))

  const { code, stdout } = await runCommand(['vault', 'status', '--json'], { cwd, env })
  assert.equal(code, 0)
  const [sealed] = JSON.parse(stdout).brokers
  assert.ok(sealed.broker === 'zerodha' && sealed.expiresAtMs > Date.now())

  const ports = ['websocket', 'http'].map((name) => `--${name}-port=0`)
  const engine = startCommand(['start', ...ports, '--zeromq-enabled=false'], { cwd, env })
  const said = watch(engine)
  await until('the start', () => said.stdout.includes('Listening:'), 20_000)
  await until('the feed', () => simulator.stats().sockets === 1)
  const status = await runCommand(['status'], { cwd, env })
  assert.match(
    status.stdout,
    /^ {2}zerodha +(live|expiring) +in \d+ (h|min|s).*, \d{4}-\d\d-\d\d 06:00 IST +SIM001$/m,
  )
  assert.ok(!status.stdout.includes('Sign in:'))
  engine.kill('SIGTERM')
  assert.deepEqual(await endOf(engine), [0, null])
})

test('with an engine running, the engine takes the callback and uses the session at once', async (context) => {
  const simulator = await startKite(context)
  const broker = Object.entries({
    rest: simulator.restUrl,
    feed: simulator.feedUrl,
    login: simulator.restUrl,
    api_key: simulator.apiKey,
    api_secret: simulator.apiSecret,
  }).map(([name, value]) => [`brokers.zerodha.${name}`, value])
  const dead = { 'brokers.zerodha.access_token': simulator.accessToken }
  const plant = await startEngineWith(context, { ...Object.fromEntries(broker), ...dead })
  const [keeper] = plant.engine.keepers
  simulator.expireSession()
  simulator.dropSockets()
  await until('the refusal', () => keeper!.state === 'expired')
  const dataDir = `--data-dir=${plant.dataDir}`
  const before = await runCommand(['status', dataDir])
  const told =
    /^Engine .*\nSign in: zerodha is expired \(the broker refused the session: .*\): run `tickplant login zerodha`$/m
  assert.match(before.stdout, told)

  const child = startCommand(['login', 'zerodha', dataDir])
  const seen = watch(child)
  const reply = await signInOnPage(seen)
  assert.equal(reply.url.split('?')[0], `${plant.httpUrl}/zerodha/callback`)
  assert.deepEqual(await endOf(child), [0, null], seen.stderr)
  assert.match(seen.stdout, /Signed in to Zerodha as SIM001/)
  await until('the feed', () => plant.engine.feeds[0]!.isConnected)
  assert.equal(keeper!.status().isInUse, true)

  // By hand too, and a session that is there already is replaced.
  const before2 = keeper!.current()!.accessToken
  const input = `${(await redirectOf(simulator)).href}\n`
  const byHand = await runCommand(['login', 'zerodha', '--stdin', dataDir], { input })
  assert.deepEqual([byHand.code, byHand.stderr], [0, ''])
  assert.notEqual(keeper!.current()!.accessToken, before2)
})

const INPUTS: [what: string, lines: (redirect: URL) => string][] = [
  ['the address that the page led to', ({ href }) => `${href}\n`],
  ['the code alone', ({ searchParams }) => searchParams.get('request_token')!],
  [
    'the code by its name, among others',
    ({ searchParams }) =>
      `# a comment\n\nuser_id=SIM001\r\nrequest_token = ${searchParams.get('request_token')}\nignored`,
  ],
  ['an access token', () => `access_token=${SECRETS.accessToken}\n`],
]
for (const [what, lines] of INPUTS) {
  test(`--stdin takes ${what}`, async (context) => {
    const simulator = await startKite(context)
    const input = lines(await redirectOf(simulator))
    const surroundings = { cwd: freshFolder(), env: withSecret(simulator), input }
    const ended = await runCommand(['login', 'zerodha', '--stdin'], surroundings)
    assert.deepEqual([ended.code, ended.stderr], [0, ''])
    assert.match(ended.stdout, /^Signed in to Zerodha( as SIM001)?; the session ends about /)
    const synced = await runCommand(['symbols', 'sync'], { ...surroundings, input: '' })
    assert.equal(synced.code, 0, synced.stderr)
  })
}

test('a secret that came by hand goes with the page, and need not be configured', async (context) => {
  const simulator = await startKite(context)
  const [cwd, env] = [freshFolder(), environment(simulator)]
  const missing = await runCommand(['login', 'zerodha', '--http-port=0'], { cwd, env })
  assert.deepEqual([missing.code, missing.stdout], [2, ''])
  assert.match(missing.stderr, /^tickplant: brokers\.zerodha\.api_secret is missing: /)

  const child = startCommand(['login', 'zerodha', '--stdin', '--http-port=0'], { cwd, env })
  const seen = watch(child)
  child.stdin.end(`api_secret=${simulator.apiSecret}\n`)
  assert.equal((await signInOnPage(seen)).status, 200)
  assert.deepEqual(await endOf(child), [0, null], seen.stderr)
  const { stdout } = await runCommand(['vault', 'status'], { cwd, env })
  assert.match(stdout, /^ {2}zerodha +ends about .* IST +api_secret$/m)
  const input = (await redirectOf(simulator)).href
  const again = await runCommand(['login', 'zerodha', '--stdin'], { cwd, env, input })
  assert.equal(again.code, 0, again.stderr)
})

test('what goes wrong is told in one sentence, with the exit code of its kind', async (context) => {
  const simulator = await startKite(context)
  const busy = createServer().listen(0, '127.0.0.1')
  context.after(() => busy.close())
  await until('the port', () => busy.listening)
  const { port } = busy.address() as AddressInfo
  const env = withSecret(simulator)
  const cases: [words: string[], input: string, code: number, stderr: RegExp][] = [
    [[], '', 2, /the id of the broker is missing; --help shows the usage/],
    [['upstox'], '', 2, /broker upstox is not configured; add a \[brokers\.upstox\] table/],
    [['zerodha', '--stdin'], '', 2, /neither a request_token nor an access_token/],
    [
      ['zerodha', '--stdin'],
      'http://127.0.0.1/?status=cancelled',
      2,
      /has no request_token: paste/,
    ],
    [
      ['zerodha', '--stdin'],
      'mistyped-code',
      1,
      /sign-in was refused: HTTP 403 .*Token is invalid/,
    ],
    [
      ['zerodha', `--http-port=${port}`],
      '',
      1,
      /cannot listen on .* \(EADDRINUSE\); free the port/,
    ],
    [['zerodha', '--http-port=0', '--wait=1'], '', 1, /nobody signed in within 1 s/],
    [['zerodha', '--wait=0'], '', 2, /--wait is "0"; it must be a whole number from 1 to 900/],
  ]
  await Promise.all(
    cases.map(async ([words, input, code, stderr]) => {
      const ended = await runCommand(['login', ...words], { env, input })
      assert.equal(ended.code, code, `${words}: ${ended.stderr}`)
      assert.match(ended.stderr, stderr)
      assert.match(ended.stderr, /^tickplant: [^\n]*\n$/)
      assert.ok(
        !ended.stderr.includes('mistyped-code') && !ended.stderr.includes(SECRETS.apiSecret),
      )
    }),
  )
  const gone = { ...env, TICKPLANT_BROKERS_ZERODHA_REST: 'http://127.0.0.1:1' }
  const ended = await runCommand(['login', 'zerodha', '--stdin'], { env: gone, input: 'code' })
  assert.deepEqual([ended.code, /got no reply: .*refused/.test(ended.stderr)], [1, true])
})

test('a broker that the running engine left out is signed in to for the next start', async (context) => {
  const simulator = await startKite(context)
  const plant = await startEngineWith(context, {
    'brokers.zerodha.rest': simulator.restUrl,
    'brokers.zerodha.feed': simulator.feedUrl,
    'brokers.zerodha.api_key': simulator.apiKey,
    'brokers.zerodha.access_token': simulator.accessToken,
  })
  const env = {
    TICKPLANT_BROKERS_SHOONYA_USER_ID: 'FA00001',
    TICKPLANT_DATA_DIR: plant.dataDir,
  }
  const input = 'access_token=a-token-of-the-desk'
  const { code, stderr } = await runCommand(['login', 'shoonya', '--stdin'], { env, input })
  assert.deepEqual([code, stderr], [0, ''])
  const { stdout } = await runCommand(['vault', 'status', '--json'], { env })
  assert.deepEqual(
    JSON.parse(stdout).brokers.map((each: { broker: string }) => each.broker),
    ['shoonya'],
  )
  assert.equal(JSON.parse(stdout).file, join(plant.dataDir, 'vault'))
})
