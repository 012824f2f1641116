// What those who drive a simulator from another process ask of it, under `/sim/`. No session is wanted: it listens on
// loopback.
import { checkFault, type Fault } from './faults.ts'
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
  { method: 'POST', path: /^\/sim\/move$/, handle: move },
  { method: 'POST', path: /^\/sim\/tick$/, handle: tick },
  {
    method: 'POST',
    path: /^\/sim\/expire$/,
    handle(call) {
      call.context.sessions.expireAll()
      return plain(call, true)
    },
  },
]

/** `{"token":738561,"price":1300}`. */
function move(call: Call): typeof ANSWERED {
  const { token, price } = readJson(call) as Record<string, unknown>
  if (typeof token !== 'number' || typeof price !== 'number') {
    throw badInput('`token` and `price` must be numbers.')
  }
  named(() => call.context.moveTo(token, price))
  return plain(call, true)
}

/** `{"tokens":[738561]}`, or `{}` for all that is subscribed to or has orders. */
function tick(call: Call): typeof ANSWERED {
  const { tokens } = readJson(call) as Record<string, unknown>
  const areTokens = Array.isArray(tokens) && tokens.every(Number.isInteger)
  if (tokens !== undefined && !areTokens) throw badInput('`tokens` must be a list of tokens.')
  return plain(call, call.context.tickOnce(tokens as number[] | undefined))
}

function readJson({ body }: Call): object {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null) return value
  } catch {}
  throw badInput('The body must be JSON: an object, or a list of them.')
}

/** Does what may throw a RangeError, which becomes a refusal. */
function named(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (error instanceof RangeError) throw badInput(error.message)
    throw error
  }
}

/** An answer of the simulator's own, without Kite's envelope. */
function plain({ response }: Call, value: unknown): typeof ANSWERED {
  send(response, { status: 200, text: JSON.stringify(value) })
  return ANSWERED
}

const listed = ({ context }: Call) => context.faults.list()

/** Takes one fault or a list of them. */
function setFaults(call: Call): typeof ANSWERED {
  const given = readJson(call)
  const faults: unknown[] = Array.isArray(given) ? given : [given]
  // All of them or none.
  named(() => {
    for (const fault of faults) checkFault(fault)
  })
  for (const fault of faults) call.context.faults.set(fault as Fault)
  return plain(call, listed(call))
}
