// A process of its own with an orders pool, for the test that kills it: node kill-child.js URL FOLDER COUNT
import { createLogger } from '../../engine/observe/log.ts'
import { startOrdersPool } from '../../engine/orders/orders-pool.ts'
import { BROKER, plansFor, SESSION, taskOf } from './paper-desk.ts'

const [url = '', folder = '', prefix = '', count = '0'] = process.argv.slice(2)
const orders = startOrdersPool(plansFor({ url }, folder).orders, createLogger({ level: 'silent' }))
await orders.open()
await orders.useSession(BROKER, SESSION)
process.stdout.write('ready\n')
for (let at = 0; at < Number(count); at += 1) {
  void orders.write(taskOf(`${prefix}${at}`)).then(({ outcome }) => {
    process.stdout.write(`${prefix}${at} ${outcome}\n`)
  })
  if (at % 3 === 2) await new Promise((resolve) => setTimeout(resolve, 1))
}
