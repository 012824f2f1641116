// A whole Noren broker on loopback: sign-in page, REST, contract files and feed on one port over one seeded market.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { indianDate } from './calendar.ts'
import { Exchange } from './exchange.ts'
import { NOREN_BRANDS, type NorenBroker } from './noren-brands.ts'
import { NorenFeed } from './noren-feed.ts'
import { NorenMarket, type Scrip } from './noren-market.ts'
import { fileOf } from './noren-masters.ts'
import { handleRequest, requestUrl } from './noren-rest.ts'
import { NorenSessions } from './noren-sessions.ts'
import type { Simulator, SimulatorOptions } from './simulator.ts'

const MESSAGE_BYTES_MAX = 1 << 20

export interface NorenOptions extends SimulatorOptions {
  readonly user?: string
  readonly key?: string
  readonly secret?: string
  /** A session that is valid from the start. */
  readonly accessToken?: string
  /** Epoch milliseconds; the wall clock where it is left out. */
  readonly clock?: () => number
}

export interface NorenSimulator extends Simulator {
  readonly instruments: readonly Scrip[]
}

function checkOptions({ seed, ratePerSecond }: SimulatorOptions): void {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed: ${seed} must be a whole number`)
  if (!(ratePerSecond >= 0 && ratePerSecond < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`ratePerSecond: ${ratePerSecond} must be a number from 0 up`)
  }
}

/** Everybody may connect; who it is, the first message tells. */
function serveUpgrades(server: Server, feedPath: string, feed: NorenFeed): void {
  const upgrades = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    if (requestUrl(request)?.pathname === feedPath) {
      upgrades.handleUpgrade(request, socket, head, (webSocket) => feed.accept(webSocket))
      return
    }
    socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
  })
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/**
 * Starts the simulator of a Noren broker and resolves when it listens. Rejects with a RangeError that names the
 * option, or with the system's error where the port is taken.
 */
export async function startNorenSimulator(
  broker: NorenBroker,
  options: NorenOptions,
): Promise<NorenSimulator> {
  checkOptions(options)
  const { host = '127.0.0.1', port = 0, seed, clock = Date.now } = options
  const brand = NOREN_BRANDS[broker]
  const day = options.today ?? indianDate(clock())
  const market = new NorenMarket(brand, options, day, (scrip) => fileOf(broker, scrip))
  const app = {
    user: options.user ?? brand.user,
    key: options.key ?? brand.key,
    secret: options.secret ?? 'sim_secret',
    accessToken: options.accessToken ?? 'sim_access_token',
  }
  const sessions = new NorenSessions(app, brand.signIn, seed)
  const exchange = new Exchange(market.table, seed)
  const feed = new NorenFeed(market, exchange, sessions, options, clock)
  const stats = (withTokens?: boolean) => feed.stats(withTokens)
  const context = { sessions, market, exchange, seed, day, clock, stats }
  const server = createServer((request, response) => handleRequest(context, request, response))
  serveUpgrades(server, brand.feedPath, feed)
  const bound = await listen(server, port, host).catch((error: unknown) => {
    feed.stop()
    throw error
  })
  let listed: readonly Scrip[] | undefined
  return {
    credentials: {
      user_id: app.user,
      [brand.keyName]: app.key,
      [brand.secretName]: app.secret,
      access_token: app.accessToken,
    },
    port: bound,
    restUrl: `http://${host}:${bound}${brand.restPath}`,
    feedUrl: `ws://${host}:${bound}${brand.feedPath}`,
    get instruments() {
      listed ??= [...market.scrips()]
      return listed
    },
    stats,
    dropSockets: () => feed.dropSockets(),
    pauseTicks: () => feed.pauseTicks(),
    resumeTicks: () => feed.resumeTicks(),
    muteHeartbeats: (muted) => feed.muteHeartbeats(muted),
    sendRaw: (frame) => feed.sendRaw(frame),
    expireSession: () => sessions.expireAll(),
    tickOnce: (tokens) => feed.tickOnce(tokens),
    burst: (count) => feed.burst(count),
    async close() {
      feed.stop()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
