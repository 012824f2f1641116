// Thread entry: one broker session.
import { parentPort, workerData } from 'node:worker_threads'
import { loadBroker } from '../../adapters/registry.ts'
import { FeedSession } from './session.ts'
import type { FeedWorkerData, FromFeedWorker, ToFeedWorker } from './state.ts'

const port = parentPort!
const data = workerData as FeedWorkerData
const spec = await loadBroker(data.broker, data.brokerModule, data.plan)
const tell = (message: FromFeedWorker) => port.postMessage(message)
const session = new FeedSession(spec, data, {
  log: (level, text, fields) => tell({ kind: 'log', level, text, fields }),
  onRefused: (why, number) => tell({ kind: 'refused', why, number }),
  onOrder: (record) => tell({ kind: 'order', record }),
})

port.on('message', (message: ToFeedWorker) => {
  if (message.kind === 'want') session.want(message.pairs)
  else if (message.kind === 'index') {
    session.useIndex(message.tokens, message.number)
    tell({ kind: 'index' })
  } else if (message.kind === 'session') session.useSession(message.session, message.number)
  else {
    session.stop()
    port.close()
  }
})
session.start()
