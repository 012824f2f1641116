// OpenAlgo's option chain: the body that its clients know, and what is asked for it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RestFailure } from '../../engine/api/failures.ts'
import type { Market } from '../../engine/api/symbol-context.ts'
import { symbolEndpoints } from '../../engine/api/symbols.ts'
import { ask, askedQuotes, lookup, NOW_MS, post, RIGHT } from './rest-plant.ts'

const REST =
  '"expiry_date":"28MAR24","expiry_ts":1711620000,"forward_price":null,"greeks_included":false,' +
  `"quotes_included":QUOTES,"server_ts":${NOW_MS / 1000},"status":"success","underlying":"NIFTY",` +
  '"underlying_exchange":"NSE_INDEX","underlying_ltp":23610,"underlying_prev_close":CLOSE,' +
  '"underlying_symbol":"NIFTY"}\n'

test('/optionchain answers strikes with their labels and quotes', async () => {
  askedQuotes.length = 0
  const { strike_count, price, ...bare } = RIGHT.optionchain
  const { status, text } = await post('optionchain', { ...bare, strike_count })
  const of23500 = (
    side: string,
    label: string,
    [ask, bid, high, low, ltp, open, close]: number[],
  ) =>
    `{"ask":${ask},"ask_qty":150,"bid":${bid},"bid_qty":75,"high":${high},"label":"${label}","lotsize":75,` +
    `"low":${low},"ltp":${ltp},"oi":1200,"open":${open},"prev_close":${close},` +
    `"symbol":"NIFTY28MAR2423500${side}","tick_size":0.05,"volume":300}`
  assert.equal(status, 200)
  const call = of23500('CE', 'ITM1', [180.05, 179.95, 184, 176, 180, 179, 178])
  const put = of23500('PE', 'OTM1', [70.05, 69.95, 74, 66, 70, 69, 68])
  const first = `{"atm_strike":23600,"chain":[{"ce":${call},"pe":${put},"strike":23500},`
  assert.equal(text.slice(0, first.length), first)
  const rest = REST.replace('QUOTES', 'true').replace('CLOSE', '23608')
  assert.equal(text.slice(-rest.length), rest)
  const options = ['23500CE', '23500PE', '23600CE', '23600PE', '23700CE', '23700PE']
  const named = options.map((each) => `NFO:NIFTY28MAR24${each}`).join(' ')
  assert.deepEqual(askedQuotes, ['one NSE_INDEX:NIFTY', `one ${named}`])
  // A price of the caller's own labels; what closed before is the underlying's all the same.
  const priced = (await ask('optionchain', { ...RIGHT.optionchain, price: 23501 })).body
  const { underlying_ltp, underlying_prev_close, atm_strike } = priced
  assert.deepEqual([underlying_ltp, underlying_prev_close, atm_strike], [23501, 23608, 23500])
  const { chain } = JSON.parse(text)
  // The market has none of these.
  const { ltp, bid_qty, oi, label } = chain[2].pe
  assert.deepEqual([chain[1].ce.ltp, ltp, bid_qty, oi, label], [120, 0, 0, 0, 'ITM1'])
})

test('/optionchain tells that no option has a quote', async () => {
  const gold = { underlying: 'GOLD', exchange: 'MCX', expiry_date: '26MAR24' }
  const { status, body } = await ask('optionchain', { ...RIGHT.optionchain, ...gold, price: 65000 })
  assert.deepEqual([status, body.quotes_included, body.chain[0].ce.ltp], [200, false, 0])
})

test('/optionchain without quotes asks for none, and has 0 for all of them', async () => {
  askedQuotes.length = 0
  const { status, text } = await post('optionchain', { ...RIGHT.optionchain, with_quotes: false })
  const leg = (strike: number, side: string, label: string) =>
    `{"ask":0,"ask_qty":0,"bid":0,"bid_qty":0,"high":0,"label":"${label}","lotsize":75,"low":0,"ltp":0,` +
    `"oi":0,"open":0,"prev_close":0,"symbol":"NIFTY28MAR24${strike}${side}","tick_size":0.05,"volume":0}`
  const item = (strike: number, ce: string, pe: string) =>
    `{"ce":${leg(strike, 'CE', ce)},"pe":${leg(strike, 'PE', pe)},"strike":${strike}}`
  assert.equal(status, 200)
  assert.equal(
    text,
    `{"atm_strike":23600,"chain":[${item(23500, 'ITM1', 'OTM1')},${item(23600, 'ATM', 'ATM')},` +
      `${item(23700, 'OTM1', 'ITM1')}],${REST.replace('QUOTES', 'false').replace('CLOSE', 'null')}`,
  )
  assert.deepEqual(askedQuotes, [])
})

test('/optionchain tells when options expire, where all of an exchange do at one time', async () => {
  const expiries = {
    NFO: { underlying: 'NIFTY', expiry_date: '28MAR24', at: '2024-03-28T15:30' },
    CDS: { underlying: 'USDINR', expiry_date: '27JAN25', at: '2025-01-27T12:30' },
    MCX: { underlying: 'GOLD', expiry_date: '26MAR24', at: '2024-03-26T23:30' },
  }
  for (const [exchange, { at, ...fields }] of Object.entries(expiries)) {
    const { apikey } = RIGHT.optionchain
    const { body } = await ask('optionchain', { apikey, exchange, ...fields })
    assert.equal(body.expiry_ts, Date.parse(`${at}:00+05:30`) / 1000, exchange)
  }
})

test('/optionchain takes numbers as text, a future as the underlying, and no price', async () => {
  const { strike_count, price, ...bare } = RIGHT.optionchain
  const spelled = {
    ...RIGHT.optionchain,
    strike_count: '1',
    price: '23610.0',
    interest_rate: '6.5',
  }
  assert.deepEqual(await ask('optionchain', spelled), await ask('optionchain', RIGHT.optionchain))
  const future = { ...bare, underlying: 'NIFTY28MAR24FUT', exchange: 'NFO', expiry_date: '04APR24' }
  const { body } = await ask('optionchain', future)
  assert.deepEqual(
    [body.underlying, body.expiry_date, body.underlying_exchange, body.atm_strike],
    ['NIFTY', '28MAR24', 'NSE_INDEX', 23600],
  )
  assert.equal(body.chain.length, 5)
  assert.equal(body.chain[4].pe, null)
  const gold = {
    ...bare,
    underlying: 'gold',
    exchange: 'MCX',
    expiry_date: '26mar24',
    strike_count: null,
  }
  const { underlying_symbol, underlying_exchange } = (await ask('optionchain', gold)).body
  assert.deepEqual([underlying_symbol, underlying_exchange], ['GOLD05APR24FUT', 'MCX'])
})

test('/optionchain labels by the last price of the underlying where the request has none', async () => {
  const { price, ...bare } = RIGHT.optionchain
  const silent = { ...bare, with_quotes: false }
  askedQuotes.length = 0
  const labelled = await ask('optionchain', silent)
  assert.deepEqual(askedQuotes, ['one NSE_INDEX:NIFTY'])
  assert.equal(labelled.body.underlying_prev_close, 23608)
  const { body } = await ask('optionchain', { ...silent, price })
  assert.deepEqual(labelled.body.chain, body.chain)
  assert.equal(askedQuotes.length, 1)
  // The market has no quote of the future.
  const gold = { underlying: 'GOLD', exchange: 'MCX', expiry_date: '26MAR24' }
  const { message } = (await ask('optionchain', { ...silent, ...gold })).body
  assert.match(message, /strike_count needs the price/)
})

test('/optionchain says that the broker fails, unless nothing but labels hangs on it', async () => {
  const failing: Market = {
    quote: () => Promise.reject(new RestFailure(500, 'no quote today')),
    quotes: () => Promise.reject(new RestFailure(500, 'no quotes today')),
  }
  const context = { lookup, brokers: ['one'], nowMs: () => NOW_MS, market: failing }
  const [chain] = symbolEndpoints(context).filter(({ name }) => name === 'optionchain')
  const { price, strike_count, ...bare } = RIGHT.optionchain
  const answer = async (fields: object) => {
    return chain!.answer(chain!.request.parse({ ...bare, ...fields }), { keyId: '' })
  }
  await assert.rejects(answer({}), /no quote today/)
  await assert.rejects(answer({ with_quotes: false, strike_count }), /no quote today/)
  const { body } = await answer({ with_quotes: false })
  assert.equal(JSON.parse(String(body)).chain[0].ce.label, '')
  failing.quote = async () => null
  await assert.rejects(answer({}), /no quotes today/)
})

test('/optionchain says what it cannot answer', async () => {
  const { strike_count, price, expiry_date, ...bare } = RIGHT.optionchain
  const refused = async (fields: object) => {
    const { status, body } = await ask('optionchain', { ...bare, expiry_date, ...fields })
    assert.equal(body.status, 'error')
    return [status, body.message]
  }
  const none = (name: string, expiry: string) =>
    `No strikes found for ${name} expiring ${expiry}. Please check expiry date or update master contract.`
  assert.deepEqual(await refused({ underlying: 'NIF' }), [404, none('NIF', '28MAR24')])
  for (const expiry of ['29MAR24', '28-MAR-24', '99XXX99']) {
    assert.deepEqual(await refused({ expiry_date: expiry }), [404, none('NIFTY', expiry)])
  }
  assert.deepEqual(await refused({ expiry_date: undefined }), [400, 'Expiry date is required.'])
  const needsPrice = 'strike_count needs the price of the underlying: send price'
  const gold = { underlying: 'GOLD', exchange: 'MCX', expiry_date: '26MAR24' }
  assert.deepEqual(await refused({ ...gold, strike_count: 5 }), [400, needsPrice])
  const noGreeks = 'Greeks are not served; leave with_greeks out'
  assert.deepEqual(await refused({ with_greeks: true }), [501, noGreeks])
})
