// OpenAlgo's API of the running engine, as commands call it: what is sent, and what each way to fail means.
import { request } from 'undici'
import { z } from 'zod'
import { BAD_USAGE, CliError, FAILED, NO_ENGINE, tame } from '../command.ts'
import { CONFIG_OPTION, configFor, DATA_DIR_OPTION } from '../config-options.ts'
import { findEngine, hostToReach, type RunningEngine } from '../running-engine.ts'

/** Longer than the engine waits for any broker. */
const TIMEOUT_MS = 60_000
/** A history of years takes the broker many calls. */
const HISTORY_TIMEOUT_MS = 600_000
/** Codes of calls that never reached an engine. */
const NOT_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']

/** Options of every command that asks for an account. */
export const ACCOUNT_OPTIONS = {
  broker: {
    type: 'string',
    value: 'BROKER',
    help: 'The account at this broker; the first one configured when absent.',
  },
  json: { type: 'boolean', help: "Print the engine's answer as JSON, refusals too." },
  ...DATA_DIR_OPTION,
  ...CONFIG_OPTION,
} as const

/** What the API answered, whatever it is. */
interface Answered {
  readonly status: number
  readonly body: unknown
}

export interface Wish {
  /** Below `/api/v1/`. */
  readonly path: string
  readonly fields: Readonly<Record<string, unknown>>
  /** What to say of a write that got no answer; absent for a read, which may be repeated. */
  readonly unanswered?: string
}

/** The API of one engine, with the options of the command that asks. */
export class AccountApi {
  readonly #engine: RunningEngine
  readonly #broker: string | undefined
  readonly #asJson: boolean

  private constructor(engine: RunningEngine, broker: string | undefined, asJson: boolean) {
    this.#engine = engine
    this.#broker = broker
    this.#asJson = asJson
  }

  /** Finds the engine. Throws a CliError where none runs. */
  static async open(values: Readonly<Record<string, unknown>>): Promise<AccountApi> {
    const engine = await findEngine(configFor(values).config.data_dir)
    if (engine !== null) {
      return new AccountApi(engine, values.broker as string | undefined, values.json === true)
    }
    throw new CliError(
      NO_ENGINE,
      'no engine is running on this data folder; start one with `tickplant start`',
    )
  }

  /** Calls the API and returns the body of a success. Throws a CliError for anything else. */
  async call(wish: Wish): Promise<unknown> {
    const { status, body } = await this.#post(wish)
    if (status >= 200 && status < 300) return body
    if (this.#asJson && body !== null) print(JSON.stringify(body, null, 2))
    const { message, code } = refusalOf(body, status)
    // The caller's own mistake: nothing was sent to any broker.
    const isUsage = status === 400 && code === 'INVALID_INPUT'
    throw new CliError(isUsage ? BAD_USAGE : FAILED, message)
  }

  /** Calls the API and prints: the answer as it is for programs, else the lines that `describe` makes of it. */
  async show<Schema extends z.ZodType>(
    wish: Wish,
    schema: Schema,
    describe: (answer: z.infer<Schema>) => readonly string[],
  ): Promise<void> {
    const body = await this.call(wish)
    if (this.#asJson) print(JSON.stringify(body, null, 2))
    else print(...describe(understood(schema, body)))
  }

  async #post({ path, fields, unanswered }: Wish): Promise<Answered> {
    const { apiKey, http, pid } = this.#engine
    const broker = this.#broker === undefined ? {} : { broker: this.#broker }
    const timeoutMs = path === 'history' ? HISTORY_TIMEOUT_MS : TIMEOUT_MS
    try {
      const reply = await request(`http://${hostToReach(http)}/api/v1/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ apikey: apiKey, ...broker, ...fields }),
        // The engine waits as long as its brokers need: only the limit here ends a call.
        headersTimeout: 0,
        bodyTimeout: 0,
        signal: AbortSignal.timeout(timeoutMs),
      })
      return { status: reply.statusCode, body: parse(await reply.body.text()) }
    } catch (error) {
      const { name, code } = error as Error & { code?: unknown }
      const isLate = name === 'TimeoutError'
      const why = isLate ? `not within ${timeoutMs} ms` : typeof code === 'string' ? code : name
      const text = `the engine of process ${pid} does not answer (${why})`
      if (unanswered !== undefined && !NOT_SENT.includes(why)) {
        throw new CliError(FAILED, `${text}; ${unanswered}`)
      }
      const advice = 'delete engine.json in the data folder if no engine is running'
      throw new CliError(NO_ENGINE, `${text}; ${advice}`)
    }
  }
}

/** Prints lines. */
export function print(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

/** What a body says, in the form that is needed. Throws a CliError where it has another one. */
export function understood<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
): z.infer<Schema> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]!
  throw new CliError(
    FAILED,
    `the engine's answer has another form (${path.join('.')}: ${message}); it may be of another version: use --json`,
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const refusalSchema = z.object({
  message: z.union([z.string(), z.record(z.string(), z.unknown())]),
  error_code: z.string().optional(),
  detail: z.string().optional(),
})

/** The words and the code of a refusal, whose message is a text, or texts by field. */
function refusalOf(body: unknown, status: number): { message: string; code: string | undefined } {
  const parsed = refusalSchema.safeParse(body)
  if (!parsed.success) {
    return { message: `the engine answered with HTTP ${status}`, code: undefined }
  }
  const { message, error_code: code, detail } = parsed.data
  const words = typeof message === 'string' ? message : byField(message)
  const shown = code === undefined ? words : `${words} (${code})`
  return { message: tame(detail === undefined ? shown : `${shown}: ${detail}`), code }
}

const byField = (messages: Readonly<Record<string, unknown>>) =>
  Object.entries(messages)
    .map(([field, told]) => `${field}: ${Array.isArray(told) ? told.join(' ') : String(told)}`)
    .join('; ')
