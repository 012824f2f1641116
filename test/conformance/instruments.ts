// Cards I: signing in, and the instruments that come of it.
import assert from 'node:assert/strict'
import type { Credentials } from '../../adapters/broker.ts'
import { MANDATORY_INDICES } from '../../adapters/registry.ts'
import { parseSymbol } from '../../adapters/symbol.ts'
import { callHttp } from '../../engine/auth/http.ts'
import { SignInError, signIn } from '../../engine/auth/sign-in.ts'
import { epochDay } from '../../engine/symbols/epoch-day.ts'
import { loadIndex, openStore } from '../../engine/symbols/store.ts'
import { temporaryFolder } from '../support/plant.ts'
import {
  type Broker,
  credentialsFor,
  type Listed,
  startBroker,
  startEngineOn,
  syncBroker,
} from './bench.ts'
import type { Card, Subject } from './card.ts'
import { serveDamaged } from './damaged-list.ts'

const DERIVATIVES = ['NFO', 'BFO', 'CDS', 'BCD', 'MCX', 'NCO']
/** So few instruments may a simulator have beside those of the market. */
const STRANGE_MAX = 5
const EQUITY_SYMBOL = /^[A-Z0-9&_.-]+$/

/** The error with which a sign-in ends that must fail. */
async function refusalOf(broker: Broker, credentials: Credentials): Promise<SignInError> {
  const error = await signIn(broker.spec, broker.hosts, credentials).then(
    () => assert.fail('signed in'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof SignInError, String(error))
  return error
}

/** Every text of some length in what a broker answered. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.length >= 4 ? [value] : []
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

/** What the broker itself says to these credentials: the texts of the first reply that refuses. */
async function brokersWords({ spec, hosts }: Broker, credentials: Credentials): Promise<string[]> {
  let known = credentials
  for (const step of spec.signIn.steps) {
    const reply = await callHttp(step.request(hosts, known, Date.now()))
    const outcome = step.read(reply, known, Date.now())
    if ('values' in outcome) known = { ...known, ...outcome.values }
    else return textsIn(JSON.parse(reply.body))
  }
  return []
}

const nameAtBroker = (row: { readonly brokerExchange: string; readonly brokerSymbol: string }) =>
  `${row.brokerExchange} ${row.brokerSymbol}`
const asText = (value: string | number) => String(value)

async function liveGeneration(storeFolder: string, broker: string): Promise<number | undefined> {
  const store = openStore(storeFolder)
  try {
    return loadIndex(store, broker)?.generation
  } finally {
    await store.root.close()
  }
}

type Synced = { readonly broker: Broker } & Listed
const syncedLists = new WeakMap<Subject, Promise<Synced>>()

async function sync(subject: Subject): Promise<Synced> {
  const broker = await startBroker(subject.scope, subject)
  return { broker, ...(await syncBroker(subject.scope, broker)) }
}

/** One list of the broker, synced once for all cards that only look at it. */
function listOf(subject: Subject): Promise<Synced> {
  const synced = syncedLists.get(subject) ?? sync(subject)
  syncedLists.set(subject, synced)
  return synced
}

export const CARDS: readonly Card[] = [
  {
    id: 'I-01',
    title: 'the page and the steps yield a session',
    proves: 'a person who signs in on the page gets a session that the feed and the list accept',
    async run(subject, context) {
      const broker = await startBroker(context, subject)
      const credentials = await credentialsFor(broker)
      const { session } = await signIn(subject.spec, broker.hosts, credentials)
      assert.ok(session.accessToken.length > 0)
      const own = await credentialsFor(broker)
      const { feed } = await startEngineOn(context, broker, { credentials: own })
      assert.ok(feed.tokens.rows > 0)
    },
  },
  {
    id: 'I-02',
    title: "a wrong secret is refused in the broker's words, without the secret",
    proves: 'who mistypes a secret reads why, and no log of it tells a secret',
    async run(subject, context) {
      const broker = await startBroker(context, subject)
      const secrets = subject.spec.signIn.credentials.filter(
        ({ secret, needed }) => secret && needed !== 'never',
      )
      assert.ok(secrets.length > 0, 'nothing secret is needed to sign in')
      for (const { name } of secrets) {
        const right = await credentialsFor(broker)
        const wrong = { ...right, [name]: 'mistyped-0123456789' }
        const { kind, message } = await refusalOf(broker, wrong)
        assert.equal(kind, 'refused', message)
        for (const each of secrets) {
          assert.ok(!message.includes(wrong[each.name]!), `${name}: ${message}`)
        }
        const words = await brokersWords(broker, wrong)
        assert.ok(
          words.some((text) => message.includes(text)),
          `${name}: ${message} holds none of ${words}`,
        )
      }
    },
  },
  {
    id: 'I-03',
    title: 'the whole list is taken',
    proves:
      'every instrument that the broker lists is in the store; a row that is left out has a reason',
    async run(subject) {
      const { broker, synced, rows } = await listOf(subject)
      assert.equal(synced.outcome, 'synced')
      for (const { reason, text } of synced.samples) {
        assert.match(reason, /^[A-Za-z][\w "',.():-]{7,150}$/, text)
        assert.ok(!reason.startsWith('an earlier row'), `${reason}: ${text}`)
      }
      const { instruments } = broker.simulator
      const known = new Set(rows.map(nameAtBroker))
      const taken = new Set(rows.map(({ brokerExchange }) => brokerExchange))
      const missing = instruments.filter(
        (each) => !known.has(`${each.exchange} ${each.tradingsymbol}`),
      )
      const torn = missing.filter(({ exchange }) => taken.has(exchange))
      assert.deepEqual(torn, [], 'left out of a segment that is otherwise taken')
      const skipped = Object.values(synced.skipped).reduce((sum, count) => sum + count, 0)
      assert.ok(skipped >= missing.length, `${missing.length} are missing, ${skipped} left out`)
      const expected = new Set([
        ...instruments.map(({ exchange, tradingsymbol }) => `${exchange} ${tradingsymbol}`),
        ...(subject.spec.instruments.unlisted ?? []).map(nameAtBroker),
      ])
      assert.deepEqual(
        [...known].filter((name) => !expected.has(name)),
        [],
        'rows that the broker does not list',
      )
    },
  },
  {
    id: 'I-04',
    title: 'symbols are those of the common format and agree with their rows',
    proves: 'one symbol means the same instrument at every broker',
    async run(subject) {
      const { broker, rows } = await listOf(subject)
      const common = new Map(
        broker.twin.instruments.map((each) => [`${each.exchange}:${each.symbol}`, each]),
      )
      const names = new Set<string>()
      for (const row of rows) {
        const name = `${row.exchange}:${row.symbol}`
        assert.ok(!names.has(name), `${name} is there twice`)
        names.add(name)
        assert.ok(subject.spec.exchanges.includes(row.exchange), name)
        checkSymbol(row, name)
        const meant = common.get(name)
        if (meant === undefined) continue
        const { kind, strike, expiry } = meant
        const day = expiry === null ? null : epochDay(expiry)
        assert.deepEqual([row.instrumentType, row.strike, row.expiryDay], [kind, strike, day], name)
      }
      const strange = [...names].filter((name) => !common.has(name))
      assert.ok(strange.length <= STRANGE_MAX, `the market does not have ${strange}`)
    },
  },
  {
    id: 'I-05',
    title: 'the mandatory indices are there',
    proves: 'strategies find the indices that everybody watches under their common names',
    async run(subject) {
      const { rows } = await listOf(subject)
      const indices = rows.filter(({ instrumentType }) => instrumentType === 'INDEX')
      const names = new Set(indices.map(({ exchange, symbol }) => `${exchange}:${symbol}`))
      for (const [exchange, symbols] of Object.entries(MANDATORY_INDICES)) {
        if (!subject.spec.exchanges.includes(exchange)) continue
        for (const symbol of symbols) {
          assert.ok(names.has(`${exchange}:${symbol}`), `${exchange}:${symbol}`)
        }
      }
    },
  },
  {
    id: 'I-06',
    title: 'every token leads back to its instrument',
    proves: 'what the feed answers is never taken for another instrument',
    async run(subject) {
      const { broker, rows, tokens } = await listOf(subject)
      const byName = new Map(rows.map((row) => [nameAtBroker(row), row]))
      for (const { token, exchange, tradingsymbol } of broker.simulator.instruments) {
        const row = byName.get(`${exchange} ${tradingsymbol}`)
        if (row !== undefined)
          assert.equal(row.token, asText(token), `${exchange} ${tradingsymbol}`)
      }
      for (const { instrument, symbol } of rows) {
        const token = tokens.tokenOf(instrument)!
        const segment = tokens.segmentOf(instrument)
        const bytes = Buffer.from(asText(token))
        const found =
          typeof token === 'number'
            ? tokens.resolve(segment, token)
            : tokens.findBytes(segment, bytes, 0, bytes.length)
        assert.equal(found, instrument, symbol)
      }
    },
  },
  {
    id: 'I-07',
    title:
      'a list that is cut, too short, a page or without a column is refused, and the old one stays',
    proves: "a bad morning at the broker costs no strategy yesterday's instruments",
    async run(subject, context) {
      const broker = await startBroker(context, subject)
      const storeFolder = await temporaryFolder(context)
      const before = await syncBroker(context, broker, { storeFolder })
      const damaged = await serveDamaged(context, broker)
      for (const damage of damaged.kinds) {
        damaged.kind = damage
        const sync = syncBroker(context, broker, { storeFolder, hosts: damaged.hosts })
        await assert.rejects(sync, { name: 'SyncError' }, damage)
        assert.equal(await liveGeneration(storeFolder, subject.spec.id), before.synced.generation)
        assert.ok(damaged.served > 0, `${damage}: nothing was downloaded`)
      }
      damaged.kind = 'none'
      const after = await syncBroker(context, broker, { storeFolder, hosts: damaged.hosts })
      assert.deepEqual(
        after.rows.map(({ instrument, symbol }) => [instrument, symbol]),
        before.rows.map(({ instrument, symbol }) => [instrument, symbol]),
      )
    },
  },
]

type Row = Awaited<ReturnType<typeof syncBroker>>['rows'][number]

/** What a symbol tells must be what the other columns of its row say. */
function checkSymbol(row: Row, name: string): void {
  const { exchange, symbol, instrumentType, strike, expiryDay: day, lotSize, tickSize } = row
  const parts = parseSymbol(symbol)
  if (instrumentType === 'INDEX') {
    assert.ok(exchange.endsWith('_INDEX'), name)
    assert.match(symbol, /^\S+$/, name)
    assert.equal(symbol, symbol.toUpperCase(), name)
    return
  }
  assert.ok(lotSize >= 1 && tickSize > 0, `${name}: lot ${lotSize}, tick ${tickSize}`)
  if (instrumentType === 'EQ') {
    assert.ok(!DERIVATIVES.includes(exchange) && !exchange.endsWith('_INDEX'), name)
    assert.match(symbol, EQUITY_SYMBOL, name)
    assert.deepEqual([parts, day, strike], [null, null, null], name)
    return
  }
  assert.ok(DERIVATIVES.includes(exchange), name)
  assert.equal(parts?.type, instrumentType, name)
  assert.equal(epochDay(parts.expiry), day, name)
  assert.equal(parts.type === 'FUT' ? null : parts.strike, strike, name)
}
