// Child processes of the bench: started, asked by messages, pinned, and ended by their id.
import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** Sends a request to a child process and resolves with its answer; one request at a time. */
export { ask } from '../load-plant.ts'

/** What a part of the plant may be pinned to, as `taskset -c` takes it. */
export type Pins = Readonly<Record<string, string>>

/** `generator=0,engine=1` as a table; a part that is not named runs anywhere. */
export function readPins(text: string): Pins {
  const pairs = text.split(',').filter((pair) => pair !== '')
  return Object.fromEntries(
    pairs.map((pair) => {
      const [part, cores] = pair.split('=')
      if (!part || !cores) throw new Error(`${pair} is not of the form PART=CORES`)
      return [part, cores.replaceAll('+', ',')]
    }),
  )
}

/** Binds all threads of a process to cores. */
export function pin(pid: number, cores: string | undefined): void {
  if (cores === undefined) return
  const { status, stderr } = spawnSync('taskset', ['-a', '-p', '-c', cores, String(pid)])
  if (status !== 0) throw new Error(`taskset: ${String(stderr)}`)
}

/** Starts a module of the bench, named from its folder, as a process. */
export const forkBench = (name: string): ChildProcess =>
  fork(new URL(`../${name}`, import.meta.url).pathname)

/** Ends processes, the last one first, and waits until they have ended. */
export async function endAll(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children.toReversed()) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
}
