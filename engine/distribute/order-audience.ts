// The clients of both streams, as order events see them.
import type { Feed } from '../feed/feed.ts'
import type { OrderAudience } from '../orders/order-events.ts'
import type { Outbox } from './outbox.ts'
import type { WebSocketServer } from './websocket.ts'
import type { ZeroMqPublisher } from './zeromq/publisher.ts'

export interface AudienceParts {
  readonly feeds: readonly Feed[]
  readonly websocket: WebSocketServer
  /** Null where it is turned off. */
  readonly zeromq: ZeroMqPublisher | null
  readonly outbox: Outbox
}

/** Makes one audience of the clients of both streams. */
export function audienceOf({ feeds, websocket, zeromq, outbox }: AudienceParts): OrderAudience {
  const feedOf = (broker: string) => feeds.find(({ id }) => id === broker)!
  return {
    listens(broker) {
      const feed = feedOf(broker)
      return websocket.hasOrderListener(feed) || (zeromq?.hasOrderListener(feed) ?? false)
    },
    send(update) {
      const feed = feedOf(update.broker)
      websocket.sendOrder(feed, update)
      zeromq?.sendOrder(feed, update)
      // No drain ends here that would send it.
      outbox.flush()
    },
  }
}
