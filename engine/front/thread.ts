// The front thread: takes the HTTP calls. It checks them, answers quotes from the last ticks, and asks the core for all
// else, which so sends ticks meanwhile.
import { parentPort, workerData } from 'node:worker_threads'
import { packageVersion } from '../../config/root.ts'
import { API_ROOT, answererOf, errorReply } from '../api/answerer.ts'
import { type HttpCall, serveHttp } from '../api/http.ts'
import { apiRoutes } from '../api/openapi.ts'
import { rateLimitsOf } from '../api/rate-limits.ts'
import type { Reply } from '../api/reply.ts'
import { symbolEndpoints } from '../api/symbols.ts'
import { marketOf, tradingContext, tradingEndpoints } from '../api/trading.ts'
import { KeyRing } from '../auth/key-ring.ts'
import { nowMs } from '../clock.ts'
import { loadUWebSockets } from '../distribute/uws.ts'
import { comeSecond } from '../priority.ts'
import { FrontFeed } from './feed.ts'
import { CoreLine } from './line.ts'
import { CLOSED, type FromCore, type FromFront, type FrontData, type FrontNews } from './words.ts'

const { address, rest, keys, brokers, closed } = workerData as FrontData
const port = parentPort!
const say = (told: FromFront) => port.postMessage(told)

// An answer may wait for a tick, and not the other way round.
comeSecond()

const ring = new KeyRing(keys)
const verifyKey = ring.verify.bind(ring)
const feeds = new Map(brokers.map((broker) => [broker.id, new FrontFeed(broker)]))
const line = new CoreLine(port)

const trading = tradingContext(line.gateway(), [...feeds.values()], rest)
const symbols = {
  ...{ lookup: line.lookups(), brokers: [...feeds.keys()], nowMs },
  market: marketOf(trading),
}
const endpoints = [...symbolEndpoints(symbols), ...tradingEndpoints(trading)]
const limits = rateLimitsOf(rest, nowMs)
const answerApi = answererOf(
  apiRoutes(endpoints, packageVersion(), { verifyKey, limits }),
  verifyKey,
)

function answer(call: HttpCall): Reply | Promise<Reply> {
  if (call.path.startsWith(API_ROOT)) return answerApi(call)
  return line.http(call).catch((error) => errorReply(call.path, error))
}

const NEWS: { [News in FrontNews['news']]: (told: Extract<FrontNews, { news: News }>) => void } = {
  keys: (told) => ring.use(told.keys),
  index: ({ broker, index }) => feeds.get(broker)?.useIndex(index),
  lastValues: ({ broker, lastValues }) => feeds.get(broker)?.useLastValues(lastValues),
  close() {
    leave()
    port.close()
  },
}

/** Whichever way the thread ends: what uWebSockets.js has open then would abort the process. */
function leave(): void {
  http?.close()
  http = null
  Atomics.store(closed, 0, CLOSED)
  Atomics.notify(closed, 0)
}

let http = listening()
process.on('exit', leave)
port.on('message', (told: FromCore) => {
  if ('news' in told) NEWS[told.news](told as never)
  else line.take(told)
})

function listening(): ReturnType<typeof serveHttp> | null {
  try {
    const server = serveHttp(loadUWebSockets(), address, answer)
    say({ listens: server.port })
    return server
  } catch (error) {
    say({ cannot: (error as Error).message })
    port.close()
    return null
  }
}
