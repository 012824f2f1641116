// A ZeroMQ publisher for tests of readers: publishes what it is told, and knows what is subscribed.
import { pack } from 'msgpackr'
import { XPublisher } from 'zeromq'
import type { Scope } from './plant.ts'

const SUBSCRIBE = 1

export class Publisher {
  /** What is subscribed now. */
  readonly topics = new Set<string>()
  readonly endpoint: string
  readonly #socket: XPublisher

  private constructor(socket: XPublisher) {
    this.#socket = socket
    this.endpoint = socket.lastEndpoint!
    void this.#listen()
  }

  /** Binds; closes with the test. */
  static async bind(
    context: Scope,
    endpoint = 'tcp://127.0.0.1:*',
    curve: Pick<XPublisher, 'curveServer' | 'curveSecretKey'> | null = null,
  ): Promise<Publisher> {
    const socket = new XPublisher({ linger: 0, ...curve })
    context.after(() => socket.close())
    await socket.bind(endpoint)
    return new Publisher(socket)
  }

  /** Sends two frames: the topic, and the payload, which is packed unless it is text. */
  send(topic: string, payload: unknown): Promise<void> {
    return this.#socket.send([topic, typeof payload === 'string' ? payload : pack(payload)])
  }

  close(): void {
    this.#socket.close()
  }

  async #listen(): Promise<void> {
    for await (const [message] of this.#socket) {
      const topic = message!.toString('latin1', 1)
      if (message![0] === SUBSCRIBE) this.topics.add(topic)
      else this.topics.delete(topic)
    }
  }
}
