// One endpoint of OpenAlgo's API: its fields are checked, then its key, then it is answered.
import type { z } from 'zod'
import type { KeyRecord } from '../auth/keys.ts'
import { LookupError } from '../symbols/lookup/lookup-error.ts'
import { API_ROOT, type ApiRoute } from './answerer.ts'
import { INVALID_KEY, RestFailure, refusal } from './failures.ts'
import { describeIssues } from './fields.ts'
import type { HttpCall } from './http.ts'
import type { RateClass, RateLimits } from './rate-limits.ts'
import type { Reply } from './reply.ts'

/** What is wrong with fields: texts by field, and by place in lists. */
export type Messages = { readonly [field: string]: readonly string[] | Messages }

/** Who asks. */
export interface ApiCaller {
  readonly keyId: string
}

export interface Endpoint<Schema extends z.ZodObject = z.ZodObject> {
  /** Below `/api/v1/`. */
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly summary: string
  readonly request: Schema
  readonly success: z.ZodType
  /** What a key must be allowed to do; `read` where nothing is said. */
  readonly scope?: 'read' | 'trade'
  /** Which limit of calls holds; OpenAlgo's for all that is no order where nothing is said. */
  readonly rate?: RateClass
  /** Statuses of refusals besides those of every endpoint, and what they mean. */
  readonly refusals?: Readonly<Record<number, string>>
  /** What is wrong with fields that each for itself are right: by field, or as a sentence. */
  check?(fields: z.infer<Schema>): Messages | string | null
  answer(fields: z.infer<Schema>, caller: ApiCaller): Promise<Reply> | Reply
  /** The reply to fields that are refused, where it is not the common one. */
  refuseFields?(messages: Messages | string, fields: unknown): Reply
}

/** Takes part in type checks only: an endpoint whose answer sees the fields of its own schema. */
export function endpoint<Schema extends z.ZodObject>(described: Endpoint<Schema>): Endpoint {
  return described as unknown as Endpoint
}

/** What all routes share. */
export interface RouteOptions {
  readonly verifyKey: (key: string) => KeyRecord | null
  /** How often who may call; without it, as often as they like. */
  readonly limits?: RateLimits | undefined
}

const BYTE_ORDER_MARK = '\ufeff'

/** OpenAlgo tells the same whatever the window is. */
const RETRY_AFTER_SECONDS = 60
const TOO_OFTEN = 'Rate limit exceeded. Please slow down your requests.'

/** An endpoint as a route of the HTTP server. */
export function routeOf(described: Endpoint, options: RouteOptions): ApiRoute {
  const { verifyKey, limits } = options
  const { name, method, request, rate = 'api' } = described
  const scope = described.scope ?? 'read'
  const refuseFields = (messages: Messages | string, fields: unknown) =>
    described.refuseFields?.(messages, fields) ?? refusal(400, messages)
  return {
    method,
    path: API_ROOT + name,
    answer(call) {
      const given = method === 'GET' ? queryFields(call, request) : bodyFields(call)
      const key = 'fields' in given ? verifiedKey(given.fields, verifyKey) : null
      const waitMs = limits?.take(name, rate, `${key?.id ?? ''} ${call.address}`) ?? 0
      if (waitMs > 0) {
        const more = { retry_after: RETRY_AFTER_SECONDS, retry_after_ms: waitMs }
        return refusal(429, TOO_OFTEN, more)
      }
      if ('refused' in given) return given.refused
      const checked = request.safeParse(given.fields)
      if (!checked.success) return refuseFields(describeIssues(checked.error), given.fields)
      const wrong = described.check?.(checked.data) ?? null
      if (wrong !== null) return refuseFields(wrong, given.fields)
      if (key === null) return refusal(403, INVALID_KEY)
      if (!key.scopes.includes(scope)) return refusal(403, FORBIDDEN[scope])
      return answered(() => described.answer(checked.data, { keyId: key.id }))
    },
  }
}

const FORBIDDEN = {
  read: 'This API key may not read market data and accounts',
  trade: 'This API key may not trade',
} as const

function bodyFields({ body }: HttpCall): { fields: unknown } | { refused: Reply } {
  if (body === null) return { refused: refusal(413, 'The body is too large') }
  try {
    // Python's parser, to which these bodies were sent so far, takes a byte order mark too.
    return { fields: JSON.parse(body.startsWith(BYTE_ORDER_MARK) ? body.slice(1) : body) }
  } catch {
    const more = { error_code: 'INVALID_INPUT' }
    return { refused: refusal(500, 'An unexpected error occurred: the body is not JSON', more) }
  }
}

/** The record of the key of a request, which may be anything yet. */
function verifiedKey(fields: unknown, verifyKey: RouteOptions['verifyKey']): KeyRecord | null {
  const isObject = typeof fields === 'object' && fields !== null && Object.hasOwn(fields, 'apikey')
  const key = isObject ? (fields as { apikey: unknown }).apikey : null
  return typeof key === 'string' ? verifyKey(key) : null
}

/** The fields of the schema that the query has; others are not looked at, as they are not in OpenAlgo. */
function queryFields({ query, apiKey }: HttpCall, schema: z.ZodObject) {
  const parameters = new URLSearchParams(query)
  const fields: Record<string, string> = apiKey === '' ? {} : { apikey: apiKey }
  for (const name of Object.keys(schema.shape)) {
    const value = parameters.get(name)
    if (value !== null) fields[name] = value
  }
  return { fields }
}

/** An answer that is there at once stays one: who waits for nothing goes ahead. */
function answered(answer: () => Promise<Reply> | Reply): Promise<Reply> | Reply {
  try {
    const reply = answer()
    return reply instanceof Promise ? reply.catch(refuse) : reply
  } catch (error) {
    return refuse(error)
  }
}

function refuse(error: unknown): Reply {
  if (error instanceof RestFailure) return refusal(error.status, error.message, error.more)
  if (error instanceof LookupError) {
    return refusal(error.kind === 'failed' ? 500 : 503, error.message)
  }
  throw error
}
