// The front thread's line to the core: questions and their answers.
import type { MessagePort } from 'node:worker_threads'
import { RestFailure } from '../api/failures.ts'
import type { HttpCall } from '../api/http.ts'
import type { Gateway } from '../api/order-context.ts'
import type { Lookups } from '../api/symbol-context.ts'
import { LookupError, type LookupErrorKind } from '../symbols/lookup/lookup-error.ts'
import {
  type Asked,
  type Failed,
  type FrontAnswer,
  GATEWAY_CALLS,
  type Question,
  type WholeReply,
} from './words.ts'

/** Questions under way; more are refused. */
const QUESTIONS_MAX = 10_000

interface Waiting {
  readonly rows: unknown[]
  resolve(value: unknown): void
  reject(error: Error): void
}

export class CoreLine {
  readonly #port: Pick<MessagePort, 'postMessage'>
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  constructor(port: Pick<MessagePort, 'postMessage'>) {
    this.#port = port
  }

  /** The gateway of the core. */
  gateway(): Gateway {
    const calls = GATEWAY_CALLS.map((name) => [
      name,
      (...given: unknown[]) => this.#ask({ of: 'gateway', name, with: given }),
    ])
    return Object.fromEntries(calls) as Gateway
  }

  /** The look-ups of the core. */
  lookups(): Lookups {
    return {
      ask: (...given) => this.#ask({ of: 'lookup', with: given }) as never,
      dump: (...given) => this.#dump(given),
    }
  }

  /** A call that the core answers itself. */
  http(call: HttpCall): Promise<WholeReply> {
    return this.#ask({ of: 'http', call }) as Promise<WholeReply>
  }

  /** Takes what the core tells of a question. */
  take(answer: FrontAnswer): void {
    const waiting = this.#waiting.get(answer.id)
    if (waiting === undefined) return
    if ('rows' in answer) {
      waiting.rows.push(...answer.rows)
      return
    }
    this.#waiting.delete(answer.id)
    if ('failed' in answer) waiting.reject(errorOf(answer.failed))
    else waiting.resolve(withRows(answer.value, waiting.rows))
  }

  async *#dump(given: Parameters<Lookups['dump']>): AsyncGenerator<Uint8Array> {
    const dump = (await this.#ask({ of: 'openDump', with: given })) as number
    try {
      for (;;) {
        const piece = (await this.#ask({ of: 'readDump', dump })) as Uint8Array | null
        if (piece === null) return
        yield piece
      }
    } finally {
      // Whatever else waits: a dump that is not closed keeps its place.
      await this.#send({ of: 'closeDump', dump })
    }
  }

  #ask(question: Question): Promise<unknown> {
    if (this.#waiting.size >= QUESTIONS_MAX) {
      return Promise.reject(new RestFailure(503, `${QUESTIONS_MAX} calls wait already; try again`))
    }
    return this.#send(question)
  }

  #send(question: Question): Promise<unknown> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { rows: [], resolve, reject })
      this.#port.postMessage({ id, question } satisfies Asked)
    })
  }
}

/** Rows that came in parts are those of the answer's list. */
function withRows(value: unknown, rows: unknown[]): unknown {
  return rows.length === 0 ? value : { ...(value as object), ok: rows }
}

function errorOf({ kind, message }: Failed): Error {
  return kind === undefined ? new Error(message) : new LookupError(kind as LookupErrorKind, message)
}
