import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkBrokerKeys, unknownBrokerKeys } from '../../config/load.ts'
import { load, messageOf, type Sources } from './load-here.ts'

test('without any source the defaults hold and no broker is configured', () => {
  const { config, origins, cwd } = load({})
  assert.equal(config.websocket.port, 8765)
  assert.equal(config.http.port, 5000)
  assert.equal(config.websocket.host, '127.0.0.1')
  assert.equal(config.engine.ring_slots, 65536)
  assert.equal(config.data_dir, join(cwd, 'data'))
  assert.deepEqual(config.brokers, {})
  assert.equal(origins.get('websocket.port'), 'config/default.toml')
})

test('a flag wins over the environment, that over .env, that over the file, that over the default', () => {
  const toml = '[websocket]\nport = 9001'
  const dotEnv = 'TICKPLANT_WEBSOCKET_PORT=9002'
  const env = { TICKPLANT_WEBSOCKET_PORT: '9003' }
  const flags = { 'websocket.port': '9004' }
  const layers: [Sources, number, string][] = [
    [{ toml }, 9001, 'tickplant.toml'],
    [{ toml, dotEnv }, 9002, 'TICKPLANT_WEBSOCKET_PORT of .env'],
    [{ toml, dotEnv, env }, 9003, 'TICKPLANT_WEBSOCKET_PORT of the environment'],
    [{ toml, dotEnv, env, flags }, 9004, 'the flag --websocket-port'],
  ]
  for (const [sources, port, origin] of layers) {
    const { config, origins } = load(sources)
    assert.equal(config.websocket.port, port)
    assert.equal(origins.get('websocket.port'), origin)
  }
})

test('a file that is asked for is read instead of tickplant.toml', () => {
  const other = join(load({}).cwd, 'other.toml')
  writeFileSync(other, 'data_dir = "/srv/ticks"')
  const { config } = load({ configFile: other, toml: 'this is not read' })
  assert.equal(config.data_dir, '/srv/ticks')
})

test('values of the environment are read as the key wants them', () => {
  const { config } = load({
    env: {
      TICKPLANT_ENGINE_RING_SLOTS: '2048',
      TICKPLANT_LOG_LEVEL: 'debug',
      TICKPLANT_BROKERS_ZERODHA_ENABLED: 'false',
      TICKPLANT_BROKERS_ZERODHA_API_KEY: '12345',
      TICKPLANT_API_KEY: 'belongs to a client',
      PATH: '/bin',
    },
  })
  assert.equal(config.engine.ring_slots, 2048)
  assert.equal(config.log.level, 'debug')
  assert.deepEqual(config.brokers.zerodha, { enabled: false, credentials: { api_key: '12345' } })
})

test('a whole number is taken from the environment exactly within its bounds', () => {
  fc.assert(
    fc.property(fc.integer({ min: -10, max: 70_000 }), (port) => {
      const env = { TICKPLANT_WEBSOCKET_PORT: String(port) }
      if (port === 5000) return
      if (port >= 0 && port <= 65_535) assert.equal(load({ env }).config.websocket.port, port)
      else assert.match(messageOf({ env }), /websocket\.port is -?\d+ .* from 0 to 65535$/)
    }),
    { numRuns: 50, examples: [[0], [65_535], [65_536], [-1]] },
  )
})

test('a broker table gathers its keys from every source', () => {
  const { config, cwd } = load({
    toml: '[brokers.zerodha]\nmaster_file = "master.csv"\nrest = "http://127.0.0.1:1/"',
    dotEnv: 'TICKPLANT_BROKERS_ZERODHA_ACCESS_TOKEN="from .env"',
    env: { TICKPLANT_BROKERS_ZERODHA_API_KEY: 'k' },
    flags: { 'brokers.zerodha.feed': 'ws://127.0.0.1:2' },
  })
  assert.deepEqual(config.brokers.zerodha, {
    enabled: true,
    master_file: join(cwd, 'master.csv'),
    rest: 'http://127.0.0.1:1',
    feed: 'ws://127.0.0.1:2',
    credentials: { access_token: 'from .env', api_key: 'k' },
  })
})

test('an empty broker table configures the broker', () => {
  const { config } = load({ toml: '[brokers.zerodha]' })
  assert.deepEqual(config.brokers, { zerodha: { enabled: true, credentials: {} } })
})

test('the longest broker id that fits takes a variable', () => {
  const { config } = load({
    brokerIds: ['five', 'five_paisa'],
    env: { TICKPLANT_BROKERS_FIVE_PAISA_PIN: '1', TICKPLANT_BROKERS_FIVE_PAISAPIN: '2' },
  })
  assert.deepEqual(config.brokers.five_paisa?.credentials, { pin: '1' })
  assert.deepEqual(config.brokers.five?.credentials, { paisapin: '2' })
})

test('a broker of an outside module takes variables once the file names it', () => {
  const { config, cwd } = load({
    toml: '[brokers.my_broker]\nadapter = "my/spec.js"',
    env: { TICKPLANT_BROKERS_MY_BROKER_TOKEN: 't' },
  })
  assert.deepEqual(config.brokers.my_broker, {
    enabled: true,
    adapter: join(cwd, 'my/spec.js'),
    credentials: { token: 't' },
  })
})

test('port 0 may be given to both servers', () => {
  const { config } = load({ flags: { 'http.port': 0, 'websocket.port': 0 } })
  assert.equal(config.http.port, 0)
})

test('a credential that the broker does not name is told like any other unknown key', () => {
  const loaded = load({
    toml: '[brokers.zerodha]\napi_key = "k"',
    env: { TICKPLANT_BROKERS_ZERODHA_API_SECRT: 's' },
  })
  const broker = loaded.config.brokers.zerodha!
  assert.deepEqual(unknownBrokerKeys(broker, ['api_key', 'api_secret']), ['api_secrt'])
  assert.deepEqual(unknownBrokerKeys(broker, ['api_key', 'api_secrt']), [])
  checkBrokerKeys(loaded, 'zerodha', ['api_key', 'api_secrt'])
  assert.throws(() => checkBrokerKeys(loaded, 'zerodha', ['api_key', 'api_secret']), {
    name: 'ConfigError',
    message: new RegExp(
      '^brokers\\.zerodha\\.api_secrt in TICKPLANT_BROKERS_ZERODHA_API_SECRT ' +
        'of the environment is not a known key \\(did you mean api_secret\\?\\)',
    ),
  })
})
