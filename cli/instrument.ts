import { BAD_USAGE, CliError } from './command.ts'

/** Reads EXCHANGE:SYMBOL. Throws a CliError that shows what it got. */
export function instrumentOf(text: string): { readonly exchange: string; readonly symbol: string } {
  const at = text.indexOf(':')
  const [exchange, symbol] = [text.slice(0, at), text.slice(at + 1)]
  if (at > 0 && symbol !== '') return { exchange, symbol }
  throw new CliError(
    BAD_USAGE,
    `${JSON.stringify(text)} is not EXCHANGE:SYMBOL, such as NSE:RELIANCE`,
  )
}
