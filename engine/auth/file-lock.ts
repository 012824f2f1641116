import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { realpath } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const WAIT_MS_MAX = 5000
const RETRY_MS = 10

/** Another process held the lock for too long. */
export class LockError extends Error {
  override readonly name = 'LockError'
}

/**
 * Runs `work` while no other process of this machine holds the lock of the same file, and throws a LockError when
 * it is not to be had within 5 s. The lock is a socket name in Linux's abstract namespace: the kernel frees it when
 * its holder dies, so a crash cannot leave one behind. The folder of the file must exist.
 */
export async function withFileLock<Result>(
  file: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const path = join(await realpath(dirname(file)), basename(file))
  const name = `\0tickplant-${createHash('sha256').update(path).digest('hex')}`
  const lock = await acquire(name, file)
  try {
    return await work()
  } finally {
    lock.close()
  }
}

async function acquire(name: string, file: string): Promise<Server> {
  const deadlineMs = performance.now() + WAIT_MS_MAX
  for (;;) {
    const server = createServer((socket) => socket.destroy())
    try {
      server.listen(name)
      await once(server, 'listening')
      return server
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      if (performance.now() > deadlineMs)
        throw new LockError(`another process is changing ${file}; try again`)
    }
    await delay(RETRY_MS)
  }
}
