// A thread of the order gateway, with the sessions that its calls go with and the connections it keeps warm for them.
import type { Worker } from 'node:worker_threads'
import type { Session } from '../../adapters/broker.ts'
import { ThreadPool, type ThreadPoolOptions } from './thread-pool.ts'

export class SessionThread {
  readonly #pool: ThreadPool
  readonly #sessions = new Map<string, Session>()

  constructor(options: Omit<ThreadPoolOptions, 'onRestart'>) {
    const onRestart = () => {
      for (const broker of this.#sessions.keys()) this.#warm(broker, true)
    }
    this.#pool = new ThreadPool({ ...options, onRestart })
  }

  get threads(): readonly Worker[] {
    return this.#pool.threads
  }

  get deaths(): number {
    return this.#pool.deaths
  }

  /** It goes with each call, so that a thread that is new needs to be told nothing before it can send. */
  sessionOf(broker: string): Session | undefined {
    return this.#sessions.get(broker)
  }

  /** Goes on with another session; null: there is none. */
  useSession(broker: string, session: Session | null): void {
    if (session === null) this.#sessions.delete(broker)
    else this.#sessions.set(broker, session)
    this.#warm(broker, session !== null)
  }

  /** Runs a task, as a ThreadPool does. */
  run(task: object): Promise<unknown> {
    return this.#pool.run(task)
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  #warm(broker: string, isWarm: boolean): void {
    // A thread that ended meanwhile has no connections to keep warm, and its successor is told.
    this.run({ do: 'warm', broker, isWarm }).catch(() => {})
  }
}
