// What stands between the feeds and those who listen: where each tick comes from, who gets it, and who is told when the
// state of a feed changes.
import { BROKERS } from '../adapters/registry.ts'
import type { Config } from '../config/schema.ts'
import { CurveStore } from './auth/curve.ts'
import type { KeyRecord } from './auth/keys.ts'
import { nowMs } from './clock.ts'
import type { StreamEvent } from './distribute/event.ts'
import type { Outbox } from './distribute/outbox.ts'
import type { ProtocolContext } from './distribute/reply.ts'
import { OneBroker } from './distribute/source.ts'
import { Supply } from './distribute/supply.ts'
import type { loadUWebSockets } from './distribute/uws.ts'
import { WebSocketServer } from './distribute/websocket.ts'
import { type ZeroMqOptions, ZeroMqPublisher } from './distribute/zeromq/publisher.ts'
import type { Feed } from './feed/feed.ts'
import { GAP_REASONS } from './feed/state.ts'
import type { Logger } from './observe/log.ts'

export interface OutputParts {
  readonly config: Config
  readonly uws: ReturnType<typeof loadUWebSockets>
  readonly feeds: readonly Feed[]
  readonly outbox: Outbox
  readonly log: Logger
  verifyKey(key: string): KeyRecord | null
}

export interface Outputs {
  readonly supply: Supply
  readonly websocket: WebSocketServer
  readonly websocketPort: number
  /** Null where it is turned off. */
  readonly zeromq: ZeroMqPublisher | null
  /** Tells all clients of an event. */
  readonly sendEvent: SendEvent
}

/** Starts the servers that ticks leave by; what ends them again is added to `undo`. */
export async function startOutputs(
  { config, uws, feeds, outbox, log, verifyKey }: OutputParts,
  undo: (() => unknown)[],
): Promise<Outputs> {
  const supply = new Supply({
    feeds,
    handOverMs: config.feed.hand_over_ms,
    giveBackMs: config.feed.give_back_ms,
    onMoved(...move) {
      moved(sendEvent, log, ...move)
      // No drain ends here that would send it.
      outbox.flush()
    },
  })
  const context: ProtocolContext = {
    supply,
    sources: new Map(feeds.map((feed) => [feed.id, new OneBroker(feed)])),
    verifyKey,
    brokerIds: Object.keys(BROKERS),
    symbolsPerClientMax: config.websocket.symbols_per_client_max,
  }
  const websocket = new WebSocketServer(uws, config.websocket, context, outbox)
  const websocketPort = websocket.listen()
  undo.push(() => websocket.close())
  const zeromq = await startZeroMq(config, { feeds, supply, outbox, log })
  undo.push(() => zeromq?.close())
  const sendEvent = sendTo(websocket, zeromq)
  return { supply, websocket, websocketPort, zeromq, sendEvent }
}

async function startZeroMq(
  { zeromq: limits, data_dir: folder }: Config,
  parts: Pick<ZeroMqOptions, 'feeds' | 'supply' | 'outbox' | 'log'>,
): Promise<ZeroMqPublisher | null> {
  if (!limits.enabled) return null
  const curve = limits.curve ? await openCurve(folder) : null
  return ZeroMqPublisher.start({ ...parts, limits, folder, curve })
}

async function openCurve(folder: string) {
  const store = CurveStore.load(folder)
  return { pair: await store.serverPair(), allows: (key: Uint8Array) => store.allows(key) }
}

export type SendEvent = (feed: Feed, event: StreamEvent) => void

function sendTo(websocket: WebSocketServer, zeromq: ZeroMqPublisher | null): SendEvent {
  return (feed, event) => {
    websocket.sendEvent(feed, event)
    zeromq?.sendEvent(feed, event)
  }
}

/** Tells clients and the log that others deliver what a feed is preferred for, or no longer. */
function moved(
  send: SendEvent,
  log: Logger,
  home: Feed,
  from: Feed,
  to: Feed,
  instruments: number,
): void {
  const status = to === home ? 'taken_back' : 'handed_over'
  const since = nowMs()
  const route = { from: from.id, to: to.id, instruments }
  log.warn({ broker: home.id, ...route }, `instruments ${status.replace('_', ' ')}`)
  send(home, { type: 'feed_status', broker: home.id, status, ...route, since })
}

/** Turns the ring's events into what clients see. */
export function eventsTo(send: SendEvent) {
  return {
    onGap(feed: Feed) {
      const { code, socket, sinceMs, untilMs } = feed.reader.event
      const reason = GAP_REASONS[code] ?? 'reconnected'
      const times = { since: sinceMs, until: untilMs }
      send(feed, { type: 'gap', broker: feed.id, reason, socket, ...times })
    },
    onLapped(feed: Feed, lost: number) {
      send(feed, { type: 'gap', broker: feed.id, reason: 'lapped', lost })
    },
    onStatus(feed: Feed) {
      const { socket, sinceMs } = feed.reader.event
      const status = feed.onStatus(feed.reader.event)
      const event = {
        type: 'feed_status',
        broker: feed.id,
        status,
        socket,
        since: sinceMs,
      } as const
      send(feed, event)
    },
  }
}
