import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

const priority = new URL('../../engine/priority.js', import.meta.url).href
const NICE = 18
const POLICY = 40
const CLASS_OTHER = 0
const CLASS_IDLE = 5

/** Nice value and scheduling class of a thread that has asked for its place, and of this one. */
async function places(ask: 'comeSecond' | 'comeLast') {
  const code = `
    const { readFileSync } = require('node:fs')
    const { parentPort } = require('node:worker_threads')
    import(${JSON.stringify(priority)}).then((module) => {
      module.${ask}()
      const stat = (of) => readFileSync(of, 'latin1').replace(/^.*\\) /, '_ _ ').split(' ')
      const place = (of) => [Number(stat(of)[${NICE}]), Number(stat(of)[${POLICY}])]
      parentPort.postMessage([place('/proc/thread-self/stat'), place('/proc/self/stat')])
    })`
  const worker = new Worker(code, { eval: true })
  const [found] = await once(worker, 'message')
  await worker.terminate()
  return found as [[number, number], [number, number]]
}

test('a thread that comes second is nicer than the thread that started it, which stays as it was', async () => {
  const [[nice, policy], [mainNice]] = await places('comeSecond')
  assert.deepEqual([nice, policy, mainNice], [10, CLASS_OTHER, 0])
})

test('a thread that comes last runs only where a processor would idle', async () => {
  const [[, policy], [, mainPolicy]] = await places('comeLast')
  assert.deepEqual([policy, mainPolicy], [CLASS_IDLE, CLASS_OTHER])
})
