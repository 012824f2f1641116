// What processes have used, from /proc: CPU time of all threads in nanoseconds, how often they slept, memory.
import { readdirSync, readFileSync } from 'node:fs'

export interface Usage {
  readonly cpuMs: number
  /** Of the thread that runs the event loop; in the engine the core. */
  readonly mainCpuMs: number
  /** Times that a thread went to sleep, and was woken. */
  readonly wakeUps: number
  readonly mainWakeUps: number
  readonly rssMb: number
}

const field = (text: string, name: string) =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0)

/** What a process has used since it started. */
export function usageOf(pid: number): Usage {
  let cpuMs = 0
  let mainCpuMs = 0
  let wakeUps = 0
  let mainWakeUps = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`
    const ms = Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]) / 1e6
    const sleeps = field(readFileSync(`${folder}/status`, 'utf8'), 'voluntary_ctxt_switches')
    cpuMs += ms
    wakeUps += sleeps
    if (thread === String(pid)) {
      mainCpuMs = ms
      mainWakeUps = sleeps
    }
  }
  const rssMb = field(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS') / 1024
  return { cpuMs, mainCpuMs, wakeUps, mainWakeUps, rssMb }
}

/** The same for several processes together, which may be none. */
export function usageOfAll(pids: readonly number[]): Usage {
  const all = pids.map(usageOf)
  const sum = (of: (usage: Usage) => number) => all.reduce((total, each) => total + of(each), 0)
  return {
    cpuMs: sum(({ cpuMs }) => cpuMs),
    mainCpuMs: sum(({ mainCpuMs }) => mainCpuMs),
    wakeUps: sum(({ wakeUps }) => wakeUps),
    mainWakeUps: sum(({ mainWakeUps }) => mainWakeUps),
    rssMb: sum(({ rssMb }) => rssMb),
  }
}

/** What was used between two looks; memory is that of the second. */
export function usedBetween(before: Usage, after: Usage): Usage {
  return {
    cpuMs: after.cpuMs - before.cpuMs,
    mainCpuMs: after.mainCpuMs - before.mainCpuMs,
    wakeUps: after.wakeUps - before.wakeUps,
    mainWakeUps: after.mainWakeUps - before.mainWakeUps,
    rssMb: after.rssMb,
  }
}
