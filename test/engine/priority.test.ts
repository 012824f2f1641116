import assert from 'node:assert/strict'
import { once } from 'node:events'
import { getPriority } from 'node:os'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

const priority = new URL('../../engine/priority.js', import.meta.url).href
const NICE = 18
const POLICY = 40
const CLASS_OTHER = 0
const CLASS_IDLE = 5

/** Nice value and scheduling class of a thread that has asked for its place, and of this one. */
async function places(ask: 'comeSecond' | 'comeLast', niceBefore = getPriority()) {
  const code = `
    const { readFileSync, readlinkSync } = require('node:fs')
    const { setPriority } = require('node:os')
    const { basename } = require('node:path')
    const { parentPort } = require('node:worker_threads')
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), ${niceBefore})
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
  // The tests may have been started by something nice.
  const own = getPriority()
  const [[nice, policy], [mainNice]] = await places('comeSecond')
  assert.deepEqual([nice, policy, mainNice], [Math.min(own + 10, 19), CLASS_OTHER, own])
})

test('a thread of a process that was started as a nice one does not come before it', async () => {
  const [[nice]] = await places('comeSecond', 15)
  assert.equal(nice, 19)
})

test('a thread that comes last runs only where a processor would idle', async () => {
  const [[, policy], [, mainPolicy]] = await places('comeLast')
  assert.deepEqual([policy, mainPolicy], [CLASS_IDLE, CLASS_OTHER])
})
