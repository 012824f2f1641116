// A whole Noren broker on loopback: sign-in page, REST, contract files and feed on one port over one seeded market.
import { createServer } from 'node:http'
import { indianDate } from './calendar.ts'
import { Exchange } from './exchange.ts'
import { requestUrl } from './http.ts'
import {
  checkOptions,
  closeServer,
  handlesOf,
  listen,
  noUpgrade,
  serveUpgrades,
} from './loopback.ts'
import { NOREN_BRANDS, type NorenBroker } from './noren-brands.ts'
import { NorenFeed } from './noren-feed.ts'
import { NorenMarket, type Scrip } from './noren-market.ts'
import { fileOf } from './noren-masters.ts'
import { handleRequest } from './noren-rest.ts'
import { NorenSessions } from './noren-sessions.ts'
import type { Simulator, SimulatorOptions } from './simulator.ts'

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

/**
 * Starts the simulator of a Noren broker and resolves when it listens. Rejects with a RangeError that names the
 * option, or with the system's error where the port is taken.
 */
export async function startNorenSimulator(
  broker: NorenBroker,
  options: NorenOptions,
): Promise<NorenSimulator> {
  checkOptions(options)
  const { seed, clock = Date.now } = options
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
  // Everybody may connect; who it is, the first message tells.
  serveUpgrades(server, feed, (request) => {
    return requestUrl(request)?.pathname === brand.feedPath ? null : noUpgrade(404)
  })
  const { host, port } = await listen(server, options, () => feed.stop())
  let listed: readonly Scrip[] | undefined
  return {
    credentials: {
      user_id: app.user,
      [brand.keyName]: app.key,
      [brand.secretName]: app.secret,
      access_token: app.accessToken,
    },
    port,
    restUrl: `http://${host}:${port}${brand.restPath}`,
    feedUrl: `ws://${host}:${port}${brand.feedPath}`,
    get instruments() {
      listed ??= [...market.scrips()]
      return listed
    },
    ...handlesOf(feed),
    expireSession: () => sessions.expireAll(),
    tickOnce: (tokens) => feed.tickOnce(tokens),
    async close() {
      feed.stop()
      await closeServer(server)
    },
  }
}
