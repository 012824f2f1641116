// What the words and options of `tickplant symbols` ask for.
import { BAD_USAGE, CliError } from '../command.ts'

export interface Asked {
  readonly words: readonly string[]
  readonly broker: string | undefined
  readonly all: boolean
  readonly force: boolean
  readonly layout: string | undefined
  readonly asJson: boolean
  readonly exchange: string | undefined
  readonly price: string | undefined
  readonly strikes: string | undefined
}

/** Writes lines to stdout. */
export function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

/** The broker that is asked for, or the only one known. Throws a CliError when there are several, or none. */
export function oneBroker(known: readonly string[], { broker }: Asked): string {
  if (broker !== undefined) return broker
  const [only, ...others] = known
  if (only === undefined) {
    throw new CliError(BAD_USAGE, 'no broker is configured; add a [brokers.<id>] table')
  }
  if (others.length === 0) return only
  throw new CliError(BAD_USAGE, `--broker is missing; it must be one of: ${known.join(', ')}`)
}
