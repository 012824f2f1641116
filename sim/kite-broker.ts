// What stands behind the doors of a simulated Kite: one market, one account, the feed, and what is told of orders.
import { indianDate } from './calendar.ts'
import { CallCounts } from './call-counts.ts'
import { Exchange } from './exchange.ts'
import { Faults } from './faults.ts'
import { Triggers } from './gtt.ts'
import { openAccount } from './kite-account.ts'
import type { RestContext } from './kite-call.ts'
import { KiteFeed } from './kite-feed.ts'
import { CallLimits, KITE_LIMITS } from './kite-limits.ts'
import { orderMessages } from './kite-messages.ts'
import { Postback } from './kite-postback.ts'
import { KiteRecord } from './kite-record.ts'
import type { KiteOptions } from './kite-server.ts'
import { type KiteApp, KiteSessions } from './kite-sessions.ts'
import { listInstruments } from './listing.ts'
import { Timers } from './timers.ts'
import { Watch } from './watch.ts'

/** Good-till-triggered orders that are kept; more are refused. */
const TRIGGERS_MAX = 1000

export interface KiteBroker extends RestContext {
  readonly feed: KiteFeed
  /** Calls that are held back, and changes that are to come. */
  pending(): number
  /** Ends the feed and drops what was to come later. */
  stop(): void
}

/** Opens the broker for business. Throws a RangeError that names the option at fault. */
export function openBroker(options: KiteOptions, app: KiteApp): KiteBroker {
  const { seed, limits, rejections = 'reply', postbackUrl } = options
  const clock = options.clock ?? Date.now
  const today = options.today ?? indianDate(clock())
  const table = listInstruments(seed, today, options.instruments)
  const exchange = new Exchange(table, seed)
  const watch = new Watch(table.length)
  const account = openAccount(options.account ?? {}, table, exchange, watch, seed, clock)
  const triggers = new Triggers(account, watch, TRIGGERS_MAX)
  const faults = new Faults(seed)
  const timers = new Timers()
  const postback = postbackUrl === undefined ? undefined : new Postback(postbackUrl)
  // Last of all, because its timer runs from here on.
  const feed = new KiteFeed(table, exchange, watch, { ...options, clock })
  account.onStage = orderMessages({
    apiSecret: app.apiSecret,
    faults,
    postback,
    isHeard: () => feed.openSockets > 0,
    send: (text) => feed.tell(text),
  })
  return {
    sessions: new KiteSessions(app, seed),
    table,
    account,
    triggers,
    limits: new CallLimits(limits === false ? null : { ...KITE_LIMITS, ...limits }),
    calls: new CallCounts(),
    faults,
    record: new KiteRecord(account),
    seed,
    today,
    rejections,
    clock,
    later: (delayMs, work) => timers.start(delayMs, work),
    stats: (withTokens) => feed.stats(withTokens),
    moveTo: (token, rupees) => feed.moveTo(token, rupees),
    tickOnce: (tokens) => feed.tickOnce(tokens),
    feed,
    pending: () => timers.size,
    stop() {
      feed.stop()
      timers.stop()
      postback?.stop()
    },
  }
}
