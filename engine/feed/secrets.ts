// What a broker repeats of the credentials, in a refusal or a notice, must not reach a log line.
import type { CredentialField, Session } from '../../adapters/broker.ts'

/** A shorter value would blank out half of every line. */
const SECRET_LENGTH_MIN = 4

/**
 * Makes a function that blanks a session's secrets out of a text, also where they are URL-encoded. Every value of
 * the session is a secret but those that the broker's fields call open.
 */
export function secretHider(
  fields: readonly CredentialField[],
  session: Session | null,
): (text: string) => string {
  const plain = (name: string) => name.replaceAll('_', '').toLowerCase()
  const open = new Set(fields.filter(({ secret }) => !secret).map(({ name }) => plain(name)))
  const secrets = Object.entries(session ?? {})
    .filter(([name, value]) => !open.has(plain(name)) && value.length >= SECRET_LENGTH_MIN)
    .flatMap(([, value]) => [value, encodeURIComponent(value)])
    // The longest first: one secret may be a part of another.
    .sort((a, b) => b.length - a.length)
  return (text) => secrets.reduce((hidden, secret) => hidden.replaceAll(secret, '[redacted]'), text)
}

/** What was thrown, fit for the log: any value may be thrown, and an error may quote a secret. */
export function hideInError(thrown: unknown, hide: (text: string) => string): Error {
  const { name, message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown))
  // A new one, because an error that comes from another thread may be read-only.
  const shown = new Error(hide(message))
  shown.name = name
  shown.stack = hide(stack ?? '')
  return shown
}
