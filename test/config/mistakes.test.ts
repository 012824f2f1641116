import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { messageOf, type Sources } from './load-here.ts'

const MISTAKES: [what: string, sources: Sources, sentence: RegExp][] = [
  [
    'an unknown key',
    { toml: '[websocket]\nprot = 1' },
    /^websocket\.prot in tickplant\.toml is not a known key \(did you mean port\?\); allowed here: host, port, /,
  ],
  [
    'an unknown table',
    { toml: '[web]\nport = 1' },
    /^web in tickplant\.toml is not a known key.*websocket/,
  ],
  [
    'a known key inside a value',
    { toml: '[websocket.port]\nx = 1' },
    /^websocket\.port is a table in/,
  ],
  [
    'a quoted name with a dot',
    { toml: '"websocket.port" = 1' },
    /^websocket\.port in tickplant.toml is not a known/,
  ],
  [
    'a name of the prototype',
    { toml: '__proto__ = 1' },
    /^__proto__ in tickplant\.toml is not a known key/,
  ],
  [
    'a value where a table is',
    { toml: 'websocket = 3' },
    /^websocket in tickplant\.toml must be a table$/,
  ],
  [
    'text for a number',
    { toml: '[websocket]\nport = "8765"' },
    /^websocket\.port is "8765" in tickplant\.toml; it must be a whole number from 0 to 65535$/,
  ],
  [
    'a fraction',
    { toml: '[http]\nport = 80.5' },
    /^http\.port is 80\.5 in tickplant\.toml; it must be a whole number/,
  ],
  [
    'a number out of bounds',
    { toml: '[http]\nport = 65536' },
    /^http\.port is 65536 in .* from 0 to 65535$/,
  ],
  ['an endless number', { toml: '[http]\nport = inf' }, /^http\.port is Infinity in /],
  [
    'no power of two',
    { toml: '[engine]\nring_slots = 3000' },
    /^engine\.ring_slots is 3000 .* a power of two from 1024 to 1048576$/,
  ],
  [
    'a bad choice',
    { toml: '[log]\nlevel = "loud"' },
    /^log\.level is "loud" .* one of fatal, error, warn, info, /,
  ],
  [
    'a date',
    { toml: 'data_dir = 2020-01-01' },
    /^data_dir is 2020-01-01 in tickplant\.toml; it must be a path/,
  ],
  [
    'a URL with a query',
    { toml: '[brokers.zerodha]\nfeed = "wss://x/?a=1"' },
    /^brokers\.zerodha\.feed is .* ws or wss/,
  ],
  [
    'a URL of another scheme',
    { toml: '[brokers.zerodha]\nrest = "ftp://x"' },
    /^brokers\.zerodha\.rest is .* http or https/,
  ],
  [
    'a broker that is not known',
    { toml: '[brokers.zeroda]' },
    /^brokers\.zeroda in tickplant\.toml is not a known broker; built in are zerodha/,
  ],
  [
    'a broker id in capitals',
    { toml: '[brokers.Zerodha]' },
    /^brokers\.Zerodha in tickplant\.toml names no broker; a broker id must match/,
  ],
  [
    'text for a number in the environment',
    { env: { TICKPLANT_HTTP_PORT: 'http' } },
    /^http\.port is "http" in TICKPLANT_HTTP_PORT of the environment; it must be a whole number/,
  ],
  [
    'an empty variable',
    { env: { TICKPLANT_HTTP_PORT: '' } },
    /^http\.port is "" in TICKPLANT_HTTP_PORT of the environment/,
  ],
  [
    'a bad switch in .env',
    { dotEnv: 'TICKPLANT_BROKERS_ZERODHA_ENABLED=yes' },
    /^brokers\.zerodha\.enabled is "yes" in TICKPLANT_BROKERS_ZERODHA_ENABLED of \.env; it must be true or false$/,
  ],
  [
    'an unknown variable',
    { env: { TICKPLANT_WEBSOCKET_PROT: '1' } },
    /^TICKPLANT_WEBSOCKET_PROT in the environment sets no known key \(did you mean TICKPLANT_WEBSOCKET_PORT\?\)/,
  ],
  [
    'a variable of no broker',
    { env: { TICKPLANT_BROKERS_ZERODA_FEED: 'x' } },
    /^TICKPLANT_BROKERS_ZERODA_FEED in .* TICKPLANT_BROKERS_ZERODHA_FEED\?/,
  ],
  [
    'a bad flag',
    { flags: { 'websocket.port': '1e3' } },
    /^websocket\.port is "1e3" in the flag --websocket-port; it must be/,
  ],
  [
    'a flag of no key',
    { flags: { 'websocket.pot': '1' } },
    /^websocket\.pot in the flag --websocket-pot is not a known key/,
  ],
  [
    'a mistake that a stronger source covers',
    { toml: '[http]\nport = -1', flags: { 'http.port': 1 } },
    /^http\.port is -1 in tickplant\.toml/,
  ],
  [
    'bad TOML',
    { toml: 'a = = 1' },
    /^tickplant\.toml is not valid TOML: invalid value \(line 1, column 5\)$/,
  ],
  [
    'a missing file',
    { configFile: 'none.toml' },
    /^the configuration file none\.toml does not exist/,
  ],
  ['a folder for a file', { configFile: tmpdir() }, /cannot be read \(EISDIR\)/],
  [
    'crossed bounds of the backoff',
    { toml: '[feed]\nbackoff_ms_min = 5000', env: { TICKPLANT_FEED_BACKOFF_MS_MAX: '1000' } },
    new RegExp(
      '^feed\\.backoff_ms_min is 5000 in tickplant\\.toml ' +
        'and feed\\.backoff_ms_max is 1000 in TICKPLANT_FEED_BACKOFF_MS_MAX',
    ),
  ],
  [
    'one port for both servers',
    { flags: { 'http.port': 8765 } },
    /^http\.port is 8765 in the flag --http-port, as websocket\.port is in config/,
  ],
]

for (const [what, sources, sentence] of MISTAKES) {
  test(`a mistake is told in one sentence: ${what}`, () => {
    const message = messageOf(sources)
    assert.match(message, sentence)
    assert.ok(!message.includes('\n'), message)
  })
}

test('the value of a credential is in no message', () => {
  const secret = 'S3cret\u00e9'
  const leaks: Sources[] = [
    { toml: `[brokers.zerodha]\napi_secret = "${secret}"` },
    { toml: `[brokers.zerodha]\napi_secret = ["${secret}"]` },
    { toml: `[brokers.zerodha]\napi_secret = ${secret}` },
    { toml: `[brokers.zerodha]\napi_secret = "${secret}\nx"` },
    { env: { TICKPLANT_BROKERS_ZERODHA_API_SECRET: secret } },
    { dotEnv: `TICKPLANT_BROKERS_ZERODHA_API_SECRET=${secret}` },
    { env: { TICKPLANT_APIKEY: secret } },
    { flags: { 'brokers.zerodha.api_secret': secret } },
  ]
  for (const sources of leaks)
    assert.ok(!messageOf(sources).includes('S3cret'), JSON.stringify(sources))
})
