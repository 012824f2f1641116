// ZeroMQ: ticks by topic on one socket, batches of all that flows on another (docs/zeromq.md). It is the core's and
// lives on its thread.
import { lookup } from 'node:dns/promises'
import { join } from 'node:path'
import { pack } from 'msgpackr'
import { Context } from 'zeromq'
import type { Mode } from '../../../codecs/tick.ts'
import type { CurvePair } from '../../auth/curve-pair.ts'
import { nowMs } from '../../clock.ts'
import type { Feed } from '../../feed/feed.ts'
import type { Logger } from '../../observe/log.ts'
import { LogSampler } from '../../observe/log-sampler.ts'
import { type OrderUpdate, withUser } from '../../orders/order-update.ts'
import { StartError } from '../../start-error.ts'
import type { StreamEvent } from '../event.ts'
import type { Outbox } from '../outbox.ts'
import type { Supply } from '../supply.ts'
import { Batches } from './batches.ts'
import { Prefixes } from './prefixes.ts'
import { CapacityShare } from './share.ts'
import { PublisherSocket, type SocketOptions } from './socket.ts'
import { Channel, type Receiver } from './topic.ts'
import { BATCH_TOPIC, isOfOrders, isOfStatus, ordersTopic, statusTopic } from './topic-names.ts'
import { TopicQueue } from './topic-queue.ts'
import { type Mistake, Topics } from './topics.ts'
import { startZap } from './zap.ts'

// How long a new subscription may stay unheard.
const POLL_MS = 10
const TOPIC_CHARACTERS_SHOWN = 80

export interface ZeroMqLimits {
  readonly host: string
  readonly port: number
  readonly batch_port: number
  readonly format: 'msgpack' | 'json'
  readonly capacity_percent_max: number
  readonly prefixes_max: number
  readonly queue_messages_max: number
  readonly batch_queue_messages_max: number
}

/** The server's key pair, Z85, and who may connect. */
export interface Curve {
  readonly pair: CurvePair
  allows(publicKey: Uint8Array): boolean
}

export interface ZeroMqOptions {
  readonly limits: ZeroMqLimits
  readonly feeds: readonly Feed[]
  readonly supply: Supply
  readonly outbox: Outbox
  /** Folder of the ipc endpoints. */
  readonly folder: string
  /** Null lets in whoever reaches the sockets. */
  readonly curve: Curve | null
  readonly log: Logger
}

/** What to tell of a subscription that will receive nothing. */
const MISTAKES: Readonly<Record<Mistake, string>> = {
  unknown: 'zeromq: a topic names no instrument of a running broker; it receives nothing',
  malformed: 'zeromq: a topic holds characters that no name has; it receives nothing',
  refused:
    'zeromq: too many prefixes (zeromq.prefixes_max); this one receives only what others select',
}

/** On the batch port a full topic only makes its instrument flow. */
const SILENT: Receiver = { isPacked: true, queue() {}, deliveredBy() {} }

export class ZeroMqPublisher {
  readonly #options: ZeroMqOptions
  // One for each engine: the keeper of keys has the same name in every context.
  readonly #context = new Context()
  readonly #share: CapacityShare
  readonly #prefixes: Prefixes
  readonly #topics: Topics
  readonly #batchTopics: Topics
  readonly #queue: TopicQueue
  readonly #batches: Batches
  readonly #statusChannels = new Map<Feed, Channel>()
  readonly #orderChannels = new Map<Feed, Channel>()
  /** Subscribed texts that ask for orders. */
  readonly #orderTopics = new Set<string>()
  readonly #sampler = new LogSampler(1)
  readonly #batchPrefixes = new Set<string>()
  #ticks: PublisherSocket | null = null
  #batch: PublisherSocket | null = null
  #timer: NodeJS.Timeout | undefined
  #zap: { close(): void } | null = null
  #snapshots = 0
  #refused = 0

  private constructor(options: ZeroMqOptions) {
    const { feeds, supply, limits, outbox } = options
    this.#options = options
    this.#share = new CapacityShare(limits.capacity_percent_max)
    this.#prefixes = new Prefixes(limits.prefixes_max)
    const send = (frames: Channel['frames']) => this.#ticks?.send(frames)
    this.#queue = new TopicQueue(limits.format === 'msgpack', outbox, send)
    this.#batches = new Batches(outbox, (frames) => this.#batch?.send(frames))
    this.#topics = new Topics({
      feeds,
      supply,
      share: this.#share,
      prefixes: this.#prefixes,
      receiver: (text, feed) => new Channel(text, this.#queue, feed.id),
    })
    this.#batchTopics = new Topics({
      feeds,
      supply,
      share: this.#share,
      prefixes: new Prefixes(0),
      receiver: () => SILENT,
    })
    for (const feed of feeds) {
      this.#statusChannels.set(feed, new Channel(statusTopic(feed.id), this.#queue, null))
      this.#orderChannels.set(feed, new Channel(ordersTopic(feed.id), this.#queue, null))
      feed.router.onFlow = (...flow) => this.#onFlow(feed, ...flow)
    }
  }

  /** Binds both sockets. Throws a sentence where one cannot be bound. */
  static async start(options: ZeroMqOptions): Promise<ZeroMqPublisher> {
    const publisher = new ZeroMqPublisher(options)
    try {
      await publisher.#bind()
    } catch (error) {
      publisher.close()
      throw error
    }
    return publisher
  }

  /** What a subscriber on this machine has to know. */
  get word() {
    const { limits, curve } = this.#options
    return {
      ticks: this.#ticks!.endpoints,
      batches: this.#batch!.endpoints,
      format: limits.format,
      curvePublicKey: curve?.pair.publicKey ?? null,
    }
  }

  async #bind(): Promise<void> {
    const { limits, folder, curve } = this.#options
    if (curve !== null) this.#zap = await this.#letIn(curve)
    const common = {
      context: this.#context,
      address: await addressOf(limits.host, curve),
      curveSecretKey: curve?.pair.secretKey ?? null,
    }
    const ticks: SocketOptions = {
      ...common,
      port: limits.port,
      portKey: 'zeromq.port',
      ipcFile: join(folder, 'ticks.ipc'),
      queueMessagesMax: limits.queue_messages_max,
    }
    this.#ticks = await PublisherSocket.bind(ticks, {
      onSubscribe: (topic) => this.#onSubscribe(topic),
      onUnsubscribe: (topic) => this.#onUnsubscribe(topic),
      onPause: () => this.#options.outbox.flush(),
    })
    const batches: SocketOptions = {
      ...common,
      port: limits.batch_port,
      portKey: 'zeromq.batch_port',
      ipcFile: join(folder, 'batches.ipc'),
      queueMessagesMax: limits.batch_queue_messages_max,
    }
    this.#batch = await PublisherSocket.bind(batches, {
      onSubscribe: (topic) => this.#onBatchSubscribe(topic),
      onUnsubscribe: (topic) => this.#onBatchUnsubscribe(topic),
      onPause() {},
    })
    this.#timer = setInterval(() => {
      this.#ticks?.poll()
      this.#batch?.poll()
    }, POLL_MS)
  }

  close(): void {
    clearInterval(this.#timer)
    for (const { router } of this.#options.feeds) {
      router.onFlow = null
      router.everything = null
    }
    this.#queue.close()
    this.#ticks?.close()
    this.#batch?.close()
    this.#zap?.close()
  }

  /** Called when a feed has other instruments: names that were unknown may be of one now. */
  onInstruments(): void {
    this.#topics.relist()
    this.#batchTopics.relist()
  }

  #letIn({ allows }: Curve) {
    return startZap(this.#context, allows, (address, reason) => {
      this.#refused += 1
      const heldBack = this.#sampler.admit('refused client', nowMs())
      if (heldBack === null) return
      this.#options.log.warn({ address, reason, heldBack }, 'zeromq: a client was refused')
    })
  }

  /** Sends an event of a feed, in its place among the ticks. */
  sendEvent(feed: Feed, event: StreamEvent): void {
    this.#queueEvent(feed, event)
    if (feed.router.everything === null) return
    const bytes = pack(event)
    const start = this.#options.outbox.put(bytes)
    feed.router.everything.queue(start, start + bytes.length)
  }

  /** Whether anybody has subscribed to the orders of a broker; a prefix that selects more asks for nothing. */
  hasOrderListener(feed: Feed): boolean {
    const topic = ordersTopic(feed.id)
    for (const text of this.#orderTopics) if (topic.startsWith(text)) return true
    return false
  }

  /** Sends a state of an order. */
  sendOrder(feed: Feed, update: OrderUpdate): void {
    this.#queueTo(this.#orderChannels.get(feed)!, withUser(update, feed.userId))
  }

  #queueEvent(feed: Feed, event: StreamEvent): void {
    this.#queueTo(this.#statusChannels.get(feed)!, event)
  }

  #queueTo(channel: Channel, event: object): void {
    const bytes = channel.isPacked ? pack(event) : Buffer.from(JSON.stringify(event))
    const start = this.#options.outbox.put(bytes)
    channel.queue(start, start + bytes.length)
  }

  #onFlow(feed: Feed, instrument: number, mode: Mode, flows: boolean): void {
    this.#topics.onFlow(feed, instrument, mode, flows)
    if (!flows) this.#batchTopics.onFlow(feed, instrument, mode, flows)
  }

  #onSubscribe(topic: string): void {
    if (isOfStatus(topic)) {
      for (const feed of this.#options.feeds) {
        if (statusTopic(feed.id).startsWith(topic)) this.#sendStates(feed)
      }
      return
    }
    if (isOfOrders(topic)) {
      this.#onOrdersSubscribe(topic)
      return
    }
    const mistake = this.#topics.subscribe(topic)
    if (mistake !== null) this.#tell(mistake, topic)
    else if (this.#topics.sendSnapshot(topic)) this.#snapshots += 1
  }

  #onOrdersSubscribe(topic: string): void {
    const names = this.#options.feeds.map(({ id }) => ordersTopic(id))
    if (names.some((name) => name.startsWith(topic))) {
      this.#orderTopics.add(topic)
      return
    }
    this.#topics.mistakes.unknown += 1
    this.#tell('unknown', topic)
  }

  #onUnsubscribe(topic: string): void {
    if (!this.#orderTopics.delete(topic)) this.#topics.unsubscribe(topic)
  }

  /** The state of each socket now, for a new reader of a feed's status. */
  #sendStates(feed: Feed): void {
    feed.socketStates.forEach((status, socket) => {
      this.#queueEvent(feed, {
        type: 'feed_status',
        broker: feed.id,
        status,
        socket,
        snapshot: true,
      })
    })
  }

  #onBatchSubscribe(topic: string): void {
    if (BATCH_TOPIC.startsWith(topic)) {
      this.#batchPrefixes.add(topic)
      for (const { router } of this.#options.feeds) router.everything = this.#batches
      return
    }
    const mistake = this.#batchTopics.subscribe(topic)
    if (mistake !== null) this.#tell(mistake, topic)
  }

  #onBatchUnsubscribe(topic: string): void {
    this.#batchTopics.unsubscribe(topic)
    if (!this.#batchPrefixes.delete(topic) || this.#batchPrefixes.size > 0) return
    for (const { router } of this.#options.feeds) router.everything = null
  }

  #tell(mistake: Mistake, topic: string): void {
    const heldBack = this.#sampler.admit(mistake, nowMs())
    if (heldBack === null) return
    const shown = topic.slice(0, TOPIC_CHARACTERS_SHOWN)
    this.#options.log.warn({ topic: shown, heldBack }, MISTAKES[mistake])
  }

  /** Counters for the status. */
  status() {
    const { limits, feeds, curve } = this.#options
    const sum = (of: (feed: Feed) => number) => feeds.reduce((total, feed) => total + of(feed), 0)
    return {
      ticks: this.#ticks!.endpoints,
      batches: this.#batch!.endpoints,
      format: limits.format,
      curve: curve !== null,
      peers: this.#ticks!.peers + this.#batch!.peers,
      disconnected: this.#ticks!.disconnected + this.#batch!.disconnected,
      clientsRefused: this.#refused,
      handshakeFailures: this.#ticks!.handshakeFailures + this.#batch!.handshakeFailures,
      topicsNamed: this.#topics.named + this.#batchTopics.named,
      topicsDemanding: this.#topics.holding + this.#batchTopics.holding,
      topicsWaiting: this.#topics.waiting + this.#batchTopics.waiting,
      instrumentsDemanded: sum((feed) => this.#share.instrumentsHeld(feed)),
      instrumentsDemandedMax: sum((feed) => this.#share.instrumentsMax(feed)),
      prefixes: this.#prefixes.size,
      prefixesRefused: this.#topics.mistakes.refused + this.#batchTopics.mistakes.refused,
      unknownTopics: this.#topics.mistakes.unknown + this.#batchTopics.mistakes.unknown,
      malformedTopics: this.#topics.mistakes.malformed + this.#batchTopics.mistakes.malformed,
      sent: this.#queue.sent,
      waiting: this.#queue.waiting,
      conflated: this.#queue.conflated,
      snapshots: this.#snapshots,
      batchesSent: this.#batches.sent,
      batchItemsSent: this.#batches.itemsSent,
    }
  }
}

/** The address to bind. Throws where it is beyond loopback and nothing keeps strangers out. */
async function addressOf(host: string, curve: Curve | null): Promise<string> {
  const { address } = await lookup(host).catch((error: Error) => {
    throw new StartError(
      `zeromq.host is ${JSON.stringify(host)}, which is no address here (${error.message})`,
    )
  })
  const isLoopback = address.startsWith('127.') || address === '::1'
  if (isLoopback || curve !== null) return address
  throw new StartError(
    `zeromq.host is ${host}, beyond this machine, where anyone could read: set zeromq.curve to true ` +
      '(`tickplant keys curve` makes the keys), or zeromq.host to 127.0.0.1',
  )
}
