// The core's end of the line to the front thread: each question is answered once, and none holds up the ticks.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Answerer } from '../api/answerer.ts'
import type { OrderGateway } from '../orders/gateway.ts'
import type { Lookup } from '../symbols/lookup/lookup.ts'
import { LookupError } from '../symbols/lookup/lookup-error.ts'
import {
  type Asked,
  type Failed,
  type FrontAnswer,
  GATEWAY_CALLS,
  type GatewayCall,
  type Question,
} from './words.ts'

/** Rows that are copied in well under a millisecond. */
const ROWS_AT_ONCE = 200

export interface DeskParts {
  readonly gateway: OrderGateway
  readonly lookup: Pick<Lookup, 'ask' | 'dump'>
  /** Answers calls of which the thread knows nothing. */
  readonly answer: Answerer
  /** Sends the ticks that wait. */
  letTicksPass(): void
}

type Post = (told: FrontAnswer, moved?: readonly ArrayBuffer[]) => void
type Answers = {
  readonly [Of in Question['of']]: (question: Extract<Question, { of: Of }>) => unknown
}

/** Answers the questions of one thread; what is posted goes to it. */
export class Desk {
  readonly #parts: DeskParts
  readonly #post: Post
  readonly #answers: Answers
  readonly #dumps = new Map<number, AsyncGenerator<Uint8Array>>()
  #lastDump = 0

  constructor(parts: DeskParts, post: Post) {
    const { gateway, lookup, answer } = parts
    this.#parts = parts
    this.#post = post
    this.#answers = {
      gateway: (asked) => askGateway(gateway, asked.name, asked.with),
      lookup: (asked) => lookup.ask(...asked.with),
      openDump: (asked) => this.#openDump(lookup.dump(...asked.with)),
      readDump: ({ dump }) => this.#readDump(dump),
      closeDump: ({ dump }) => this.#closeDump(dump),
      http: ({ call }) => answer(call),
    }
  }

  async take({ id, question }: Asked): Promise<void> {
    // Many questions may come with one look at the line.
    this.#parts.letTicksPass()
    try {
      const value = await this.#answers[question.of](question as never)
      this.#parts.letTicksPass()
      await this.#tell(id, value)
    } catch (error) {
      this.#post({ id, failed: failedOf(error as Error) })
    }
  }

  /** Ends what the thread has not, which is gone. */
  close(): void {
    for (const dump of this.#dumps.keys()) void this.#closeDump(dump)
  }

  #openDump(pieces: AsyncGenerator<Uint8Array>): number {
    this.#dumps.set(++this.#lastDump, pieces)
    return this.#lastDump
  }

  /** The bytes stay the thread's until it asks for the next. */
  async #readDump(dump: number): Promise<Uint8Array | null> {
    const next = await this.#dumps.get(dump)?.next()
    return next === undefined || next.done ? null : next.value
  }

  async #closeDump(dump: number): Promise<void> {
    const pieces = this.#dumps.get(dump)
    this.#dumps.delete(dump)
    await pieces?.return(undefined)
  }

  /** A list of any length is told in parts, between which ticks pass. */
  async #tell(id: number, value: unknown): Promise<void> {
    const json = jsonOf(value)
    if (json !== null) {
      // It lies in memory that the next answer of the query thread takes.
      const copy = new Uint8Array(json)
      this.#post({ id, value: { json: copy } }, [copy.buffer])
      return
    }
    const rows = rowsOf(value)
    if (rows === null) {
      this.#post({ id, value })
      return
    }
    for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
      this.#post({ id, rows: rows.slice(at, at + ROWS_AT_ONCE) })
      await nextTurn()
    }
    this.#post({ id, value: { ...(value as object), ok: [] } })
  }
}

function askGateway(gateway: OrderGateway, name: GatewayCall, given: readonly unknown[]): unknown {
  if (!GATEWAY_CALLS.includes(name)) throw new Error(`the gateway has no call ${name}`)
  return (gateway[name] as (...each: readonly unknown[]) => unknown)(...given)
}

function failedOf(error: Error): Failed {
  const { message } = error
  return error instanceof LookupError ? { message, kind: error.kind } : { message }
}

/** The rows of an answer of the gateway, where they are too many for one part. */
function rowsOf(value: unknown): readonly unknown[] | null {
  const { ok } = (value ?? {}) as { ok?: unknown }
  return Array.isArray(ok) && ok.length > ROWS_AT_ONCE ? ok : null
}

function jsonOf(value: unknown): Uint8Array | null {
  const { json } = (value ?? {}) as { json?: unknown }
  return json instanceof Uint8Array ? json : null
}
