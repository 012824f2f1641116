// The engine's process, seen from the parent.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Flags } from '../../config/sources.ts'
import type { Request } from './protocol.ts'

const CHILD = fileURLToPath(new URL('./engine-child.js', import.meta.url))
/** Lines of the engine's log that are kept for whoever has to find out what happened. */
const LOG_LINES_MAX = 200

interface Reply {
  readonly number: number
  readonly answer?: unknown
  readonly failed?: string
}

interface Waiting {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

export class EngineProcess {
  readonly log: string[] = []
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly #ended: Promise<unknown>
  #asked = 0
  #isKilled = false

  private constructor(flags: Flags) {
    this.#child = fork(CHILD, [JSON.stringify(flags)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr!.on('data', (part: Buffer) => {
      this.log.push(...part.toString().split('\n').filter(Boolean))
      this.log.splice(0, Math.max(0, this.log.length - LOG_LINES_MAX))
    })
    this.#child.on('message', (reply: Reply) => this.#onReply(reply))
    this.#ended = once(this.#child, 'exit').then(() => this.#onEnd())
  }

  /** Starts an engine and resolves when it takes orders. */
  static async start(flags: Flags): Promise<EngineProcess> {
    const engine = new EngineProcess(flags)
    await new Promise((resolve, reject) => engine.#waiting.set(0, { resolve, reject }))
    return engine
  }

  get isKilled(): boolean {
    return this.#isKilled
  }

  /** Asks for something; null where the engine was killed before it answered. */
  async ask(request: Request): Promise<unknown> {
    if (this.#isKilled) return null
    this.#asked += 1
    const number = this.#asked
    const answer = new Promise((resolve, reject) => this.#waiting.set(number, { resolve, reject }))
    this.#child.send({ number, request })
    return answer
  }

  /** `kill -9`, at once. Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#isKilled = true
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  #onReply({ number, answer, failed }: Reply): void {
    const waiting = this.#waiting.get(number)
    this.#waiting.delete(number)
    if (failed === undefined) waiting?.resolve(answer)
    else waiting?.reject(new Error(failed))
  }

  #onEnd(): void {
    for (const { resolve, reject } of this.#waiting.values()) {
      if (this.#isKilled) resolve(null)
      else reject(new Error(`the engine ended by itself:\n${this.log.slice(-20).join('\n')}`))
    }
    this.#waiting.clear()
  }
}
