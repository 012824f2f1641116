// From what is subscribed on a socket to what the routers are asked for. A full topic holds its instrument, within
// the share of the broker's capacity; a prefix follows what flows for others. What is subscribed is known as a set,
// because a peer may subscribe twice and leave once, or leave what it never had.
import type { Mode } from '../../../codecs/tick.ts'
import type { Feed } from '../../feed/feed.ts'
import type { Subscriber } from '../router.ts'
import type { Prefixes } from './prefixes.ts'
import type { CapacityShare } from './share.ts'
import type { Topic } from './topic.ts'
import { brokerTopic, isPrintable, partings, plainTopic, readTopic } from './topic-names.ts'

// Flows that are looked at before sockets and timers get their turn.
const SLICE = 128

export interface TopicsOptions {
  readonly feeds: readonly Feed[]
  readonly share: CapacityShare
  readonly prefixes: Prefixes
  /** Makes the receiver of a topic's ticks. */
  readonly receiver: (text: string, feed: Feed) => Subscriber
}

/** A place in the routers that a name stands for. */
interface Target {
  readonly feed: Feed
  readonly instrument: number
  readonly mode: Mode
}

/** A full topic that names no instrument, a text that no name can begin with, a prefix for which there is no room. */
export type Mistake = 'unknown' | 'malformed' | 'refused'

export class Topics {
  readonly mistakes: Record<Mistake, number> = { unknown: 0, malformed: 0, refused: 0 }
  readonly #options: TopicsOptions
  /** Topics that are named, or follow. */
  readonly #topics = new Map<string, Topic>()
  /** Named topics for which the broker had no room. */
  readonly #waiting = new Set<Topic>()
  #named = 0
  #holding = 0
  #isRetrying = false
  #isSweeping = false
  #isSweepDue = false

  constructor(options: TopicsOptions) {
    this.#options = options
  }

  get named(): number {
    return this.#named
  }

  get holding(): number {
    return this.#holding
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Somebody subscribes to this text. Returns what is wrong with it, or null. */
  subscribe(text: string): Mistake | null {
    const known = this.#topics.get(text)
    const target = known ?? this.#find(text)
    if (target !== null) {
      this.#name(known ?? this.#create(text, target))
      return null
    }
    const mistake = this.#mistakeIn(text)
    if (mistake !== null) this.mistakes[mistake] += 1
    if (mistake !== 'malformed') this.#addPrefix(text)
    return mistake
  }

  /** Nobody subscribes to this text any more. */
  unsubscribe(text: string): void {
    const topic = this.#topics.get(text)
    if (topic?.isNamed) this.#unname(topic)
    else if (this.#options.prefixes.remove(text)) this.#sweepFlows()
  }

  /** Gives the last value to those who hold a full topic, where there is one; true where the topic is a full one. */
  sendSnapshot(text: string): boolean {
    const topic = this.#topics.get(text)
    if (!topic?.isNamed) return false
    const { feed, instrument, mode, subscriber } = topic
    feed.router.sendSnapshot(instrument, mode, subscriber, feed.scratch)
    return true
  }

  /** Somebody begins to hold an instrument in a mode, or nobody holds it any more. */
  onFlow(feed: Feed, instrument: number, mode: Mode, flows: boolean): void {
    const exchange = feed.catalogue.exchangeOf(instrument)
    const symbol = feed.catalogue.symbolOf(instrument)
    const plain = plainTopic(exchange, symbol, mode)
    const target = { feed, instrument, mode }
    if (this.#preferred(instrument) === feed) this.#settle(plain, target)
    this.#settle(brokerTopic(feed.id, plain), target)
    if (!flows) this.#retryWaiting()
  }

  /** Looks again at names that no broker listed, because instruments have changed. */
  relist(): void {
    const { prefixes } = this.#options
    for (const text of prefixes.texts()) {
      const target = this.#find(text)
      if (target === null) continue
      prefixes.remove(text)
      this.#name(this.#topics.get(text) ?? this.#create(text, target))
    }
  }

  #mistakeIn(text: string): Mistake | null {
    if (!isPrintable(text)) return 'malformed'
    // It may still be the beginning of a name, however unlikely.
    if (readTopic(text) !== null) return 'unknown'
    return this.#options.prefixes.hasRoomFor(text) ? null : 'refused'
  }

  #addPrefix(text: string): void {
    if (this.#options.prefixes.add(text)) this.#sweepFlows()
  }

  #name(topic: Topic): void {
    if (topic.isNamed) return
    topic.isNamed = true
    this.#named += 1
    this.#stand(topic)
  }

  #unname(topic: Topic): void {
    topic.isNamed = false
    this.#named -= 1
    this.#waiting.delete(topic)
    if (topic.standing === 'holds') this.#release(topic)
    this.#stand(topic)
  }

  /** Looks again at a name that may have to follow, or to follow no more. */
  #settle(text: string, target: Target): void {
    const topic = this.#topics.get(text)
    if (topic !== undefined) {
      if (topic.standing !== 'holds') this.#stand(topic)
    } else if (
      this.#options.prefixes.select(text) &&
      target.feed.router.flows(target.instrument, target.mode)
    ) {
      this.#stand(this.#create(text, target))
    }
  }

  /** Brings a topic to where it belongs, and forgets it where that is nowhere. */
  #stand(topic: Topic): void {
    if (topic.standing === 'holds') return
    if (topic.isNamed && this.#hold(topic)) return
    const { router } = topic.feed
    const isWanted = topic.isNamed || this.#options.prefixes.select(topic.text)
    const follows = isWanted && router.flows(topic.instrument, topic.mode)
    if (follows && topic.standing === 'idle') {
      topic.standing = 'follows'
      router.follow(topic.instrument, topic.mode, topic.subscriber)
    } else if (!follows) this.#leave(topic)
    if (topic.standing === 'idle' && !topic.isNamed) this.#topics.delete(topic.text)
  }

  #hold(topic: Topic): boolean {
    const { feed, instrument, mode, subscriber } = topic
    if (!this.#options.share.take(feed, instrument)) {
      this.#waiting.add(topic)
      return false
    }
    this.#waiting.delete(topic)
    this.#leave(topic)
    // Said first, because the router tells of the flow that this begins.
    topic.standing = 'holds'
    this.#holding += 1
    feed.router.subscribe(instrument, mode, subscriber)
    return true
  }

  #release(topic: Topic): void {
    const { feed, instrument, mode, subscriber } = topic
    topic.standing = 'idle'
    this.#holding -= 1
    this.#options.share.giveBack(feed, instrument)
    feed.router.unsubscribe(instrument, mode, subscriber)
    this.#retryWaiting()
  }

  #leave(topic: Topic): void {
    if (topic.standing !== 'follows') return
    topic.standing = 'idle'
    topic.feed.router.unfollow(topic.instrument, topic.mode, topic.subscriber)
  }

  /** Gives what waits for room its turn, in the order in which it came. */
  #retryWaiting(): void {
    if (this.#isRetrying || this.#waiting.size === 0) return
    this.#isRetrying = true
    setImmediate(() => {
      this.#isRetrying = false
      const full = new Set<Feed>()
      for (const topic of this.#waiting) {
        if (!full.has(topic.feed) && !this.#hold(topic)) full.add(topic.feed)
        if (full.size === this.#options.feeds.length) return
      }
    })
  }

  /** Looks at all that flows, in slices, because the prefixes have changed; and again where they do meanwhile. */
  #sweepFlows(): void {
    this.#isSweepDue = true
    if (this.#isSweeping) return
    this.#isSweeping = true
    this.#isSweepDue = false
    const flows = this.#flows()
    const work = () => {
      for (let i = 0; i < SLICE; i++) {
        const next = flows.next()
        if (next.done) {
          this.#isSweeping = false
          if (this.#isSweepDue) this.#sweepFlows()
          return
        }
        this.#settle(next.value.text, next.value)
      }
      setImmediate(work)
    }
    setImmediate(work)
  }

  *#flows(): Generator<Target & { readonly text: string }> {
    for (const feed of this.#options.feeds) {
      for (const { instrument, mode } of feed.router.flowing()) {
        const exchange = feed.catalogue.exchangeOf(instrument)
        const symbol = feed.catalogue.symbolOf(instrument)
        const plain = plainTopic(exchange, symbol, mode)
        const target = { feed, instrument, mode }
        if (this.#preferred(instrument) === feed) yield { text: plain, ...target }
        yield { text: brokerTopic(feed.id, plain), ...target }
      }
    }
  }

  #create(text: string, { feed, instrument, mode }: Target): Topic {
    const subscriber = this.#options.receiver(text, feed)
    const topic: Topic = {
      text,
      feed,
      instrument,
      mode,
      subscriber,
      standing: 'idle',
      isNamed: false,
    }
    this.#topics.set(text, topic)
    return topic
  }

  /** What a full topic stands for, or null where it names no instrument of a running broker. */
  #find(text: string): Target | null {
    const name = readTopic(text)
    if (name === null) return null
    const { broker, mode } = name
    const feeds = this.#options.feeds.filter(({ id }) => broker === null || id === broker)
    const exchanges = feeds[0]?.catalogue.exchanges ?? []
    for (const { exchange, symbol } of partings(name.instrument, exchanges)) {
      for (const feed of feeds) {
        const instrument = feed.find(exchange, symbol)
        if (instrument >= 0) return { feed, instrument, mode }
      }
    }
    return null
  }

  /** The first of the brokers that list an instrument. */
  #preferred(instrument: number): Feed | undefined {
    return this.#options.feeds.find(({ tokens }) => tokens.has(instrument))
  }
}
