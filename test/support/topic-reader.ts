// A ZeroMQ subscriber for tests: subscribes, keeps everything that comes, and waits for what is expected.
import { unpack } from 'msgpackr'
import { Subscriber } from 'zeromq'
import { type Plant, type Scope, until } from './plant.ts'
import type { Message } from './stream-client.ts'

export interface TopicMessage {
  readonly topic: string
  /** A tick or an event; of a batch, all of them. */
  readonly payload: Message
}

export type Subscribed = Pick<Plant, 'engine'>

export class TopicReader {
  readonly messages: TopicMessage[] = []
  readonly socket: Subscriber

  private constructor(socket: Subscriber) {
    this.socket = socket
  }

  /** Connects to an endpoint and subscribes; unless it is paused, it reads at once. It ends with the test. */
  static connect(
    context: Scope,
    endpoint: string,
    topics: readonly string[],
    { isPaused = false, queueMessagesMax = 0 } = {},
  ): TopicReader {
    const socket = new Subscriber({ receiveHighWaterMark: queueMessagesMax, linger: 0 })
    context.after(() => socket.close())
    const reader = new TopicReader(socket)
    socket.connect(endpoint)
    for (const topic of topics) socket.subscribe(topic)
    if (!isPaused) reader.read()
    return reader
  }

  /** Connects to the tick endpoint of a plant, over TCP. */
  static ticks(
    context: Scope,
    { engine }: Subscribed,
    topics: readonly string[],
    options: { isPaused?: boolean; queueMessagesMax?: number } = {},
  ): TopicReader {
    return TopicReader.connect(context, engine.zeromq!.ticks[0]!, topics, options)
  }

  /** Begins to read; what has come before waits in the socket. */
  read(): void {
    void (async () => {
      for await (const [topic, payload] of this.socket) {
        const isJson = payload![0] === 0x7b
        this.messages.push({
          topic: topic!.toString(),
          payload: isJson ? JSON.parse(payload!.toString()) : unpack(payload!),
        })
      }
    })()
  }

  /** What came under one topic. */
  of(topic: string): Message[] {
    return this.messages.filter((message) => message.topic === topic).map(({ payload }) => payload)
  }

  /** What came under one topic and is no last value. */
  live(topic: string): Message[] {
    return this.of(topic).filter(({ snapshot }) => snapshot !== true)
  }

  async waitFor(topic: string, count: number, deadlineMs?: number): Promise<Message[]> {
    const enough = () => this.of(topic).length >= count
    await until(`${count} messages of ${topic}`, enough, deadlineMs)
    return this.of(topic)
  }
}

/** The ZeroMQ counters of a running engine. */
export function zeromqStatus({ engine }: Subscribed) {
  return engine.status().zeromq!
}
