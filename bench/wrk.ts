// Requests from wrk, which takes a small part of a processor where a client in Node would take a whole one.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { packageRoot } from '../config/root.ts'
import { giveWay } from './load-plant.ts'

const LONGEST_SECONDS = 3600

export interface Asked {
  readonly count: number
  readonly seconds: number
}

export interface Asking {
  readonly connections: number
  /** At a steady rate, or each connection again as soon as it is answered. */
  readonly perSecond: number | 'as fast as they come'
  readonly body: object
}

interface Told extends Asked {
  readonly refused: number
  readonly failed: number
}

/** Whether Debian's package wrk is installed. */
export const isWrkInstalled = () => spawnSync('wrk', ['--version']).error === undefined

/** Posts the body until it is told to stop; throws where one request was not answered with 200. */
export async function askByWrk(url: string, asking: Asking, signal: AbortSignal): Promise<Asked> {
  const { connections, perSecond, body } = asking
  const rate = perSecond === 'as fast as they come' ? 0 : perSecond
  const limits = ['-t', '1', '-c', String(connections), '-d', String(LONGEST_SECONDS)]
  const script = join(packageRoot, 'bench/wrk.lua')
  const words = [...limits, '-s', script, url, '--', String(rate), JSON.stringify(body)]
  const wrk = spawn('wrk', words, { stdio: ['ignore', 'pipe', 'inherit'] })
  giveWay(wrk.pid!)
  // Interrupted, it ends what is on its way and tells.
  const stop = () => wrk.kill('SIGINT')
  signal.addEventListener('abort', stop)
  const [said, [code]] = await Promise.all([text(wrk.stdout), once(wrk, 'exit')])
  signal.removeEventListener('abort', stop)
  const last = said.trimEnd().split('\n').at(-1)!
  if (code !== 0 || !last.startsWith('{')) throw new Error(`wrk ended with ${code}: ${said}`)
  const told = JSON.parse(last) as Told
  if (told.refused + told.failed > 0)
    throw new Error(`${url}: ${told.refused} requests refused, ${told.failed} not answered`)
  return told
}
