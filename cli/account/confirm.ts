// Asks a person before anything goes to a broker.
import { createInterface } from 'node:readline/promises'
import { BAD_USAGE, CliError, FAILED } from '../command.ts'

/** Lets an order go only with a person's yes, or with --yes. Throws a CliError otherwise. */
export async function confirm(what: string, isYes: boolean): Promise<void> {
  if (isYes) return
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CliError(
      BAD_USAGE,
      `not sent: ${what} needs a yes; run it in a terminal, or give --yes`,
    )
  }
  // Not on standard output, which holds the answer.
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const ended = new AbortController()
  // The end of the input, and Ctrl-C, are no yes.
  terminal.once('close', () => ended.abort())
  terminal.once('SIGINT', () => terminal.close())
  const said = await terminal
    .question(`${what}\nSend it? [y/N] `, { signal: ended.signal })
    .catch(() => '')
  terminal.close()
  if (/^y(es)?$/i.test(said.trim())) return
  throw new CliError(FAILED, 'not sent')
}
