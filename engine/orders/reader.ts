// Reads: tried again after a pause that grows and varies, behind a circuit breaker for each kind of call of a broker.
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleType,
  type IPolicy,
  retry,
  wrap,
} from 'cockatiel'
import type { Session } from '../../adapters/broker.ts'
import type { ReadName } from '../../adapters/order-rules.ts'
import type { ErrorCode, Read, ReadReply, Refusal } from '../../adapters/orders.ts'
import type { BrokerLine } from './lines.ts'
import { isRefusal, shown } from './outcome.ts'
import type { ReadsPlan } from './plan.ts'

/** An order book of a busy day, or a long history, in JSON. */
const REPLY_BYTES_MAX = 32 * 1024 * 1024
const SERVER_ERROR = 500

type Reply = ReadReply<unknown>

/** An attempt that says nothing about the account: worth another one. */
class AttemptError extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}

const refuse = (code: ErrorCode, message: string): { readonly refusal: Refusal } => ({
  refusal: { code, message },
})
const fail = (message: string) => new AttemptError({ code: 'NETWORK_ERROR', message })

export class Reader {
  readonly #plan: ReadsPlan
  readonly #lines: ReadonlyMap<string, BrokerLine>
  readonly #policies = new Map<string, IPolicy>()

  constructor(plan: ReadsPlan, lines: ReadonlyMap<string, BrokerLine>) {
    this.#plan = plan
    this.#lines = lines
  }

  /** Makes a read until it is answered or given up. Never rejects. */
  async read(broker: string, name: ReadName, ask: unknown, session: Session): Promise<Reply> {
    const line = this.#lines.get(broker)
    if (line === undefined) return refuse('UNSUPPORTED', `no broker ${broker}`)
    const read = line.orders?.reads[name]
    if (read === undefined || 'unsupported' in read) {
      const why = read?.unsupported ?? 'it takes no orders'
      return refuse('UNSUPPORTED', `${line.spec.name}: ${why}`)
    }
    const timeoutMs = name === 'history' ? this.#plan.historyTimeoutMs : this.#plan.readTimeoutMs
    const attempt = () => attemptRead(line, read as Read<unknown, unknown>, ask, session, timeoutMs)
    try {
      return await this.#policyOf(broker, name).execute(attempt)
    } catch (error) {
      return this.#refusalOf(error, `${line.spec.name} ${name}`)
    }
  }

  #refusalOf(error: unknown, call: string): Reply {
    if (error instanceof AttemptError) return { refusal: error.refusal }
    if (error instanceof BrokenCircuitError) {
      const { failuresMax, restMs } = this.#plan
      const why = `${failuresMax} calls failed in a row; they rest for ${restMs} ms`
      return refuse('NETWORK_ERROR', `${call}: ${why}`)
    }
    if (error instanceof BulkheadRejectedError)
      return refuse('RATE_LIMITED', `${call}: ${this.#plan.waitingMax} calls are waiting already`)
    return refuse('UNKNOWN_ERROR', `${call}: ${(error as Error).message}`)
  }

  #policyOf(broker: string, name: ReadName): IPolicy {
    const key = `${broker} ${name}`
    const policy = this.#policies.get(key) ?? policyFor(this.#plan)
    this.#policies.set(key, policy)
    return policy
  }
}

function policyFor(plan: ReadsPlan): IPolicy {
  const { retriesMax, retryMsMin, retryMsMax, failuresMax, restMs, runningMax, waitingMax } = plan
  const failures = handleType(AttemptError)
  return wrap(
    bulkhead(runningMax, waitingMax),
    retry(failures, {
      maxAttempts: retriesMax,
      // Its default varies each pause, so that calls that failed together do not come back together.
      backoff: new ExponentialBackoff({ initialDelay: retryMsMin, maxDelay: retryMsMax }),
    }),
    // Inside the retries, so that each attempt counts, and none is made while it is open.
    circuitBreaker(failures, {
      halfOpenAfter: restMs,
      breaker: new ConsecutiveBreaker(failuresMax),
    }),
  )
}

async function attemptRead(
  line: BrokerLine,
  read: Read<unknown, unknown>,
  ask: unknown,
  session: Session,
  timeoutMs: number,
): Promise<Reply> {
  const hide = line.hiderFor(session)
  let request: ReturnType<typeof read.request>
  try {
    request = read.request(line.plan.hosts, session, ask)
  } catch {
    return refuse('UNKNOWN_ERROR', `${line.spec.name}: the adapter cannot write the call`)
  }
  const sent = await line.client.send(request, { timeoutMs, replyBytesMax: REPLY_BYTES_MAX })
  if (sent.is !== 'reply') throw fail(`${line.spec.name}: ${sent.why}`)
  const { status } = sent.reply
  let reply: Reply
  try {
    reply = read.read(sent.reply, ask)
  } catch {
    throw fail(`${line.spec.name}: HTTP ${status}: the adapter failed to read the reply`)
  }
  if (!('refusal' in reply)) return reply
  if (!isRefusal(reply.refusal)) throw fail(`${line.spec.name}: HTTP ${status}`)
  const { code, message } = reply.refusal
  const refusal = { code, message: shown(message, hide) }
  if (code === 'NETWORK_ERROR' || status >= SERVER_ERROR) throw new AttemptError(refusal)
  return { refusal }
}
