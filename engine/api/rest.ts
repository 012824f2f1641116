// One endpoint of OpenAlgo's API: its fields are checked, then its key, then it is answered.
import type { z } from 'zod'
import type { KeyRecord } from '../auth/keys.ts'
import { LookupError } from '../symbols/lookup/lookup.ts'
import { describeIssues } from './fields.ts'
import { API_ROOT, type ApiCall, type ApiRoute, jsonReply, type Reply } from './http.ts'

/** A refusal of a request whose fields are well formed. */
export class RestFailure extends Error {
  override readonly name = 'RestFailure'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Endpoint<Schema extends z.ZodObject = z.ZodObject> {
  /** Below `/api/v1/`. */
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly summary: string
  readonly request: Schema
  readonly success: z.ZodType
  /** Statuses of refusals besides those of every endpoint, and what they mean. */
  readonly refusals?: Readonly<Record<number, string>>
  answer(fields: z.infer<Schema>): Promise<Reply>
  /** The reply to fields that are refused, where it is not the common one. */
  refuseFields?(messages: Record<string, string[]>, fields: unknown): Reply
}

/** Takes part in type checks only: an endpoint whose answer sees the fields of its own schema. */
export function endpoint<Schema extends z.ZodObject>(described: Endpoint<Schema>): Endpoint {
  return described as unknown as Endpoint
}

/** An error in OpenAlgo's form. */
export function refusal(status: number, message: unknown): Reply {
  return jsonReply(status, { message, status: 'error' })
}

/** An endpoint as a route of the HTTP server. */
export function routeOf(
  described: Endpoint,
  verifyKey: (key: string) => KeyRecord | null,
): ApiRoute {
  const { name, method, request, refuseFields } = described
  return {
    method,
    path: API_ROOT + name,
    async answer(call) {
      const given = method === 'GET' ? queryFields(call, request) : bodyFields(call)
      if ('refused' in given) return given.refused
      const checked = request.safeParse(given.fields)
      if (!checked.success) {
        const messages = describeIssues(checked.error)
        return refuseFields?.(messages, given.fields) ?? refusal(400, messages)
      }
      const refused = refuseKey(verifyKey, checked.data.apikey as string)
      if (refused !== null) return refused
      return described.answer(checked.data).catch(refuse)
    },
  }
}

function bodyFields({ body }: ApiCall): { fields: unknown } | { refused: Reply } {
  if (body === null) return { refused: refusal(413, 'The body is too large') }
  try {
    return { fields: JSON.parse(body) }
  } catch {
    return { refused: refusal(500, 'An unexpected error occurred: the body is not JSON') }
  }
}

/** The fields of the schema that the query has; others are not looked at, as they are not in OpenAlgo. */
function queryFields({ query, apiKey }: ApiCall, schema: z.ZodObject) {
  const parameters = new URLSearchParams(query)
  const fields: Record<string, string> = apiKey === '' ? {} : { apikey: apiKey }
  for (const name of Object.keys(schema.shape)) {
    const value = parameters.get(name)
    if (value !== null) fields[name] = value
  }
  return { fields }
}

function refuseKey(verifyKey: (key: string) => KeyRecord | null, key: string): Reply | null {
  const record = verifyKey(key)
  if (record === null) return refusal(403, 'Invalid openalgo apikey')
  if (record.scopes.includes('read')) return null
  return refusal(403, 'This API key may not read market data')
}

function refuse(error: unknown): Reply {
  if (error instanceof RestFailure) return refusal(error.status, error.message)
  if (error instanceof LookupError) {
    return refusal(error.kind === 'failed' ? 500 : 503, error.message)
  }
  throw error
}
