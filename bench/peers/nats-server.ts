// Debian's nats-server on a port of its own choice.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const START_MS_MAX = 5000
const LOOK_EVERY_MS = 20

/** The version of the installed server, or null where there is none. */
export function natsVersion(): string | null {
  const { status, stdout } = spawnSync('nats-server', ['--version'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

/** Starts a server on loopback that writes its port into `folder`. */
export async function startNats(
  folder: string,
): Promise<{ readonly process: ChildProcess; readonly url: string }> {
  const args = ['--addr', '127.0.0.1', '--port', '-1', '--ports_file_dir', folder]
  const child = spawn('nats-server', args, { stdio: 'ignore' })
  const file = join(folder, `nats-server_${child.pid}.ports`)
  for (const untilMs = performance.now() + START_MS_MAX; performance.now() < untilMs; ) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    if (text.endsWith('}')) return { process: child, url: JSON.parse(text).nats[0] }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  throw new Error('nats-server did not start')
}
