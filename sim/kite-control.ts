// What those who drive a simulator from another process ask of it, under `/sim/`. No session is wanted: it listens on
// loopback.
import { checkFault } from './faults.ts'
import { ANSWERED, type Call, type Route, send } from './kite-call.ts'
import { badInput } from './kite-order-form.ts'

export const CONTROL_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: /^\/sim\/stats$/,
    handle: (call) => plain(call, call.context.stats(call.url.searchParams.get('tokens') === '1')),
  },
  {
    method: 'GET',
    path: /^\/sim\/orders$/,
    handle: (call) => plain(call, call.context.record.read()),
  },
  { method: 'GET', path: /^\/sim\/faults$/, handle: (call) => plain(call, listed(call)) },
  { method: 'POST', path: /^\/sim\/faults$/, handle: setFaults },
  {
    method: 'DELETE',
    path: /^\/sim\/faults$/,
    handle(call) {
      call.context.faults.clear()
      return plain(call, [])
    },
  },
  {
    method: 'POST',
    path: /^\/sim\/expire$/,
    handle(call) {
      call.context.sessions.expireAll()
      return plain(call, true)
    },
  },
]

/** An answer of the simulator's own, without Kite's envelope. */
function plain({ response }: Call, value: unknown): typeof ANSWERED {
  send(response, { status: 200, text: JSON.stringify(value) })
  return ANSWERED
}

const listed = ({ context }: Call) => context.faults.list()

/** Takes one fault or a list of them. */
function setFaults(call: Call): typeof ANSWERED {
  let given: unknown
  try {
    given = JSON.parse(call.body)
  } catch {
    throw badInput('The body must be JSON: a fault or a list of faults.')
  }
  const faults = Array.isArray(given) ? given : [given]
  try {
    for (const fault of faults) checkFault(fault)
  } catch (error) {
    throw badInput((error as Error).message)
  }
  for (const fault of faults) call.context.faults.set(fault)
  return plain(call, listed(call))
}
