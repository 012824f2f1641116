// Instruments that a person looks for.
import { nowMs } from '../../engine/clock.ts'
import { indianDay, listedDate, parseSymbolDate } from '../../engine/symbols/lookup/expiry-text.ts'
import type { SymtokenStrike } from '../../engine/symbols/lookup/questions.ts'
import type { SymtokenWithId } from '../../engine/symbols/lookup/symtoken.ts'
import { BAD_USAGE, CliError, columns, FAILED, required, wholeNumber } from '../command.ts'
import type { Symbols } from './access.ts'
import { type Asked, oneBroker, print } from './asked.ts'

/** Exchanges that list options, in the order in which an underlying is looked for. */
const OPTION_EXCHANGES = ['NFO', 'BFO', 'MCX', 'CDS', 'BCD', 'NCO'] as const
const COLUMNS = [
  ...['symbol', 'exchange', 'name', 'expiry', 'strike', 'lotsize', 'instrumenttype', 'tick_size'],
  ...['brsymbol', 'token'],
] as readonly (keyof SymtokenWithId)[]

const tell = (found: unknown, asJson: boolean, lines: () => readonly string[]) =>
  print(asJson ? [JSON.stringify(found, null, 2)] : lines())

function table(rows: readonly SymtokenWithId[]): string[] {
  const cells = rows.map((row) => COLUMNS.map((name) => String(row[name])))
  return columns([COLUMNS.map((name) => name.toUpperCase()), ...cells])
}

export async function search(symbols: Symbols, asked: Asked): Promise<void> {
  const query = required('what to search for', asked.words.join(' ').trim() || undefined)
  const exchange = asked.exchange ?? null
  const { json } = await symbols.ask(oneBroker(await symbols.brokers(), asked), 'search', {
    query,
    exchange,
  })
  const { data: found } = JSON.parse(Buffer.from(json).toString()) as { data: SymtokenWithId[] }
  if (found.length === 0)
    throw new CliError(FAILED, `nothing is found for ${JSON.stringify(query)}`)
  tell(found, asked.asJson, () => table(found))
}

/** Tells an instrument as every broker lists it, or one. */
export async function info(symbols: Symbols, asked: Asked): Promise<void> {
  const word = required('EXCHANGE:SYMBOL', asked.words[0])
  const colon = word.indexOf(':')
  if (colon < 1 || colon === word.length - 1) {
    throw new CliError(
      BAD_USAGE,
      `${JSON.stringify(word)} is not EXCHANGE:SYMBOL, such as NSE:RELIANCE`,
    )
  }
  const [exchange, symbol] = [word.slice(0, colon).toUpperCase(), word.slice(colon + 1)]
  const brokers = asked.broker === undefined ? await listedBrokers(symbols) : [asked.broker]
  const found: { broker: string; row: SymtokenWithId }[] = []
  for (const broker of brokers) {
    const row = await symbols.ask(broker, 'symbol', { exchange, symbol: symbol.toUpperCase() })
    if (row !== null) found.push({ broker, row })
  }
  if (found.length === 0) throw new CliError(FAILED, `no broker lists ${exchange}:${symbol}`)
  tell(found, asked.asJson, () =>
    found.flatMap(({ broker, row }) => [
      broker,
      ...columns(Object.entries(row).map(([name, value]) => [name, String(value)])),
    ]),
  )
}

async function listedBrokers(symbols: Symbols): Promise<string[]> {
  return (await symbols.list()).flatMap(({ broker, live }) => (live === null ? [] : [broker]))
}

/** The option chain of an underlying and an expiry; with a price, the strikes around it with their labels. */
export async function chain(symbols: Symbols, asked: Asked): Promise<void> {
  const underlying = required('the underlying', asked.words[0]).toUpperCase()
  const broker = oneBroker(await symbols.brokers(), asked)
  const price = positive('--price', asked.price)
  const limits = { min: 0, max: 1000, fallback: -1 }
  const strikes = wholeNumber('--strikes', asked.strikes, limits)
  const count = strikes < 0 ? null : strikes
  const exchanges = asked.exchange === undefined ? OPTION_EXCHANGES : [asked.exchange.toUpperCase()]
  const expiries = await expiriesOf(symbols, broker, exchanges, underlying)
  const text = asked.words[1]
  const expiryDay = text === undefined ? null : parseSymbolDate(text.replaceAll('-', ''))
  const at = expiries.find(({ days }) => expiryDay !== null && days.includes(expiryDay))
  if (expiryDay === null || at === undefined) throw noExpiry(underlying, text, expiries)
  const question = { exchange: at.exchange, underlying, expiryDay, price, count }
  const found = await symbols.ask(broker, 'chain', question)
  tell(found, asked.asJson, () => chainLines(found.strikes))
}

interface Expiries {
  readonly exchange: string
  readonly days: readonly number[]
}

/** All expiries, past ones too, at the exchanges that have any. */
async function expiriesOf(
  symbols: Symbols,
  broker: string,
  exchanges: readonly string[],
  underlying: string,
): Promise<Expiries[]> {
  const found: Expiries[] = []
  for (const exchange of exchanges) {
    const question = { exchange, underlying, kind: 'options', fromDay: 0 } as const
    const days = await symbols.ask(broker, 'expiries', question)
    if (days.length > 0) found.push({ exchange, days })
  }
  return found
}

function noExpiry(underlying: string, text: string | undefined, expiries: readonly Expiries[]) {
  if (expiries.length === 0) return new CliError(FAILED, `no options of ${underlying} are listed`)
  const today = indianDay(nowMs())
  const days = expiries.flatMap((each) => each.days)
  const next = days.filter((day) => day >= today)
  const shown = (next.length > 0 ? next : days).slice(0, 12)
  const known = shown.map((day) => listedDate(day).replaceAll('-', '')).join(', ')
  const given = text === undefined ? 'the expiry is missing' : `no options expire on ${text}`
  return new CliError(BAD_USAGE, `${given}; ${underlying} has ${known}`)
}

function positive(name: string, text: string | undefined): number | null {
  if (text === undefined) return null
  const value = Number(text)
  if (value > 0 && Number.isFinite(value)) return value
  throw new CliError(BAD_USAGE, `${name} is ${JSON.stringify(text)}; it must be a price in rupees`)
}

function chainLines(strikes: readonly SymtokenStrike[]): string[] {
  const rows = strikes.map(({ strike, call, put, ce, pe }) => {
    return [ce?.symbol ?? '', call, String(strike), put, pe?.symbol ?? '']
  })
  return columns([['CALL', '', 'STRIKE', '', 'PUT'], ...rows])
}
