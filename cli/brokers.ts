import type { BrokerSpec, Unsupported } from '../adapters/broker.ts'
import { BROKERS, loadBroker } from '../adapters/registry.ts'
import { columns, defineCommand, OK } from './command.ts'

/** What a broker offers, as `--json` prints it. */
function describe({ id, name, family, signIn, feed, plans = {}, orders, exchanges }: BrokerSpec) {
  const why = (orders as Partial<Unsupported>).unsupported
  return {
    id,
    name,
    family,
    signIn: {
      credentials: signIn.credentials,
      page: signIn.page !== undefined,
      calls: signIn.steps.length,
    },
    instruments: { perSocket: feed.instrumentsPerSocket, socketsMax: feed.socketsMax },
    modes: { ltp: true, quote: true, depthLevels: feed.depthLevels },
    plans: Object.entries(plans).map(([plan, offered]) => ({
      plan,
      perSocket: offered.instrumentsPerSocket,
      socketsMax: offered.socketsMax,
      depthLevels: offered.depthLevels,
    })),
    orders: { supported: why === undefined, why },
    exchanges,
  }
}

type Description = ReturnType<typeof describe>

const HEADER = [
  'ID',
  'NAME',
  'FAMILY',
  'SIGN-IN',
  'INSTRUMENTS',
  'LTP',
  'QUOTE',
  'DEPTH',
  'ORDERS',
  'EXCHANGES',
]

function row({ id, name, family, signIn, instruments, modes, orders, exchanges }: Description) {
  const calls = `${signIn.calls} call${signIn.calls === 1 ? '' : 's'}`
  return [
    id,
    name,
    family,
    signIn.page ? `page + ${calls}` : calls,
    `${instruments.socketsMax} x ${instruments.perSocket}`,
    'yes',
    'yes',
    `${modes.depthLevels} levels`,
    orders.supported ? 'yes' : `no: ${orders.why}`,
    exchanges.join(' '),
  ]
}

/** The credentials of a broker: the keys of its table in the configuration. */
function credentialLines({ id, signIn, plans }: Description): string[] {
  return [
    '',
    `Keys of [brokers.${id}]:`,
    ...columns([
      ...signIn.credentials.map(({ name, help }) => [name, help]),
      ...plans.map(({ plan, perSocket, socketsMax, depthLevels }) => [
        `plan = "${plan}"`,
        `${socketsMax} x ${perSocket} instruments, ${depthLevels} levels`,
      ]),
    ]),
  ]
}

export const command = defineCommand({
  usage: ['[--json]'],
  options: {
    json: { type: 'boolean', help: 'Print a JSON array instead of a table.' },
  },
  async run({ values }) {
    const specs = await Promise.all(Object.keys(BROKERS).map((id) => loadBroker(id)))
    const brokers = specs.map(describe)
    const lines = values.json
      ? [JSON.stringify(brokers, null, 2)]
      : [...columns([HEADER, ...brokers.map(row)]), ...brokers.flatMap(credentialLines)]
    process.stdout.write(`${lines.join('\n')}\n`)
    return OK
  },
})
