// The OpenAPI document, made from the schemas that check the requests.
import { z } from 'zod'
import { ERROR_CODES } from '../../adapters/registry.ts'
import { API_ROOT, type ApiRoute } from './answerer.ts'
import { docsPage } from './docs-page.ts'
import { jsonReply } from './reply.ts'
import { type Endpoint, type RouteOptions, routeOf } from './rest.ts'

/** Statuses of refusals that every endpoint has. */
const COMMON_REFUSALS: Readonly<Record<number, string>> = {
  400: 'A field is missing, unknown or wrong',
  403: 'The API key is not valid or lacks the scope, or the broker has no live session',
  413: 'The body is larger than 256 KiB',
  429: 'Too many calls',
  500: 'A fault of the server or the broker, or a body that is not JSON',
  503: 'Too much waits; try again',
}

const failure = z.looseObject({
  broker: z.string().optional().meta({ description: 'Whose account it is about' }),
  error_code: z.enum(ERROR_CODES),
  message: z
    .union([z.string(), z.record(z.string(), z.unknown())])
    .meta({ description: 'A sentence, or by field what is wrong with it' }),
  status: z.literal('error'),
})

const json = (schema: unknown) => ({ 'application/json': { schema } })

/** The JSON Schema of what is sent (`input`) or answered (`output`), without its own mark of the dialect. */
function schemaOf(type: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(type, { io })
  return schema
}

function parametersOf({ request }: Endpoint) {
  const { properties = {}, required = [] } = schemaOf(request, 'input') as {
    properties?: Record<string, { description?: string }>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
  }))
}

function operationOf(described: Endpoint) {
  const { name, method, summary, request, success, refusals = {} } = described
  const failures = Object.entries({ ...COMMON_REFUSALS, ...refusals }).map(
    ([code, description]) => [code, { description, content: json(schemaOf(failure, 'output')) }],
  )
  const input =
    method === 'GET'
      ? { parameters: parametersOf(described) }
      : { requestBody: { required: true, content: json(schemaOf(request, 'input')) } }
  const responses = {
    200: { description: 'Success', content: json(schemaOf(success, 'output')) },
    ...Object.fromEntries(failures),
  }
  const scope = described.scope ?? 'read'
  const description = `The API key needs the scope \`${scope}\`.`
  return { operationId: name, summary, description, ...input, responses }
}

/** The document that describes these endpoints, OpenAPI 3.1. */
export function describeApi(endpoints: readonly Endpoint[], version: string) {
  const paths = endpoints.map((described) => {
    return [API_ROOT + described.name, { [described.method.toLowerCase()]: operationOf(described) }]
  })
  return {
    openapi: '3.1.0',
    info: { title: 'Tickplant, OpenAlgo API v1', version },
    paths: Object.fromEntries(paths),
  }
}

/** The endpoints as routes, and what describes them, as a document and as a page; these two need no key. */
export function apiRoutes(
  endpoints: readonly Endpoint[],
  version: string,
  options: RouteOptions,
): ApiRoute[] {
  // Made when somebody asks: it takes longer than all else that an engine does for its API at start.
  const document = once(() => describeApi(endpoints, version))
  const json = once(() => jsonReply(200, document()))
  const page = once(() => docsPage(document()))
  return [
    ...endpoints.map((described) => routeOf(described, options)),
    { method: 'GET', path: `${API_ROOT}openapi.json`, answer: json },
    { method: 'GET', path: `${API_ROOT}docs`, answer: page },
  ]
}

/** The result of the first call, for all calls. */
function once<Result>(make: () => Result): () => Result {
  let made: Result | undefined
  return () => {
    made ??= make()
    return made
  }
}
