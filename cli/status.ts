// What a running engine tells of itself: first all that was lost or refused.
import { indianText } from '../engine/indian-day.ts'
import { CliError, columns, defineCommand, NO_ENGINE, OK } from './command.ts'
import { CONFIG_OPTION, configFor, DATA_DIR_OPTION } from './config-options.ts'
import { adminRequest, findEngine } from './running-engine.ts'
import { type FeedStatus, readStatus, type Status, type ZeromqStatus } from './status/form.ts'

type Loss = readonly [where: string, count: number, what: string]

/** All that ticks may be missing for, each with its count. */
function lossesOf({ feeds, clients, zeromq, orders }: Status): Loss[] {
  const overZeromq: Loss[] = zeromq === null ? [] : zeromqLosses(zeromq)
  return [
    ...feeds.flatMap(feedLosses),
    ['websocket', clients.closedSlow, 'clients closed because they read too slowly'],
    ['websocket', clients.refusedFull, 'clients refused because there are too many'],
    ...overZeromq,
    [
      'orders',
      orders.reported,
      'orders of which no trace was found: look at the broker, and at the journal',
    ],
    ['orders', orders.unknown, 'orders whose outcome is being looked for'],
    [
      'orders',
      orders.threadDeaths,
      'times that a thread of the order gateway ended and was started again',
    ],
  ]
}

function feedLosses(feed: FeedStatus): Loss[] {
  const { broker } = feed
  return [
    [
      broker,
      feed.disconnects,
      'times that a socket to the broker was lost, and what it would have carried',
    ],
    [broker, feed.handedOver, 'instruments that another broker delivers while this one fails'],
    [broker, feed.workerRestarts, 'times that the feed worker crashed and was started again'],
    [broker, feed.rejects, 'frames or packets that made no sense'],
    [broker, feed.unknownTokens, 'ticks of tokens that the instruments of today do not hold'],
    [broker, feed.ring.lost, 'ticks overwritten before the core came to them'],
  ]
}

function zeromqLosses(zeromq: ZeromqStatus): Loss[] {
  return [
    ['zeromq', zeromq.conflated, 'ticks replaced by newer ones of their topic while they waited'],
    ['zeromq', zeromq.clientsRefused, 'clients refused, because their key is not allowed'],
    ['zeromq', zeromq.topicsWaiting, "topics that wait for room in the broker's capacity"],
    ['zeromq', zeromq.unknownTopics, 'subscriptions to instruments that no broker lists'],
    ['zeromq', zeromq.malformedTopics, 'subscriptions with characters that no name has'],
    ['zeromq', zeromq.prefixesRefused, 'prefixes refused because there are too many'],
    ['zeromq', zeromq.handshakeFailures, 'connections that failed at the handshake'],
  ]
}

const shown = (value: number) => value.toLocaleString('en-US')

function lossLines(status: Status): string[] {
  const losses = lossesOf(status).filter(([, times]) => times > 0)
  if (losses.length === 0) return ['Nothing lost.']
  const rows = losses.map(([where, times, what]) => [where, shown(times), what])
  return ['Lost or refused:', ...columns(rows)]
}

/** What only a person can do. */
function loginLines({ sessions }: Status): string[] {
  return sessions
    .filter(({ needsLogin }) => needsLogin)
    .map(({ broker, state, problem }) => {
      const why = problem === null ? '' : ` (${problem})`
      return `Sign in: ${broker} is ${state}${why}: run \`tickplant login ${broker}\``
    })
}

function sessionLines({ sessions }: Status): string[] {
  const rows = sessions.map(({ broker, state, expiresAtMs, expiresInS, userId, isInUse }) => [
    broker,
    state === 'expired' && isInUse ? 'expired, still accepted' : state,
    expiresAtMs === null ? '' : `in ${uptime(expiresInS ?? 0)}, ${indianText(expiresAtMs)}`,
    userId ?? '',
  ])
  return columns([['SESSION', 'STATE', 'ENDS ABOUT', 'USER'], ...rows])
}

function feedLines({ feeds }: Status): string[] {
  const header = [
    'FEED',
    'SOCKETS',
    'LISTED',
    'WANTED',
    'TICKS',
    'REJECTS',
    'UNKNOWN',
    'RING LAG',
    'RING LOST',
  ]
  const rows = feeds.map((feed) => [
    feed.broker,
    feed.sockets.join(' ') || 'none',
    shown(feed.instrumentsListed),
    `${shown(feed.instrumentsWanted)} of ${shown(feed.capacity)}`,
    shown(feed.ticks),
    shown(feed.rejects),
    shown(feed.unknownTokens),
    shown(feed.ring.behind),
    shown(feed.ring.lost),
  ])
  return columns([header, ...rows])
}

function clientLines({ clients: { list, connected, itemsSent } }: Status): string[] {
  const total = `WebSocket: connected ${shown(connected)}, items sent ${shown(itemsSent)}`
  if (list.length === 0) return [total]
  const rows = list.map(({ number, key, format, instruments, itemsSent: sent }) => [
    String(number),
    key || 'not authenticated',
    format,
    shown(instruments),
    shown(sent),
  ])
  return [total, ...columns([['CLIENT', 'KEY', 'FORMAT', 'INSTRUMENTS', 'ITEMS SENT'], ...rows])]
}

function zeromqLines({ zeromq }: Status): string[] {
  if (zeromq === null) return ['ZeroMQ: turned off']
  const { instrumentsDemanded: demanded, instrumentsDemandedMax: most } = zeromq
  const asked = `asking for ${shown(demanded)} of ${shown(most)} instruments`
  return [
    `ZeroMQ: connected ${shown(zeromq.peers)}${zeromq.curve ? ' (CURVE)' : ''}`,
    ...columns([
      ['ticks', `${zeromq.ticks.join(' ')} (${zeromq.format})`],
      ['', `topics ${shown(zeromq.topicsNamed)}, ${asked}; prefixes ${shown(zeromq.prefixes)}`],
      [
        '',
        `sent ${shown(zeromq.sent)}, waiting ${shown(zeromq.waiting)}, conflated ${shown(zeromq.conflated)}`,
      ],
      ['batches', zeromq.batches.join(' ')],
      ['', `sent ${shown(zeromq.batchesSent)}, items in them ${shown(zeromq.batchItemsSent)}`],
    ]),
  ]
}

function ordersLine({ orders }: Status): string {
  const kill = orders.killed ? '; the kill switch is set: nothing new is sent' : ''
  return `Orders: on their way ${shown(orders.running)}${kill}`
}

function latencyLine({ latency }: Status): string {
  if (latency.count === 0) return 'Latency from socket to send: nothing sent yet'
  const { p50Us, p90Us, p99Us, p999Us, maxUs } = latency
  const percentiles = Object.entries({
    p50: p50Us,
    p90: p90Us,
    p99: p99Us,
    'p99.9': p999Us,
    max: maxUs,
  })
  const texts = percentiles.map(([name, us]) => `${name} ${shown(us)} µs`)
  return `Latency from socket to send: ${texts.join('  ')}  (${shown(latency.count)} ticks)`
}

function uptime(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min` : `${seconds} s`
}

function describe(status: Status, pid: number): string[] {
  const sections = [lossLines, sessionLines, feedLines, clientLines, zeromqLines]
  return [
    `Engine of process ${pid}, up ${uptime(status.uptimeS)}`,
    ...loginLines(status),
    ...sections.flatMap((lines) => [...lines(status), '']),
    ordersLine(status),
    latencyLine(status),
  ]
}

export const command = defineCommand({
  usage: ['[--json]'],
  options: {
    json: { type: 'boolean', help: 'Print all that the engine tells, as JSON.' },
    ...DATA_DIR_OPTION,
    ...CONFIG_OPTION,
  },
  async run({ values }) {
    const engine = await findEngine(configFor(values).config.data_dir)
    if (engine === null) {
      throw new CliError(
        NO_ENGINE,
        'no engine is running on this data folder; start one with `tickplant start`',
      )
    }
    const told = await adminRequest(engine, 'GET', '/admin/status')
    const lines = values.json
      ? [JSON.stringify(told, null, 2)]
      : describe(readStatus(told), engine.pid)
    process.stdout.write(`${lines.join('\n')}\n`)
    return OK
  },
})
