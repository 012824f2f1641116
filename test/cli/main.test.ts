import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { packageRoot } from '../../config/root.ts'
import { endOf, runCommand, startCommand } from './run.ts'

const SIMULATED = 'zerodha, shoonya, flattrade, zebu, upstox'
const COMMAND_NAMES = ['start', 'tail', 'status', 'brokers', 'keys', 'sim', 'decode']

test('--help lists the commands and the exit codes', async () => {
  for (const word of ['--help', '-h', 'help']) {
    const { code, stdout, stderr } = await runCommand([word])
    assert.equal(code, 0)
    assert.equal(stderr, '')
    for (const name of COMMAND_NAMES)
      assert.match(stdout, new RegExp(`^ {2}${name} +[A-Z].*\\.$`, 'm'))
    assert.match(stdout, /^ {2}3 {2}no running engine/m)
  }
})

for (const name of COMMAND_NAMES) {
  test(`${name} --help shows usage, options and exit codes`, async () => {
    const { code, stdout, stderr } = await runCommand([name, 'what', '--ever', '-h'])
    assert.equal(code, 0)
    assert.equal(stderr, '')
    assert.match(stdout, new RegExp(`^Usage:\n {2}tickplant ${name}`, 'm'))
    assert.match(stdout, /^ {2}-h, --help +Print this help\.$/m)
    assert.match(stdout, /^Exit codes:$/m)
  })
}

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
  assert.deepEqual(await runCommand(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
})

test('without a command the help goes to stderr and the exit code is 2', async () => {
  const { code, stdout, stderr } = await runCommand([])
  assert.equal(code, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /^Usage:/)
})

const MISUSES: [words: string[], sentence: string][] = [
  [['strat'], 'unknown command strat; did you mean start?'],
  [['xyzzy'], 'unknown command xyzzy; tickplant --help lists the known ones'],
  [['constructor'], 'unknown command constructor; tickplant --help lists the known ones'],
  [['--versoin'], 'unknown option --versoin; did you mean --version?'],
  [['brokers', '--jsno'], 'unknown option --jsno; did you mean --json?'],
  [['brokers', '-x'], 'unknown option -x; --help lists the known ones'],
  [['brokers', '--json=yes'], '--json takes no value'],
  [['brokers', 'zerodha'], 'unexpected argument "zerodha"'],
  [['sim', '--port'], '--port needs a value: --port=N'],
  [
    ['sim', '--port', '--json'],
    '--port is followed by --json; write a value that starts with - as --port=N',
  ],
  [['sim'], `--broker is missing; it must be one of: ${SIMULATED}`],
  [['sim', '--broker', 'zeroda'], `--broker is "zeroda"; it must be one of: ${SIMULATED}`],
  [
    ['sim', '--broker', 'zerodha', '--port=-1'],
    '--port is "-1"; it must be a whole number from 0 to 65535',
  ],
  [
    ['sim', '--broker', 'zerodha', '--rate', '1e3'],
    '--rate is "1e3"; it must be a whole number from 0 to 10000000',
  ],
  [['tail'], 'name at least one instrument, such as NSE:RELIANCE'],
  [['tail', 'RELIANCE'], '"RELIANCE" is not EXCHANGE:SYMBOL, such as NSE:RELIANCE'],
  [['tail', 'NSE:RELIANCE', '--curve', 'keys.json'], '--curve goes with --zmq only'],
  [
    ['tail', '--zmq', '127.0.0.1:5555'],
    '--zmq is "127.0.0.1:5555"; it must begin with tcp:// or ipc://, such as tcp://127.0.0.1:5555',
  ],
  [
    ['tail', '--zmq', 'tcp://127.0.0.1'],
    '--zmq tcp://127.0.0.1 cannot be used (Invalid argument); it must be tcp://HOST:PORT or ipc://PATH',
  ],
  [
    ['tail', '--zmq', 'tcp://127.0.0.1:5555', '--url', 'ws://127.0.0.1:8765'],
    '--url is for the WebSocket and does not go with --zmq',
  ],
  [
    ['tail', '--zmq', 'tcp://127.0.0.1:5555', '--curve', 'none.json'],
    'none.json cannot be read (ENOENT); make one with `tickplant keys curve add NAME`',
  ],
  [['decode', '--broker', 'zerodha'], 'the file is missing; - reads from stdin'],
  [
    ['decode', '--broker', 'zerodha', '--format', 'xml', '-'],
    '--format is "xml"; it must be one of: bin, hex, base64, text',
  ],
  [['keys'], 'the action is missing; it must be one of: add, list, revoke, curve'],
  [['keys', 'del'], 'the action is "del"; it must be one of: add, list, revoke, curve'],
  [['keys', 'add'], 'the name of the key is missing; --help shows the usage'],
  [['keys', 'list', 'x'], 'unexpected argument "x"'],
  [['keys', 'add', 'x', 'y'], 'unexpected argument "y"'],
  [
    ['keys', 'list', '--scope', 'read'],
    '--scope does not go with this action; --help shows the usage',
  ],
  [
    ['keys', 'curve', 'del'],
    'the action of curve is "del"; it must be one of: show, add, list, revoke',
  ],
  [['keys', 'curve', 'add'], 'the name of the client is missing; --help shows the usage'],
  [['keys', 'curve', 'revoke'], 'the name of the client is missing; --help shows the usage'],
  [['keys', 'curve', 'list', 'x'], 'unexpected argument "x"'],
  [
    ['keys', 'curve', 'add', 'x', '--key', 'abcdefgh'],
    '--key does not go with this action; --help shows the usage',
  ],
]

for (const [words, sentence] of MISUSES) {
  test(`exit code 2 and one sentence for: tickplant ${words.join(' ')}`, async () => {
    assert.deepEqual(await runCommand(words), {
      code: 2,
      stdout: '',
      stderr: `tickplant: ${sentence}\n`,
    })
  })
}

test('a mistake in the configuration is one sentence and exit code 2, whatever its source', async () => {
  const env = { TICKPLANT_HTTP_PORT: 'http' }
  const fromEnvironment = await runCommand(['start'], { env })
  assert.equal(fromEnvironment.code, 2)
  assert.match(
    fromEnvironment.stderr,
    /^tickplant: http\.port is "http" in TICKPLANT_HTTP_PORT of .*\n$/,
  )
  const fromFlag = await runCommand(['start', '--websocket-port', '99999'])
  assert.equal(fromFlag.code, 2)
  assert.match(
    fromFlag.stderr,
    /^tickplant: websocket\.port is 99999 in the flag --websocket-port; .*\n$/,
  )
  const fromFile = await runCommand(['start', '--config', 'none.toml'])
  assert.equal(fromFile.code, 2)
  assert.match(fromFile.stderr, /^tickplant: the configuration file none\.toml does not exist.*\n$/)
})

test('the value of a credential is not echoed', async () => {
  const env = { TICKPLANT_BROKERS_ZERODHA_API_SECRET: 'hush\u0001hush' }
  const { code, stderr } = await runCommand(['start'], { env })
  assert.equal(code, 2)
  assert.match(stderr, /brokers\.zerodha\.api_secret has a value that cannot be used in/)
  assert.ok(!stderr.includes('hush'), stderr)
})

test('a reader that closes stdout early ends the command quietly with 0', async () => {
  const child = startCommand(['decode', '--broker', 'zerodha', '--format', 'hex', '-'])
  child.stdout.destroy()
  child.stdin.on('error', () => {})
  child.stdin.end('00010008000b450100048ef9\n'.repeat(10_000))
  const [stderr, [code]] = await Promise.all([text(child.stderr), endOf(child)])
  assert.equal(stderr, '')
  assert.equal(code, 0)
})

test('brokers prints the support matrix, and the same as JSON', async () => {
  const { code, stdout } = await runCommand(['brokers'])
  assert.equal(code, 0)
  const [header, ...rows] = stdout.split('\n')
  assert.match(
    header ?? '',
    /^ {2}ID +NAME +FAMILY +SIGN-IN +INSTRUMENTS +LTP +QUOTE +DEPTH +ORDERS +EXCHANGES$/,
  )
  const zerodha = rows.find((row) => row.startsWith('  zerodha '))
  assert.match(zerodha ?? '', /page \+ 1 call {2}3 x 3000 .* 5 levels +yes +NSE BSE NFO/)
  assert.match(stdout, /\[brokers\.zerodha\]:\n {2}api_key +the API key/)
  const asJson = await runCommand(['brokers', '--json'])
  const [described] = JSON.parse(asJson.stdout)
  assert.equal(described.id, 'zerodha')
  assert.deepEqual(described.modes, { ltp: true, quote: true, depthLevels: 5 })
  assert.equal(described.orders.supported, true)
  const names = described.signIn.credentials.map(({ name }: { name: string }) => name)
  assert.deepEqual(names, ['api_key', 'api_secret', 'request_token', 'access_token', 'user_id'])
})
