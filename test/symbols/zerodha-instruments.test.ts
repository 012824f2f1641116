import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import { instruments } from '../../adapters/zerodha/instruments.ts'
import { packageRoot } from '../../config/root.ts'
import { EVERY_KIND, KITE_HEADER, kiteCsv } from './kite-rows.ts'

/** Maps the rows of a list through the adapter. */
function mapRows(csv: string) {
  const rows = parse(csv, { columns: true }) as Record<string, string>[]
  const { all } = instruments.layouts
  return rows.map((row) => all!.row(all!.columns.map((column) => row[column]!)))
}

const mapRow = (row: string) => mapRows(kiteCsv([row]))[0]!

test('maps a share, an index, a future and an option', () => {
  const [share, future, option, index] = [0, 4, 5, 13].map((at) => mapRow(EVERY_KIND[at]![0]))
  assert.deepEqual(share, {
    exchange: 'NSE',
    symbol: 'RELIANCE',
    name: 'RELIANCE INDUSTRIES',
    brokerSymbol: 'RELIANCE',
    brokerExchange: 'NSE',
    token: 738561,
    segment: 0,
    exchangeToken: '2885',
    expiry: null,
    strike: null,
    lotSize: 1,
    instrumentType: 'EQ',
    tickSize: 0.05,
    freezeQuantity: null,
  })
  assert.deepEqual(index, {
    exchange: 'NSE_INDEX',
    symbol: 'NIFTY',
    name: 'NIFTY 50',
    brokerSymbol: 'NIFTY 50',
    brokerExchange: 'NSE',
    token: 256265,
    segment: 0,
    exchangeToken: '1001',
    expiry: null,
    strike: null,
    lotSize: 0,
    instrumentType: 'INDEX',
    tickSize: 0,
    freezeQuantity: null,
  })
  assert.deepEqual(future, {
    exchange: 'NFO',
    symbol: 'BANKNIFTY24APR24FUT',
    name: 'BANKNIFTY',
    brokerSymbol: 'BANKNIFTY24APRFUT',
    brokerExchange: 'NFO',
    token: 11111682,
    segment: 0,
    exchangeToken: '43405',
    expiry: '2024-04-24',
    strike: null,
    lotSize: 15,
    instrumentType: 'FUT',
    tickSize: 0.05,
    freezeQuantity: null,
  })
  assert.deepEqual(option, {
    exchange: 'NFO',
    symbol: 'NIFTY28MAR2420800CE',
    name: 'NIFTY',
    brokerSymbol: 'NIFTY24MAR20800CE',
    brokerExchange: 'NFO',
    token: 11222274,
    segment: 0,
    exchangeToken: '43837',
    expiry: '2024-03-28',
    strike: 20800,
    lotSize: 50,
    instrumentType: 'CE',
    tickSize: 0.05,
    freezeQuantity: null,
  })
})

test('gives every exchange and kind its symbol', () => {
  const mapped = mapRows(kiteCsv(EVERY_KIND.map(([row]) => row)))
  const got = mapped.map((row) => (typeof row === 'string' ? row : [row.symbol, row.exchange]))
  assert.deepEqual(
    got,
    EVERY_KIND.map(([, symbol, exchange]) => [symbol, exchange]),
  )
})

test('takes the underlying from the trading symbol where the name is blank', () => {
  const row = mapRow('12345602,48225,M&M24APRFUT,,0,2024-04-25,0,0.05,350,FUT,NFO-FUT,NFO')
  assert.ok(typeof row !== 'string')
  assert.deepEqual([row.name, row.symbol], ['M&M', 'M&M25APR24FUT'])
})

test('keeps the exchange token as text, and null where there is none', () => {
  const row = mapRow('738561,,RELIANCE,RELIANCE,0,,0,0.05,1,EQ,NSE,NSE')
  assert.ok(typeof row !== 'string')
  assert.equal(row.exchangeToken, null)
})

test('leaves a row out with a reason that names the column', () => {
  const option = (changes: Record<string, string>) => {
    const values =
      '11222274,43837,NIFTY24MAR20800CE,NIFTY,0,2024-03-28,20800,0.05,50,CE,NFO-OPT,NFO'
    const cells = values.split(',')
    for (const [column, value] of Object.entries(changes)) {
      cells[KITE_HEADER.split(',').indexOf(column)] = value
    }
    return mapRow(cells.join(','))
  }
  assert.ok(typeof option({}) !== 'string')
  const wrong: [changes: Record<string, string>, reason: RegExp][] = [
    [{ exchange: 'NYSE' }, /^exchange has no common code$/],
    [{ exchange: 'CDS', segment: 'INDICES' }, /^exchange has no common code for its indices$/],
    [{ instrument_token: '' }, /^instrument_token is empty$/],
    [{ instrument_token: '0' }, /^instrument_token is not a whole number/],
    [{ instrument_token: '4294967296' }, /^instrument_token is not a whole number/],
    [{ instrument_token: '-5' }, /^instrument_token is not a whole number/],
    [{ tradingsymbol: '' }, /^tradingsymbol is empty$/],
    [{ instrument_type: 'XX' }, /^instrument_type is not/],
    [{ segment: 'INDICES', exchange: 'NSE' }, /^instrument_type of an index row is not EQ$/],
    [{ expiry: '' }, /^expiry is not a date/],
    [{ expiry: '2024-02-30' }, /^expiry is not a date/],
    [{ strike: '' }, /^strike is not/],
    [{ strike: '0' }, /^strike is not/],
    [{ strike: '-20800' }, /^strike is not/],
    [{ strike: '0x10' }, /^strike is not/],
    [{ strike: '1e3' }, /^strike is not/],
    [{ strike: '0.00001' }, /^strike is not/],
    [{ lot_size: '0' }, /^lot_size is not/],
    [{ lot_size: '12.5' }, /^lot_size is not/],
    [{ tick_size: 'x' }, /^tick_size is not/],
    [{ name: '', tradingsymbol: '24MAR' }, /^name is empty/],
  ]
  for (const [changes, reason] of wrong) {
    assert.match(String(option(changes)), reason, JSON.stringify(changes))
  }
})

test('maps every row of a recorded list', () => {
  const path = join(packageRoot, 'adapters/zerodha/fixtures/instruments-2026-08.csv')
  const mapped = mapRows(readFileSync(path, 'utf8'))
  const symbols = mapped.map((row) => (typeof row === 'string' ? row : row.symbol))
  assert.equal(symbols.length, 59)
  assert.deepEqual(symbols.slice(0, 3), ['NIFTY25AUG26FUT', 'NIFTY29SEP26FUT', 'NIFTY27OCT26FUT'])
  assert.equal(
    symbols.filter((symbol) => /^[A-Z0-9&-]+\d{2}[A-Z]{3}26FUT$/.test(symbol)).length,
    59,
  )
})

test('asks for the whole list with the headers of the session', () => {
  const hosts = { rest: 'https://api.example', feed: 'wss://ws.example' }
  const session = { apiKey: 'key', accessToken: 'token' }
  assert.deepEqual(instruments.files(hosts, session), [
    {
      layout: 'all',
      request: {
        method: 'GET',
        url: 'https://api.example/instruments',
        headers: { 'X-Kite-Version': '3', Authorization: 'token key:token' },
      },
    },
  ])
})
