// The `tickplant` command as a child process, for tests.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from './plant.ts'

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

export class Command {
  output = ''
  errors = ''
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  readonly #ended: Promise<unknown>

  private constructor(child: ChildProcessByStdio<null, Readable, Readable>) {
    this.child = child
    this.#ended = once(child, 'close')
    child.stdout.on('data', (part: Buffer) => {
      this.output += part.toString()
    })
    child.stderr.on('data', (part: Buffer) => {
      this.errors += part.toString()
    })
  }

  /** Starts `tickplant` with these words, as a shell does; it is killed with the test if it still runs then. */
  static start(
    context: TestContext,
    words: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Command {
    const path = `${dirname(process.execPath)}:${process.env.PATH}`
    const env = { ...process.env, PATH: path, ...environment }
    const child = spawn(MAIN, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    })
    const command = new Command(child)
    context.after(() => command.kill('SIGKILL'))
    return command
  }

  /** Waits for a text in the output, and returns all output so far. */
  async waitFor(text: string | RegExp, deadlineMs = 90_000): Promise<string> {
    await until(
      `${JSON.stringify(String(text))} in the output`,
      () => {
        if (this.child.exitCode !== null) {
          throw new Error(`the command ended with ${this.child.exitCode}: ${this.errors}`)
        }
        return typeof text === 'string' ? this.output.includes(text) : text.test(this.output)
      },
      deadlineMs,
    )
    return this.output
  }

  /** Waits for the end; resolves with the exit code, null after a signal. */
  async end(): Promise<number | null> {
    await this.#ended
    return this.child.exitCode
  }

  async kill(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal)
    return this.end()
  }
}
