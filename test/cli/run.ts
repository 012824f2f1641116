// Runs the compiled command as a child process, as a shell would.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tickplant-cli-'))
const running = new Set<ChildProcessWithoutNullStreams>()
after(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

const END_MS_MAX = 90_000

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Surroundings {
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** A new empty folder that is removed after the tests of the file. */
export function freshFolder(): string {
  return mkdtempSync(join(folder, 'run-'))
}

/** Starts the command; by default in an empty folder and with no variable of its own. */
export function startCommand(
  words: readonly string[],
  { env = {}, cwd = freshFolder() }: Surroundings = {},
): ChildProcessWithoutNullStreams {
  const options = { cwd, env: { PATH: process.env.PATH, ...env } }
  const child = spawn(process.execPath, [MAIN, ...words], options)
  running.add(child)
  child.once('close', () => running.delete(child))
  return child
}

/** The exit code and signal of a command, which must end in time. */
export async function endOf(
  child: ChildProcessWithoutNullStreams,
): Promise<[number | null, string | null]> {
  const ended = await once(child, 'close', { signal: AbortSignal.timeout(END_MS_MAX) })
  return ended as [number | null, string | null]
}

/** Runs the command to its end. */
export async function runCommand(
  words: readonly string[],
  surroundings: Surroundings = {},
): Promise<Ended> {
  const child = startCommand(words, surroundings)
  child.stdin.on('error', () => {})
  child.stdin.end(surroundings.input ?? '')
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    endOf(child),
  ])
  return { code, stdout, stderr }
}
