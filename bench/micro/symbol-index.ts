import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Arm, Case, CountedArm, Group, Prepared } from './group.ts'
import { LOOK_UPS } from './symbol-index-arms.ts'
import type { Answer, Offer, Order, ThreadData } from './symbol-index-thread.ts'

const INSTRUMENTS = 250_000

/** The arms of the thread, as arms of this one. */
function armsOf(worker: Worker, { cases }: Offer): Case[] {
  const armAt = (name: string, order: Omit<Order, 'share'>): CountedArm['measure'] => {
    return async (share) => {
      worker.postMessage({ ...order, share } satisfies Order)
      const [answer] = (await once(worker, 'message')) as [Answer]
      if ('failure' in answer) throw new Error(`${name}: ${answer.failure}`)
      return answer
    }
  }
  return cases.map(({ name, arms }, caseAt) => {
    const all = arms.map((arm, at) => ({ ...arm, measure: armAt(arm.name, { caseAt, armAt: at }) }))
    return { name, arms: all as unknown as readonly [Arm, ...Arm[]] }
  })
}

async function prepare(share: number): Promise<Prepared> {
  const folder = mkdtempSync(join(tmpdir(), 'tickplant-micro-'))
  const instruments = INSTRUMENTS * share
  const worker = new Worker(new URL('./symbol-index-thread.js', import.meta.url), {
    workerData: { folder, instruments } satisfies ThreadData,
  })
  const ended = once(worker, 'exit')
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const [offer] = (await once(worker, 'message')) as [Offer]
    const notes = [`among ${instruments} instruments, in batches of ${LOOK_UPS} look-ups`]
    if (!offer.hasSqlite) notes.push(`Node ${process.version} has no node:sqlite: not compared`)
    const close = async () => {
      worker.postMessage(null)
      await ended
      remove()
    }
    return { cases: armsOf(worker, offer), notes, close }
  } catch (error) {
    remove()
    throw error
  }
}

export const symbolIndex: Group = {
  name: 'index',
  about: 'look-ups in no order, made by a worker thread',
  operation: 'look-up',
  prepare,
}
