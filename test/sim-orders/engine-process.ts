// The parent's end of an engine that runs in a process of its own.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Flags } from '../../config/sources.ts'
import type { Request } from './engine-child.ts'

const CHILD = fileURLToPath(new URL('./engine-child.js', import.meta.url))
const READY_MS_MAX = 30_000

/** What came of a request whose engine was killed before it answered. */
export const KILLED = Symbol('killed')

type Unnumbered = Request extends infer Each
  ? Each extends Request
    ? Omit<Each, 'number'>
    : never
  : never

export class EngineProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (told: unknown) => void>()
  readonly #ended: Promise<unknown>
  #asked = 0

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#ended = once(child, 'exit')
    child.on('message', ({ number, told }: { number: number; told: unknown }) => {
      this.#waiting.get(number)?.(told)
      this.#waiting.delete(number)
    })
    void this.#ended.then(() => {
      for (const settle of this.#waiting.values()) settle(KILLED)
      this.#waiting.clear()
    })
  }

  /** Starts an engine and resolves when it takes orders. Rejects when it ends before. */
  static async start(flags: Flags): Promise<EngineProcess> {
    const child = fork(CHILD, [JSON.stringify(flags)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const signal = AbortSignal.timeout(READY_MS_MAX)
    const [first] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }),
    ])
    if (typeof first !== 'object') throw new Error(`the engine ended with ${first} as it started`)
    return new EngineProcess(child)
  }

  /** Asks the engine; KILLED where it ended before it answered. */
  ask(request: Unnumbered): Promise<unknown> {
    this.#asked += 1
    const number = this.#asked
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve)
      this.#child.send({ ...request, number }, (error) => {
        // Dead already: the exit settles it where it has not yet.
        if (error === null || !this.#waiting.delete(number)) return
        resolve(KILLED)
      })
    })
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}
