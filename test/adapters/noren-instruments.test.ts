// The instrument lists of the brokers on NorenOMS.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import type { BrokerSpec, InstrumentRow } from '../../adapters/broker.ts'
import flattrade from '../../adapters/flattrade/spec.ts'
import shoonya from '../../adapters/shoonya/spec.ts'
import zebu from '../../adapters/zebu/spec.ts'
import { packageRoot } from '../../config/root.ts'

function rowsOf({ id, instruments }: BrokerSpec, file: string, layout: string) {
  const text = readFileSync(join(packageRoot, 'adapters', id, 'fixtures', file), 'utf8')
  const { columns, row } = instruments.layouts[layout]!
  const records = parse(text, { columns: true, relax_column_count: true }) as Record<
    string,
    string
  >[]
  return records.map((record) => row(columns.map((column) => record[column]!)))
}

const symbols = (rows: readonly (InstrumentRow | string)[]) =>
  rows.map((row) => (typeof row === 'string' ? row : `${row.exchange}:${row.symbol}`))

/** One row through a layout; `changes` by column. */
function one({ instruments }: BrokerSpec, layout: string, changes: Record<string, string>) {
  const { columns, row } = instruments.layouts[layout]!
  const base: Record<string, string> = {
    Exchange: 'NFO',
    Token: '54957',
    LotSize: '50',
    Symbol: 'NIFTY',
    TradingSymbol: 'NIFTY28MAR24C20800',
    Expiry: '28-MAR-2024',
    Instrument: 'OPTIDX',
    OptionType: 'CE',
    StrikePrice: '20800.00',
    TickSize: '0.05',
  }
  return row(columns.map((column) => ({ ...base, ...changes })[column]!))
}

test('a share, an index, a future and an option have every column', () => {
  const nse = rowsOf(shoonya, 'NSE_symbols.txt', 'cash')
  const nfo = rowsOf(shoonya, 'NFO_symbols.txt', 'derivatives')
  assert.deepEqual(nse[6], {
    exchange: 'NSE',
    symbol: 'RELIANCE',
    name: 'RELIANCE',
    brokerSymbol: 'RELIANCE-EQ',
    brokerExchange: 'NSE',
    token: 2885,
    segment: 1,
    exchangeToken: '2885',
    expiry: null,
    strike: null,
    lotSize: 1,
    instrumentType: 'EQ',
    tickSize: 0.05,
    freezeQuantity: null,
  })
  assert.deepEqual(nse[0], {
    exchange: 'NSE_INDEX',
    symbol: 'NIFTY',
    name: 'Nifty 50',
    brokerSymbol: 'NIFTY INDEX',
    brokerExchange: 'NSE',
    token: 26000,
    segment: 1,
    exchangeToken: '26000',
    expiry: null,
    strike: null,
    lotSize: 1,
    instrumentType: 'INDEX',
    tickSize: 0.05,
    freezeQuantity: null,
  })
  const option = {
    exchange: 'NFO',
    symbol: 'NIFTY28MAR2420800CE',
    name: 'NIFTY',
    brokerSymbol: 'NIFTY28MAR24C20800',
    brokerExchange: 'NFO',
    token: 54957,
    segment: 3,
    exchangeToken: '54957',
    expiry: '2024-03-28',
    strike: 20800,
    lotSize: 50,
    instrumentType: 'CE',
    tickSize: 0.05,
    freezeQuantity: null,
  }
  assert.deepEqual(nfo[2], option)
  assert.deepEqual(nfo[1], {
    ...option,
    symbol: 'BANKNIFTY24APR24FUT',
    name: 'BANKNIFTY',
    brokerSymbol: 'BANKNIFTY24APR24F',
    token: 43405,
    exchangeToken: '43405',
    expiry: '2024-04-24',
    strike: null,
    lotSize: 15,
    instrumentType: 'FUT',
  })
})

test("Shoonya's lists give the common symbols", () => {
  assert.deepEqual(symbols(rowsOf(shoonya, 'NSE_symbols.txt', 'cash')), [
    'NSE_INDEX:NIFTY',
    'NSE_INDEX:BANKNIFTY',
    'NSE_INDEX:FINNIFTY',
    'NSE_INDEX:MIDCPNIFTY',
    'NSE_INDEX:NIFTYNXT50',
    'NSE_INDEX:INDIAVIX',
    'NSE:RELIANCE',
    'NSE:M&M',
    'NSE:NTPC',
    'NSE:GTLINFRA',
    'NSE:BAJAJ-AUTO',
    'NSE:726GS2033-GS',
  ])
  assert.deepEqual(symbols(rowsOf(shoonya, 'BSE_symbols.txt', 'cash')), [
    'BSE:RELIANCE',
    'BSE:SOMECO',
  ])
  assert.deepEqual(symbols(rowsOf(shoonya, 'NFO_symbols.txt', 'derivatives')), [
    'trading symbol is empty',
    'NFO:BANKNIFTY24APR24FUT',
    'NFO:NIFTY28MAR2420800CE',
    'NFO:VEDL25APR24292.5CE',
    'NFO:M&M25APR241800PE',
  ])
  assert.deepEqual(symbols(rowsOf(shoonya, 'BFO_symbols.txt', 'derivatives')), [
    'BFO:SENSEX26APR24FUT',
    'BFO:SENSEX26APR2475000CE',
    'BFO:SENSEX5026APR24FUT',
    'BFO:BANKEX15APR2455000PE',
  ])
  assert.deepEqual(symbols(rowsOf(shoonya, 'CDS_symbols.txt', 'derivatives')), [
    'token of CDS is that of a dummy or an index',
    'CDS:USDINR10MAY24FUT',
    'CDS:USDINR27JAN2583.5PE',
  ])
  assert.deepEqual(symbols(rowsOf(shoonya, 'MCX_symbols.txt', 'derivatives')), [
    'MCX:CRUDEOIL17APR246750CE',
    'MCX:CRUDEOILM20MAY24FUT',
  ])
})

test("Zebu's lists do, one of which has no column for the option type", () => {
  const nse = rowsOf(zebu, 'NSE_symbols.txt', 'cash')
  assert.deepEqual(symbols(nse), [
    'NSE_INDEX:NIFTY',
    'NSE_INDEX:BANKNIFTY',
    'NSE_INDEX:NIFTYAUTO',
    'NSE:SBIN',
    'NSE:NTPC',
  ])
  assert.deepEqual(symbols(rowsOf(zebu, 'BFO_symbols.txt', 'bfo')), [
    'BFO:SENSEX26APR24FUT',
    'BFO:SENSEX26APR2475000CE',
    'BFO:SENSEX5026APR2425000PE',
  ])
})

test("Flattrade's lists do, with the tick that stands in for the one it does not publish", () => {
  const nse = rowsOf(flattrade, 'NSE_Equity.csv', 'NSE') as InstrumentRow[]
  const cds = rowsOf(flattrade, 'Currency_Derivatives.csv', 'CDS') as InstrumentRow[]
  const nfo = rowsOf(flattrade, 'Nfo_Index_Derivatives.csv', 'NFO') as InstrumentRow[]
  assert.deepEqual(symbols(nse), ['NSE_INDEX:NIFTY', 'NSE_INDEX:BANKNIFTY', 'NSE:RELIANCE'])
  assert.deepEqual(symbols(nfo), ['NFO:NIFTY28MAR2420800CE', 'NFO:BANKNIFTY24APR24FUT'])
  assert.deepEqual([nfo[1]!.strike, nfo[1]!.brokerExchange, nfo[1]!.segment], [null, 'NFO', 3])
  assert.deepEqual(symbols(cds), ['CDS:USDINR10MAY24FUT'])
  assert.deepEqual([nse[2]!.tickSize, cds[0]!.tickSize], [0.05, 0.0025])
  const bse = rowsOf(flattrade, 'BSE_Equity.csv', 'BSE') as InstrumentRow[]
  assert.deepEqual(symbols(bse), [
    'BSE_INDEX:SENSEX',
    'BSE_INDEX:BANKEX',
    'BSE_INDEX:SENSEX50',
    'BSE_INDEX:BSESENSEXNEXT50',
    'BSE:RELIANCE',
  ])
  assert.deepEqual([bse[0]!.token, bse[0]!.segment, bse[0]!.brokerExchange], [1, 2, 'BSE'])
  assert.deepEqual(symbols(rowsOf(flattrade, 'Bfo_Index_Derivatives.csv', 'BFO')), [
    'BFO:SENSEX26APR24FUT',
    'BFO:SENSEX5026APR2425000PE',
  ])
})

test('the tick of a share is rupees, whether the list has it in paise or not', () => {
  const tick = (Exchange: string, TickSize: string) => {
    const row = one(zebu, 'cash', { Exchange, TickSize, Instrument: 'EQ' })
    return typeof row === 'string' ? row : row.tickSize
  }
  assert.deepEqual(
    ['5', '1', '50', '0.05', '0.01', '5.00', '0'].map((text) => tick('NSE', text)),
    [0.05, 0.01, 0.5, 0.05, 0.01, 0.05, 0],
  )
  assert.equal(tick('BSE', '5'), 0.05)
  const commodity = one(shoonya, 'derivatives', { Exchange: 'MCX', TickSize: '1.00' })
  assert.ok(typeof commodity !== 'string' && commodity.tickSize === 1)
})

test('the underlying of a BFO row stands before the year of its expiry', () => {
  const cases: [tradingSymbol: string, expiry: string, name: string][] = [
    ['SENSEX24APRFUT', '26-APR-2024', 'SENSEX'],
    ['SENSEX2441575000CE', '15-APR-2024', 'SENSEX'],
    ['SENSEX5024APRFUT', '26-APR-2024', 'SENSEX50'],
    ['M&M24APRFUT', '25-APR-2024', 'M&M'],
    ['BAJAJ-AUTO24APR9000CE', '25-APR-2024', 'BAJAJ-AUTO'],
    ['360ONE24APRFUT', '25-APR-2024', '360ONE'],
    // Here the year is another, and letters lead.
    ['BANKEX25APRFUT', '26-APR-2024', 'BANKEX'],
  ]
  for (const [TradingSymbol, Expiry, name] of cases) {
    const row = one(shoonya, 'derivatives', { Exchange: 'BFO', TradingSymbol, Expiry })
    assert.ok(typeof row !== 'string', String(row))
    assert.equal(row.name, name)
  }
})

test('what no file lists is added: SENSEX and BANKEX, under the exchange of the wire', () => {
  for (const { instruments } of [shoonya, zebu]) {
    const added = instruments.unlisted!.map(({ exchange, symbol, token, segment, ...row }) => {
      return [exchange, symbol, token, segment, row.brokerExchange, row.tickSize, row.lotSize]
    })
    assert.deepEqual(added, [
      ['BSE_INDEX', 'SENSEX', 1, 2, 'BSE', 0.05, 1],
      ['BSE_INDEX', 'BANKEX', 12, 2, 'BSE', 0.05, 1],
    ])
  }
  // Its own list has them.
  assert.equal(flattrade.instruments.unlisted, undefined)
})

test('a row is left out with the reason', () => {
  const wrong: [changes: Record<string, string>, reason: string][] = [
    [{ Exchange: 'NCX' }, 'exchange has no common code'],
    [{ Exchange: 'toString' }, 'exchange has no common code'],
    [{ TradingSymbol: '' }, 'trading symbol is empty'],
    [{ Symbol: '' }, 'symbol of the underlying is empty'],
    [{ Symbol: '--' }, 'symbol of the underlying is empty'],
    ...['', '0', '4294967296', '-5', '1.5', 'x', '0x10'].map(
      (Token): [{ Token: string }, string] => [
        { Token },
        'token is not a whole number from 1 to 4294967295',
      ],
    ),
    [{ LotSize: '12.5' }, 'lot size is not a whole number'],
    [{ LotSize: '0' }, 'lot size is not a whole number above 0'],
    [{ TickSize: '' }, 'tick size is not a number'],
    [{ Expiry: '' }, 'expiry is not a date of the form DD-MMM-YYYY'],
    [{ Expiry: '30-FEB-2024' }, 'expiry is not a date of the form DD-MMM-YYYY'],
    [{ OptionType: '' }, 'option type is not XX, CE or PE'],
    [{ StrikePrice: '' }, 'strike is not a number above 0'],
    [{ StrikePrice: '0' }, 'strike is not a number above 0'],
    [{ StrikePrice: '-1' }, 'strike is not a number above 0'],
    [{ StrikePrice: '1e3' }, 'strike is not a number above 0'],
    [{ Exchange: 'CDS', Token: '100' }, 'token of CDS is that of a dummy or an index'],
    [{ Exchange: 'BFO', TradingSymbol: 'SENSEX24APR' }, 'option type is not XX, CE or PE'],
    [{ Exchange: 'BFO', TradingSymbol: 'SENSEXFUT' }, 'symbol of the underlying is empty'],
  ]
  assert.ok(typeof one(shoonya, 'derivatives', {}) !== 'string')
  assert.ok(typeof one(shoonya, 'derivatives', { Token: '4294967295' }) !== 'string')
  for (const [changes, reason] of wrong) {
    assert.equal(one(shoonya, 'derivatives', changes), reason, JSON.stringify(changes))
  }
  const share = { Exchange: 'NSE', Instrument: 'EQ', LotSize: '0' }
  assert.equal(one(shoonya, 'cash', share), 'lot size is not a whole number above 0')
})

test('the same token on two exchanges is two instruments', () => {
  const [cds, nfo] = ['CDS', 'NFO'].map((Exchange) => one(shoonya, 'derivatives', { Exchange }))
  assert.ok(typeof cds !== 'string' && typeof nfo !== 'string')
  assert.equal(cds!.token, nfo!.token)
  assert.notEqual(cds!.segment, nfo!.segment)
})
