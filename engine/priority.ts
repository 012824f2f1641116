// Which thread waits for which: Linux schedules threads one by one, and ticks go first.
import { spawnSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'
import { basename } from 'node:path'

// A tenth of the share of an ordinary thread, and only where processors are short.
const SECOND = 10

const thisThread = () => Number(basename(readlinkSync('/proc/thread-self')))

/**
 * Lets the calling thread come second where it and another one want the same processor, also where the whole process
 * was started as a nice one: a thread that asks for less niceness than it has goes first, or may not and ends.
 */
export function comeSecond(): void {
  const thread = thisThread()
  setPriority(thread, Math.min(getPriority(thread) + SECOND, constants.priority.PRIORITY_LOW))
}

/**
 * Lets the calling thread run only where a processor would idle. A thread of class IDLE gives its processor up at
 * once; one of low priority, which this falls back on without util-linux's `chrt`, may first use up its slice, which
 * is milliseconds.
 */
export function comeLast(): void {
  const thread = thisThread()
  const { status } = spawnSync('chrt', ['--idle', '--pid', '0', String(thread)])
  if (status !== 0) setPriority(thread, constants.priority.PRIORITY_LOW)
}
