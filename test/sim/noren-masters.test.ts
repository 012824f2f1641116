// The contract files of a simulated Noren broker: they list what the feed has.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NorenSimulator } from '../../sim/noren-server.ts'
import { BROKERS, originOf, rowsOf, startNoren, unzip } from './noren-reader.ts'

const ZIPS = ['NSE', 'NFO', 'CDS', 'MCX', 'BSE', 'BFO']
const CSVS: readonly [name: string, exchange: string][] = [
  ['NSE_Equity', 'NSE'],
  ['Nfo_Equity_Derivatives', 'NFO'],
  ['Nfo_Index_Derivatives', 'NFO'],
  ['Currency_Derivatives', 'CDS'],
  ['Commodity', 'MCX'],
  ['BSE_Equity', 'BSE'],
  ['Bfo_Index_Derivatives', 'BFO'],
  ['Bfo_Equity_Derivatives', 'BFO'],
]

async function zipRows(noren: NorenSimulator, exchange: string) {
  const reply = await fetch(`${originOf(noren)}/${exchange}_symbols.txt.zip`)
  assert.equal(reply.status, 200)
  const { name, text } = unzip(Buffer.from(await reply.arrayBuffer()))
  assert.equal(name, `${exchange}_symbols.txt`)
  assert.ok(text.split('\n').every((line) => line === '' || line.endsWith(',')))
  return rowsOf(text)
}

const identity = (exchange: string, token: string | number, tradingsymbol: string) =>
  `${exchange}|${token} ${tradingsymbol}`
const listed = ({ instruments }: NorenSimulator) =>
  instruments.map(({ exchange, token, tradingsymbol }) => identity(exchange, token, tradingsymbol))

test('the zipped masters list the instruments, apart from placeholders and BSE indices', async (t) => {
  for (const broker of ['shoonya', 'zebu'] as const) {
    const noren = await startNoren(t, broker)
    const rows = (await Promise.all(ZIPS.map((exchange) => zipRows(noren, exchange)))).flat()
    const blank = rows.filter(({ TradingSymbol }) => TradingSymbol === '')
    assert.equal(blank.length, broker === 'shoonya' ? 18 : 0)
    assert.deepEqual(
      rows.filter(({ Exchange }) => Exchange === 'NFO').slice(0, blank.length),
      blank,
    )
    const real = rows.filter(
      ({ Exchange, Token, TradingSymbol }) =>
        TradingSymbol !== '' && (Exchange !== 'CDS' || Number(Token) > 100),
    )
    const named = real.map((row) => identity(row.Exchange!, row.Token!, row.TradingSymbol!))
    const unlisted = ['BSE|1 SENSEX', 'BSE|12 BANKEX']
    assert.deepEqual([...named, ...unlisted].sort(), listed(noren).sort())
    const bySymbol = new Map(real.map((row) => [`${row.Exchange} ${row.TradingSymbol}`, row]))
    const row = (symbol: string) => bySymbol.get(symbol)!
    const paise = broker === 'shoonya'
    assert.equal(row('NSE RELIANCE-EQ').TickSize, paise ? '5' : '0.05')
    assert.equal(row('NSE M&M-EQ').Symbol, 'M&M')
    assert.equal(row('NSE BAJAJ-AUTO-EQ').Instrument, 'EQ')
    assert.equal(row('NSE NIFTY INDEX').Token, '26000')
    assert.equal(row('NSE INDIA VIX').Instrument, 'INDEX')
    assert.equal(row('BSE RELIANCE').Token, '500325')
    assert.equal(row('NFO BANKNIFTY25AUG26F').Expiry, '25-AUG-2026')
    assert.equal(row('CDS USDINR27AUG26F').Multiplier, '1000')
    assert.equal(row('MCX CRUDEOIL19AUG26').GNGD, '1')
    const option = row('NFO NIFTY25AUG26C24200')
    assert.deepEqual(
      [option.Instrument, option.OptionType, option.StrikePrice],
      ['OPTIDX', 'CE', '24200.00'],
    )
    const future = row('BFO SENSEX26AUGFUT')
    assert.deepEqual([future.Symbol, future.Expiry], ['BSXFUT', '27-AUG-2026'])
    assert.equal('OptionType' in future, paise)
    assert.equal('Strike' in future, !paise)
  }
})

test('the CSV masters list the instruments', async (t) => {
  const noren = await startNoren(t, 'flattrade')
  const named: string[] = []
  const bySymbol = new Map<string, Record<string, string>>()
  for (const [name, exchange] of CSVS) {
    const reply = await fetch(`${originOf(noren)}/scripmaster/${name}.csv`)
    const rows = rowsOf(await reply.text())
    assert.ok(rows.length > 0, name)
    for (const row of rows) {
      assert.equal(row.Exchange, exchange)
      named.push(identity(exchange, row.Token!, row.Tradingsymbol!))
      bySymbol.set(`${exchange} ${row.Tradingsymbol}`, row)
    }
  }
  assert.deepEqual(named.sort(), listed(noren).sort())
  const row = (symbol: string) => bySymbol.get(symbol)!
  assert.equal(row('NSE Nifty 50').Instrument, 'INDEX')
  assert.equal(row('BSE S&P BSE SENSEX').Instrument, 'UNDIND')
  assert.equal(row('BFO SENSEX26AUGFUT').Symbol, 'SENSEX')
  assert.equal(row('NFO NIFTY25AUG26C24200').Strike, '24200')
  assert.equal(row('NFO NIFTY25AUG26F').Optiontype, 'XX')
  assert.ok(row('BFO SENSEX26AUGFUT') && !('TickSize' in row('NSE Nifty 50')))
})

test('a master that did not change is not sent again', async (t) => {
  for (const [broker, path] of [
    ['shoonya', '/NSE_symbols.txt.zip'],
    ['flattrade', '/scripmaster/Commodity.csv'],
  ] as const) {
    const noren = await startNoren(t, broker)
    const other = await startNoren(t, broker, { seed: 12 })
    const first = await fetch(originOf(noren) + path)
    await first.arrayBuffer()
    const tag = first.headers.get('etag')!
    const again = (headers: Record<string, string>, from = noren) =>
      fetch(originOf(from) + path, { headers }).then(({ status }) => status)
    assert.equal(await again({ 'if-none-match': tag }), 304)
    assert.equal(await again({ 'if-none-match': tag }, other), 200)
    const changed = first.headers.get('last-modified')!
    assert.equal(await again({ 'if-modified-since': changed }), 304)
    assert.equal(await again({ 'if-modified-since': 'Mon, 17 Aug 2026 00:00:00 GMT' }), 200)
  }
})

test('a small market has what was asked for, with a row in every file', async (t) => {
  for (const broker of BROKERS) {
    const noren = await startNoren(t, broker, { instruments: 12 })
    assert.equal(noren.instruments.length, 12)
    const exchanges = new Set(noren.instruments.map(({ exchange }) => exchange))
    assert.deepEqual([...exchanges].sort(), [...ZIPS].sort())
    if (broker !== 'flattrade') continue
    for (const [name] of CSVS) {
      const reply = await fetch(`${originOf(noren)}/scripmaster/${name}.csv`)
      assert.ok(rowsOf(await reply.text()).length > 0, name)
    }
  }
})
