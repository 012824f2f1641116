// Reads rows that another thread writes, and tells of those whose values are not all of one tick.
import { parentPort, workerData } from 'node:worker_threads'
import { Tick } from '../../codecs/tick.ts'
import { type LastValuesMemory, LastValuesReader } from '../../engine/distribute/last-values.ts'

const { memory, levels, instruments, stop } = workerData as {
  memory: LastValuesMemory
  levels: number
  instruments: number
  stop: SharedArrayBuffer
}
const tick = new Tick(levels)
const reader = new LastValuesReader(memory, new Tick(levels))
const isStopped = new Int32Array(stop)
const found = { reads: 0, torn: 0, foreign: 0, back: 0, none: 0 }
const lastSeq = new Float64Array(instruments)
parentPort!.postMessage('reads')
while (Atomics.load(isStopped, 0) === 0) {
  for (let instrument = 0; instrument < instruments; instrument++) {
    if (!reader.load(instrument, tick)) {
      found.none += 1
      continue
    }
    found.reads += 1
    if (tick.instrument !== instrument) found.foreign += 1
    const { seq } = tick
    const isWhole =
      tick.receiveTimeUs === seq &&
      tick.values.every((value) => value === seq * 1000 + instrument) &&
      tick.depth.every((word) => word === seq * 1000 + instrument)
    if (!isWhole) found.torn += 1
    if (seq < lastSeq[instrument]!) found.back += 1
    lastSeq[instrument] = seq
  }
}
parentPort!.postMessage(found)
