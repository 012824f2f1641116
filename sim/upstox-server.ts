// A whole Upstox on loopback: sign-in, REST, instrument file and feed on one port over one seeded market. Upstox
// Developer API v2 and v3.
import { createServer, type IncomingMessage } from 'node:http'
import { indianDate } from './calendar.ts'
import { Exchange } from './exchange.ts'
import { requestUrl } from './http.ts'
import { INSTRUMENTS_MAX, listInstruments } from './listing.ts'
import {
  checkOptions,
  closeServer,
  handlesOf,
  listen,
  noUpgrade,
  serveUpgrades,
} from './loopback.ts'
import type { Simulator, SimulatorOptions } from './simulator.ts'
import { LEFT_OUT_MAX, UpstoxCatalogue } from './upstox-catalogue.ts'
import { UpstoxFeed } from './upstox-feed.ts'
import { UpstoxQuotes } from './upstox-quotes.ts'
import {
  FEED_ADDRESS_PATH,
  failure,
  handleRequest,
  newFeedAddress,
  type RestContext,
  unknownPath,
} from './upstox-rest.ts'
import { Refusal, type UpstoxApp, UpstoxSessions } from './upstox-sessions.ts'

const SOCKETS_MAX = 2
const FEED_PATH = '/v3/feed/market-data-feed'
const LISTED_MAX = INSTRUMENTS_MAX - LEFT_OUT_MAX

export interface UpstoxOptions extends SimulatorOptions {
  readonly apiKey?: string
  readonly apiSecret?: string
  /** Where the app is registered to be called back. */
  readonly redirectUri?: string
  /** A session that is valid from the start. */
  readonly accessToken?: string
  /** Epoch ms; the wall clock when absent. */
  readonly clock?: () => number
}

export type UpstoxSimulator = Simulator & UpstoxApp

function checkAll(options: SimulatorOptions): void {
  checkOptions(options)
  const { instruments } = options
  if (!Number.isInteger(instruments) || instruments < 1 || instruments > LISTED_MAX) {
    throw new RangeError(
      `instruments: ${instruments} must be a whole number from 1 to ${LISTED_MAX}`,
    )
  }
}

function appOf(options: UpstoxOptions): UpstoxApp {
  const { redirectUri = 'http://127.0.0.1/' } = options
  if (!URL.canParse(redirectUri)) throw new RangeError('redirectUri: it must be a whole URL')
  return {
    apiKey: options.apiKey ?? 'sim_api_key',
    apiSecret: options.apiSecret ?? 'sim_api_secret',
    redirectUri,
    accessToken: options.accessToken ?? 'sim_access_token',
  }
}

function makeCatalogue(options: SimulatorOptions, today: string): UpstoxCatalogue {
  const { seed, instruments } = options
  return new UpstoxCatalogue(
    listInstruments(seed, today, instruments + LEFT_OUT_MAX),
    instruments,
    seed,
  )
}

/** Gives a new single-use address where the direct one was asked for, else null; throws the Refusal of an upgrade. */
function admit(request: IncomingMessage, context: RestContext, feed: UpstoxFeed): string | null {
  const url = requestUrl(request)
  if (url?.pathname === FEED_PATH) {
    context.sessions.require(request.headers.authorization)
    return newFeedAddress(context)
  }
  if (url?.pathname !== FEED_ADDRESS_PATH) throw unknownPath()
  context.sessions.useFeedCode(url.searchParams.get('code'), context.clock())
  // Clients take 401 and 403 as a dead address or session, and neither would help here: this is a limit, so 429.
  if (feed.openSockets >= SOCKETS_MAX) {
    throw new Refusal(429, 'UDAPI10005', 'Too Many Request Sent: 2 connections per user')
  }
  return null
}

function refusalOf(
  request: IncomingMessage,
  context: RestContext,
  feed: UpstoxFeed,
): string | null {
  try {
    const address = admit(request, context, feed)
    return address === null ? null : noUpgrade(302, `location: ${address}\r\n`)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const body = JSON.stringify(failure(error))
    return noUpgrade(error.status, 'content-type: application/json\r\n', body)
  }
}

/**
 * Starts Upstox's simulator and resolves when it listens. Rejects with a RangeError that names the option, or with
 * the system's error where the port is taken.
 */
export async function startUpstoxSimulator(options: UpstoxOptions): Promise<UpstoxSimulator> {
  checkAll(options)
  const { seed, ratePerSecond, clock = Date.now } = options
  const today = options.today ?? indianDate(clock())
  const catalogue = makeCatalogue(options, today)
  const app = appOf(options)
  const sessions = new UpstoxSessions(app, seed)
  const quotes = new UpstoxQuotes(catalogue, new Exchange(catalogue.table, seed), seed)
  const feed = new UpstoxFeed(catalogue, quotes, { seed, ratePerSecond, clock })
  const stats = (withTokens?: boolean) => feed.stats(withTokens)
  const edition = `${seed} ${today} ${options.instruments}`
  let socketOrigin = ''
  const context = { sessions, catalogue, edition, clock, stats, socketOrigin: () => socketOrigin }
  const server = createServer((request, response) => handleRequest(context, request, response))
  serveUpgrades(server, feed, (request) => refusalOf(request, context, feed))
  const { host, port } = await listen(server, options, () => feed.stop())
  socketOrigin = `ws://${host}:${port}`
  return {
    ...app,
    credentials: {
      api_key: app.apiKey,
      api_secret: app.apiSecret,
      redirect_uri: app.redirectUri,
      access_token: app.accessToken,
    },
    port,
    restUrl: `http://${host}:${port}`,
    feedUrl: `${socketOrigin}${FEED_PATH}`,
    get instruments() {
      return catalogue.instruments
    },
    ...handlesOf(feed),
    expireSession: () => sessions.expireAll(),
    tickOnce: (keys) => feed.tickOnce(keys?.map(String)),
    async close() {
      feed.stop()
      await closeServer(server)
    },
  }
}
