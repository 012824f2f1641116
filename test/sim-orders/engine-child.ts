// An engine in a process of its own, which its parent drives by messages and may kill at any moment. What it is to be
// configured with comes as JSON on the command line.
import { BROKERS } from '../../adapters/registry.ts'
import { loadConfig } from '../../config/load.ts'
import type { Flags } from '../../config/sources.ts'
import { type Engine, startEngine } from '../../engine/main.ts'
import { createLogger } from '../../engine/observe/log.ts'
import type { ChildEnd, Request } from './protocol.ts'

const CALLER = { keyId: 'simulated' }

async function start(flags: Flags): Promise<Engine> {
  const cwd = String(flags.data_dir)
  const loaded = loadConfig({ brokerIds: Object.keys(BROKERS), env: {}, cwd, flags })
  return startEngine(loaded, createLogger({ level: 'warn', destination: process.stderr }))
}

async function terminate({ orders }: Engine, pool: 'orders' | 'reads'): Promise<ChildEnd> {
  const { running } = orders.orders
  const [thread] = orders[pool].threads
  await thread?.terminate()
  return { threads: thread === undefined ? 0 : 1, running }
}

async function act(engine: Engine, request: Request): Promise<unknown> {
  const { orders, keepers } = engine
  const keeper = keepers[0]!
  switch (request.do) {
    case 'orderBook':
      return orders.gateway.orderBook({})
    case 'status':
      return { ...orders.status(), isSignedIn: keeper.current() !== null }
    case 'login':
      await keeper.useToken({ request_token: request.requestToken })
      return true
    case 'terminate':
      return terminate(engine, request.pool)
    default:
      return orders.gateway[request.do](request.input, CALLER)
  }
}

// Asked for early, so that the parent's end is noticed while this one starts.
process.on('disconnect', () => process.exit())
const engine = await start(JSON.parse(process.argv[2]!))
process.on('message', ({ number, request }: { number: number; request: Request }) => {
  act(engine, request).then(
    (answer) => process.send!({ number, answer }),
    (error: Error) => process.send!({ number, failed: String(error.stack) }),
  )
})
process.send!({ number: 0, answer: 'started' })
