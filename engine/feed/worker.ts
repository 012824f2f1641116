// Thread entry: one broker session.
import { parentPort, workerData } from 'node:worker_threads'
import { loadBroker } from '../../adapters/registry.ts'
import { FeedSession } from './session.ts'
import type { FeedWorkerData, FromFeedWorker, ToFeedWorker } from './state.ts'

const port = parentPort!
const data = workerData as FeedWorkerData
const spec = await loadBroker(data.broker, data.brokerModule)
const session = new FeedSession(spec, data, (level, text, fields) => {
  port.postMessage({ level, text, fields } satisfies FromFeedWorker)
})

port.on('message', (message: ToFeedWorker) => {
  if (message.kind === 'want') session.want(message.pairs)
  else {
    session.stop()
    port.close()
  }
})
session.start()
