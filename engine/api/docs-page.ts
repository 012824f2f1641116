// The OpenAPI document as a page for people: plain HTML, written once, that fetches nothing.
import type { Reply } from './reply.ts'

/** What the page needs of a JSON Schema. */
interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}
interface Content {
  readonly 'application/json': { readonly schema: unknown }
}
interface Operation {
  readonly summary: string
  readonly description: string
  readonly parameters?: readonly {
    readonly name: string
    readonly required: boolean
    readonly description?: string
    readonly schema: unknown
  }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content: Content }>
  >
}
interface Document {
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<Record<string, unknown>>
}

const MARKS: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}
const safe = (text: string) => text.replace(/[&<>"]/g, (mark) => MARKS[mark]!)
const code = (text: string) => `<code>${safe(text)}</code>`

const STYLE = `
:root{color-scheme:light dark;--line:light-dark(#ddd,#444);--soft:light-dark(#666,#aaa)}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:1rem;font-size:1.15rem}
table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top}
code{font:13px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
nav ul{columns:14rem;list-style:none;padding:0}
.soft{color:var(--soft)}`

/** A type in one line. */
function kindOf(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((word) => JSON.stringify(word)).join(' | ')
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(kindOf))].join(' or ')
  if (schema.type === 'array') return `list of ${kindOf(schema.items ?? {})}`
  if (schema.properties !== undefined) {
    const fields = Object.entries(schema.properties)
    return `{ ${fields.map(([name, field]) => `${name}: ${kindOf(field)}`).join(', ')} }`
  }
  return [schema.type ?? 'anything'].flat().join(' or ')
}

function row(name: string, schema: Schema, isNeeded: boolean, description = ''): string {
  const isDefault = schema.default !== undefined
  const without = isDefault ? `default ${code(JSON.stringify(schema.default))}` : 'optional'
  const need = isNeeded ? 'required' : without
  const cells = [code(name), code(kindOf(schema)), need, safe(description)]
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
}

function requestRows({ parameters, requestBody }: Operation): string[] {
  if (parameters !== undefined) {
    return parameters.map(({ name, required, description, schema }) =>
      row(name, schema as Schema, required, description),
    )
  }
  const schema = requestBody?.content['application/json'].schema as Schema
  const { properties = {}, required = [] } = schema
  return Object.entries(properties).map(([name, field]) =>
    row(name, field, required.includes(name), field.description),
  )
}

function section(path: string, method: string, operation: Operation): string {
  const { responses } = operation
  const success = responses[200]!.content['application/json'].schema as Schema
  const refusals = Object.entries(responses)
    .filter(([status]) => status !== '200')
    .map(([status, { description }]) => `<tr><td>${status}</td><td>${safe(description)}</td></tr>`)
  return [
    `<h2 id="${safe(path)}">${method.toUpperCase()} ${safe(path)}</h2>`,
    `<p>${safe(operation.summary)}. <span class="soft">${safe(operation.description)}</span></p>`,
    '<table><tr><th>Field</th><th>Type</th><th></th><th>Meaning</th></tr>',
    ...requestRows(operation),
    '</table>',
    `<p>Answers ${code(kindOf(success))}</p>`,
    `<details><summary>Refusals</summary><table>${refusals.join('')}</table></details>`,
  ].join('\n')
}

/** The page of an OpenAPI document. */
export function docsPage({ info, paths }: Document): Reply {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => {
      return { path, method, operation }
    }),
  )
  const title = safe(`${info.title}, version ${info.version}`)
  const links = operations.map(({ path }) => `<li><a href="#${safe(path)}">${safe(path)}</a></li>`)
  const body = [
    '<!doctype html><html lang="en"><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${title}</title><style>${STYLE}</style><h1>${title}</h1>`,
    '<p>Requests are JSON objects. <a href="openapi.json">openapi.json</a> says the same for machines.</p>',
    `<nav><ul>${links.join('')}</ul></nav>`,
    ...operations.map(({ path, method, operation }) => section(path, method, operation)),
  ].join('\n')
  return {
    status: 200,
    type: 'text/html; charset=utf-8',
    headers: { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'" },
    body: `${body}\n`,
  }
}
