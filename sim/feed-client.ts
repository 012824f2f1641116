// One socket of a simulated feed: what it is subscribed to, its share of the pace, and whether its client reads.
import type { WebSocket } from 'ws'
import type { Share } from './pace.ts'
import type { Subscriptions } from './subscriptions.ts'

/** A socket with more than this unsent gets no more ticks until its client has read. */
const QUEUE_BYTES_MAX = 4 * 1024 * 1024
/** A socket with more than this unsent is ended when its client still asks for more. */
const ABANDONED_BYTES = 2 * QUEUE_BYTES_MAX

export class FeedClient<Mode extends number> implements Share {
  readonly socket: WebSocket
  readonly subscriptions: Subscriptions<Mode>
  credit = 0
  dealt = 0

  constructor(socket: WebSocket, subscriptions: Subscriptions<Mode>) {
    this.socket = socket
    this.subscriptions = subscriptions
  }

  /** A pair of socket and instrument is a pair, whosever it is. */
  get weight(): number {
    return this.subscriptions.count
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN
  }

  get isSlow(): boolean {
    return this.socket.bufferedAmount > QUEUE_BYTES_MAX
  }

  get isLost(): boolean {
    return this.socket.bufferedAmount > ABANDONED_BYTES
  }
}
