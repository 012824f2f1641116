// Logs: one JSON object per line on stderr, so that stdout stays for people.
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino'
import { redactText, redactUrl } from './redact.ts'

export type { Logger }

// Under these names a logged object, or one nested in it, may hold a secret.
const SECRET_NAMES = [
  'accessToken',
  'access_token',
  'apiKey',
  'api_key',
  'apikey',
  'apiSecret',
  'api_secret',
  'authorization',
  'Authorization',
  'checksum',
  'cookie',
  'credentials',
  'feedToken',
  'feed_token',
  'form',
  'password',
  'pin',
  'refreshToken',
  'refresh_token',
  'requestToken',
  'request_token',
  'secret',
  'session',
  'totp',
]
const REDACT_PATHS = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])

const STDERR = 2

export interface LogOptions {
  /** Least severe level that is written, by pino's names. */
  readonly level: string
  /** Where lines go, stderr unless told otherwise. */
  readonly destination?: DestinationStream
}

/**
 * A logger whose lines carry `time` in epoch ms and no secret: what lies under a secret's name, up to two levels
 * deep, and the query of a `url` and of URLs in an `err` are left out.
 */
export function createLogger({ level, destination }: LogOptions): Logger {
  return pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACT_PATHS, censor: '[redacted]' },
      serializers: { url: (url: unknown) => redactUrl(String(url)), err: describeError },
    },
    destination ?? pino.destination({ fd: STDERR, sync: false }),
  )
}

/** An error whose message and stack have lost the secret parts of the URLs that they quote. */
function describeError(error: unknown): object {
  // Anything can be thrown, and what is no error has no message to look into.
  if (!(error instanceof Error)) return { message: redactText(String(error)) }
  const described = stdSerializers.err(error)
  return {
    ...described,
    message: redactText(described.message),
    stack: redactText(described.stack),
  }
}
