// Where the lists of the brokers on NorenOMS lie.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrokerSpec } from '../../adapters/broker.ts'
import flattrade from '../../adapters/flattrade/spec.ts'
import shoonya from '../../adapters/shoonya/spec.ts'
import zebu from '../../adapters/zebu/spec.ts'

const SESSION = { accessToken: 'FAKETOKEN', userId: 'FA00001' }

const urlsOf = (spec: BrokerSpec, hosts = spec.hosts) =>
  spec.instruments.files(hosts, SESSION).map(({ request, layout }) => `${layout} ${request.url}`)

test('the lists of Shoonya and Zebu lie at the root of the host of the REST API', () => {
  assert.deepEqual(urlsOf(shoonya), [
    'cash https://api.shoonya.com/NSE_symbols.txt.zip',
    'cash https://api.shoonya.com/BSE_symbols.txt.zip',
    'derivatives https://api.shoonya.com/NFO_symbols.txt.zip',
    'derivatives https://api.shoonya.com/BFO_symbols.txt.zip',
    'derivatives https://api.shoonya.com/CDS_symbols.txt.zip',
    'derivatives https://api.shoonya.com/MCX_symbols.txt.zip',
  ])
  assert.ok(urlsOf(zebu).includes('bfo https://go.mynt.in/BFO_symbols.txt.zip'))
  const hosts = { ...zebu.hosts, rest: 'http://127.0.0.1:9/NorenWClientAPI' }
  assert.ok(urlsOf(zebu, hosts).includes('cash http://127.0.0.1:9/NSE_symbols.txt.zip'))
})

test("Flattrade's lie on a host of their own, or on the one that is configured", () => {
  const root = 'https://flattrade.s3.ap-south-1.amazonaws.com/scripmaster'
  assert.deepEqual(urlsOf(flattrade), [
    `NSE ${root}/NSE_Equity.csv`,
    `NFO ${root}/Nfo_Equity_Derivatives.csv`,
    `NFO ${root}/Nfo_Index_Derivatives.csv`,
    `CDS ${root}/Currency_Derivatives.csv`,
    `MCX ${root}/Commodity.csv`,
    `BSE ${root}/BSE_Equity.csv`,
    `BFO ${root}/Bfo_Index_Derivatives.csv`,
    `BFO ${root}/Bfo_Equity_Derivatives.csv`,
  ])
  const hosts = { ...flattrade.hosts, rest: 'http://127.0.0.1:9/PiConnectAPI' }
  assert.ok(urlsOf(flattrade, hosts).includes('NSE http://127.0.0.1:9/scripmaster/NSE_Equity.csv'))
})
