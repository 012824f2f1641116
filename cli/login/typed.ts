// What a person types or a script pipes in: credentials as NAME=VALUE, the address that the page led to, or the code.
import { createInterface } from 'node:readline'
import type { Credentials } from '../../adapters/broker.ts'
import type { LoginForm } from '../../engine/auth/login-desk.ts'
import { BAD_USAGE, CliError } from '../command.ts'

/** The values of one line. Throws a CliError; the line itself may be a secret and is not repeated. */
export function readLine(line: string, form: LoginForm, state: string | null): Credentials {
  const text = line.trim()
  if (text === '' || text.startsWith('#')) return {}
  const [, name, value] = /^(\w+)\s*=\s*(.+)$/.exec(text) ?? []
  if (name !== undefined && form.names.includes(name)) return { [name]: value! }
  if (form.yields === null) {
    throw new CliError(
      BAD_USAGE,
      `a line is not NAME=VALUE with one of the names ${form.names.join(', ')}`,
    )
  }
  if (!/^https?:\/\//i.test(text)) return { [form.yields]: text }
  return { [form.yields]: codeIn(text, { ...form, yields: form.yields }, state) }
}

function codeIn(
  address: string,
  { yields, bringsState }: LoginForm & { readonly yields: string },
  state: string | null,
): string {
  const found = URL.canParse(address) ? new URL(address).searchParams : new URLSearchParams()
  const told = found.get('state')
  // A script may have got the address before this command made a state of its own; one that is there must fit.
  if (bringsState && told !== null && state !== null && told !== state) {
    throw new CliError(
      BAD_USAGE,
      'the address belongs to another sign-in; open the page named last',
    )
  }
  const code = found.get(yields)
  if (code !== null && code !== '') return code
  throw new CliError(
    BAD_USAGE,
    `the address has no ${yields}: paste the one that the page led to, after signing in`,
  )
}

/** Reads lines until they are enough for a session, or end. */
export async function readTyped(
  input: NodeJS.ReadableStream,
  form: LoginForm,
  state: string | null,
): Promise<Credentials> {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  let values: Credentials = {}
  for await (const line of lines) {
    values = { ...values, ...readLine(line, form, state) }
    if (values.access_token !== undefined || (form.yields !== null && form.yields in values)) break
  }
  lines.close()
  return values
}
