// A thread that says, when asked, what time it is: words 0 and 1 hand over, the float behind them is the answer.
import { parentPort, workerData } from 'node:worker_threads'
import { nowUs } from '../../engine/clock.ts'

export const ASKED = 0
export const ANSWERED = 1

if (parentPort !== null) {
  const words = new Int32Array(workerData as SharedArrayBuffer)
  const answer = new Float64Array(workerData as SharedArrayBuffer)
  nowUs()
  parentPort.postMessage('ready')
  Atomics.wait(words, ASKED, 0)
  answer[1] = nowUs()
  Atomics.store(words, ANSWERED, 1)
  Atomics.notify(words, ANSWERED)
}
