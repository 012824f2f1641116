// An engine in a process of its own, driven by messages of its parent, which may kill it at any moment.
//   node engine-child.js FLAGS
// FLAGS are the configuration as JSON: keys with dots and their values.
import { loadConfig } from '../../config/load.ts'
import type { Flags } from '../../config/sources.ts'
import { startEngine } from '../../engine/main.ts'
import { createLogger } from '../../engine/observe/log.ts'

export type Wish = 'place' | 'modify' | 'cancel' | 'quote'

export type Request =
  | { readonly number: number; readonly do: Wish; readonly input: object }
  | { readonly number: number; readonly do: 'terminate' | 'status' }
  | { readonly number: number; readonly do: 'signIn'; readonly values: Record<string, string> }

const flags = JSON.parse(process.argv[2] ?? '{}') as Flags
const log = createLogger({ level: 'silent' })
const loaded = loadConfig({ brokerIds: ['zerodha'], env: {}, cwd: process.cwd(), flags })
const engine = await startEngine(loaded, log)
const { gateway, orders } = engine.orders
const caller = { keyId: 'sim-orders' }

async function answer(request: Request): Promise<unknown> {
  switch (request.do) {
    case 'terminate':
      await orders.threads[0]?.terminate()
      return null
    case 'status':
      return engine.orders.status()
    case 'signIn':
      await engine.keepers[0]!.useToken(request.values)
      return null
    default:
      return gateway[request.do](request.input, caller)
  }
}

process.on('message', (request: Request) => {
  const tell = (told: unknown) => process.send?.({ number: request.number, told })
  answer(request).then(tell, (error: Error) => tell({ failed: error.message }))
})
process.on('disconnect', () => process.exit(0))
process.send?.({ number: 0, told: 'ready' })
