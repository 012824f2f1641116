// Tells a client of its orders: text frames on its ticker sockets, and calls to the app's postback address. Kite
// Connect v3, "WebSocket" and "Postback".
import { createHash } from 'node:crypto'
import type { Faults } from './faults.ts'
import type { Postback } from './kite-postback.ts'
import { APP_ID, orderRow, USER_ID } from './kite-records.ts'
import type { Order, Stage } from './order.ts'

/** Stages that Kite keeps to itself. */
const UNTOLD: ReadonlySet<Stage> = new Set([
  'received',
  'validating',
  'opening',
  'change validating',
  'changing',
  'cancelling',
])

export interface MessageOptions {
  readonly apiSecret: string
  readonly faults: Faults
  readonly postback: Postback | undefined
  /** Whether any socket would get a message; where nobody would, none is made. */
  isHeard(): boolean
  /** Sends a text frame to every socket. */
  send(text: string): void
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** Makes the listener that an account tells its orders' stages to. */
export function orderMessages(options: MessageOptions): (order: Order) => void {
  const { apiSecret, faults, postback } = options
  return (order) => {
    const state = order.states.at(-1)!
    if (UNTOLD.has(state.stage) || !(options.isHeard() || postback)) return
    const row = orderRow(order, state, false)
    const fault = faults.take('message')
    if (fault?.do === 'drop') return
    const data = JSON.stringify({
      user_id: USER_ID,
      app_id: APP_ID,
      unfilled_quantity: row.pending_quantity,
      checksum: sha256(row.order_id + row.order_timestamp + apiSecret),
      ...row,
    })
    postback?.send(data)
    const frame = `{"type":"order","data":${data}}`
    options.send(frame)
    if (fault?.do === 'duplicate') options.send(frame)
  }
}
