// From what is subscribed on a socket to what the routers are asked for. A full topic holds its instrument, within
// the share of the broker's capacity; a prefix follows what flows for others. What is subscribed is known as a set,
// because a peer may subscribe twice and leave once, or leave what it never had.
import { MODE_DEPTH, MODE_LTP, MODE_QUOTE, type Mode } from '../../../codecs/tick.ts'
import type { Feed } from '../../feed/feed.ts'
import { OneBroker, type Source } from '../source.ts'
import type { Supply } from '../supply.ts'
import type { Prefixes } from './prefixes.ts'
import type { CapacityShare } from './share.ts'
import type { Receiver, Topic } from './topic.ts'
import { brokerTopic, isPrintable, partings, plainTopic, readTopic } from './topic-names.ts'

const MODES = [MODE_LTP, MODE_QUOTE, MODE_DEPTH] as const
// Flows that are looked at before sockets and timers get their turn.
const SLICE = 128

export interface TopicsOptions {
  readonly feeds: readonly Feed[]
  readonly supply: Supply
  readonly share: CapacityShare
  readonly prefixes: Prefixes
  /** Makes the receiver of a topic's ticks. */
  readonly receiver: (text: string, feed: Feed) => Receiver
}

/** A place in the routers that a name stands for. */
interface Target {
  readonly source: Source
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
  readonly #oneBroker = new Map<Feed, Source>()
  /** Named topics for which the broker had no room. */
  readonly #waiting = new Set<Topic>()
  #named = 0
  #holding = 0
  #isRetrying = false
  #isSweeping = false
  #isSweepDue = false

  constructor(options: TopicsOptions) {
    this.#options = options
    for (const feed of options.feeds) this.#oneBroker.set(feed, new OneBroker(feed))
    options.supply.onSeatMoved.push((instrument, from, to) => {
      this.#onSeatMoved(instrument, from, to)
    })
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
    const { source, instrument, mode, receiver } = topic
    const feed = source.feedOf(instrument)
    feed.router.sendSnapshot(instrument, mode, receiver, feed.scratch)
    return true
  }

  /** Somebody begins to hold an instrument in a mode, or nobody holds it any more. */
  onFlow(feed: Feed, instrument: number, mode: Mode, flows: boolean): void {
    const exchange = feed.catalogue.exchangeOf(instrument)
    const symbol = feed.catalogue.symbolOf(instrument)
    const plain = plainTopic(exchange, symbol, mode)
    const { supply } = this.#options
    if (supply.feedOf(instrument) === feed)
      this.#settle(plain, { source: supply, instrument, mode })
    const source = this.#oneBroker.get(feed)!
    this.#settle(brokerTopic(feed.id, plain), { source, instrument, mode })
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

  /** Names without a broker go along with their instrument. */
  #onSeatMoved(instrument: number, from: Feed, to: Feed): void {
    const { catalogue } = to
    const exchange = catalogue.exchangeOf(instrument)
    const symbol = catalogue.symbolOf(instrument)
    for (const mode of MODES) {
      const topic = this.#topics.get(plainTopic(exchange, symbol, mode))
      if (topic !== undefined) {
        topic.receiver.deliveredBy(to.id)
        if (topic.followed === from.router) this.#leave(topic)
        this.#stand(topic)
      }
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
    } else if (this.#options.prefixes.select(text)) {
      const { source, instrument, mode } = target
      const { router } = source.feedOf(instrument)
      if (router.flows(instrument, mode)) this.#stand(this.#create(text, target))
    }
  }

  /** Brings a topic to where it belongs, and forgets it where that is nowhere. */
  #stand(topic: Topic): void {
    if (topic.standing === 'holds') return
    if (topic.isNamed && this.#hold(topic)) return
    const { router } = topic.source.feedOf(topic.instrument)
    const isWanted = topic.isNamed || this.#options.prefixes.select(topic.text)
    const follows = isWanted && router.flows(topic.instrument, topic.mode)
    if (follows && topic.standing === 'idle') {
      topic.standing = 'follows'
      topic.followed = router
      router.follow(topic.instrument, topic.mode, topic.receiver)
    } else if (!follows) this.#leave(topic)
    if (topic.standing === 'idle' && !topic.isNamed) this.#topics.delete(topic.text)
  }

  #hold(topic: Topic): boolean {
    const { source, feed, instrument, mode, receiver } = topic
    const hasRoom = source.feedOf(instrument).hasRoomFor(instrument)
    if (!hasRoom || !this.#options.share.take(feed, instrument)) {
      this.#waiting.add(topic)
      return false
    }
    this.#waiting.delete(topic)
    this.#leave(topic)
    // Said first, because the router tells of the flow that this begins.
    topic.standing = 'holds'
    this.#holding += 1
    receiver.deliveredBy(source.feedOf(instrument).id)
    source.hold(instrument, mode, receiver)
    return true
  }

  #release(topic: Topic): void {
    const { source, feed, instrument, mode, receiver } = topic
    topic.standing = 'idle'
    this.#holding -= 1
    this.#options.share.giveBack(feed, instrument)
    source.release(instrument, mode, receiver)
    this.#retryWaiting()
  }

  #leave(topic: Topic): void {
    if (topic.standing !== 'follows') return
    topic.standing = 'idle'
    topic.followed!.unfollow(topic.instrument, topic.mode, topic.receiver)
    topic.followed = null
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
        const { supply } = this.#options
        const isPlain = supply.feedOf(instrument) === feed
        if (isPlain) yield { text: plain, source: supply, instrument, mode }
        const source = this.#oneBroker.get(feed)!
        yield { text: brokerTopic(feed.id, plain), source, instrument, mode }
      }
    }
  }

  #create(text: string, { source, instrument, mode }: Target): Topic {
    const feed = source.feedOf(instrument)
    const topic: Topic = {
      text,
      source,
      feed,
      instrument,
      mode,
      receiver: this.#options.receiver(text, feed),
      standing: 'idle',
      followed: null,
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
    const asked = this.#options.feeds.find(({ id }) => id === broker)
    const source = broker === null ? this.#options.supply : asked && this.#oneBroker.get(asked)
    if (source === undefined) return null
    for (const { exchange, symbol } of partings(name.instrument, source.feed.catalogue.exchanges)) {
      const instrument = source.find(exchange, symbol)
      if (instrument >= 0) return { source, instrument, mode }
    }
    return null
  }
}
