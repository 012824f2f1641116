import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import {
  CONTESTED_SPELLINGS,
  INDEX_SPELLINGS,
  MANDATORY_INDICES,
} from '../../adapters/index-names.ts'
import { indexSymbol, indexSymbols } from '../../adapters/symbol.ts'
import { packageRoot } from '../../config/root.ts'

interface Delivery {
  readonly exchange: string
  readonly spelling: string
  readonly symbol: string
}

/** From documentation: how brokers write index names, letter by letter, and the common name of each. */
const DELIVERIES: readonly Delivery[] = parse(
  readFileSync(join(packageRoot, 'test/symbols/fixtures/index-names.csv')),
  { columns: true },
)

/** From documentation: the common names of each exchange. */
const COMMON_NAMES: Readonly<Record<string, string>> = {
  NSE_INDEX: `NIFTY NIFTYNXT50 FINNIFTY BANKNIFTY MIDCPNIFTY INDIAVIX HANGSENGBEESNAV NIFTY100 NIFTY200 NIFTY500
    NIFTYALPHA50 NIFTYAUTO NIFTYCOMMODITIES NIFTYCONSUMPTION NIFTYCPSE NIFTYDIVOPPS50 NIFTYENERGY NIFTYFMCG
    NIFTYGROWSECT15 NIFTYGS10YR NIFTYGS10YRCLN NIFTYGS1115YR NIFTYGS15YRPLUS NIFTYGS48YR NIFTYGS813YR
    NIFTYGSCOMPSITE NIFTYINFRA NIFTYIT NIFTYMEDIA NIFTYMETAL NIFTYMIDLIQ15 NIFTYMIDCAP100 NIFTYMIDCAP150
    NIFTYMIDCAP50 NIFTYMIDSML400 NIFTYMNC NIFTYPHARMA NIFTYPSE NIFTYPSUBANK NIFTYPVTBANK NIFTYREALTY
    NIFTYSERVSECTOR NIFTYSMLCAP100 NIFTYSMLCAP250 NIFTYSMLCAP50 NIFTY100EQLWGT NIFTY100LIQ15
    NIFTY100LOWVOL30 NIFTY100QUALTY30 NIFTY200QUALTY30 NIFTY50DIVPOINT NIFTY50EQLWGT NIFTY50PR1XINV
    NIFTY50PR2XLEV NIFTY50TR1XINV NIFTY50TR2XLEV NIFTY50VALUE20`,
  BSE_INDEX: `SENSEX BANKEX SENSEX50 BSE100 BSE150MIDCAPINDEX BSE200 BSE250LARGEMIDCAPINDEX
    BSE400MIDSMALLCAPINDEX BSE500 BSEAUTO BSECAPITALGOODS BSECARBONEX BSECONSUMERDURABLES BSECPSE BSEDOLLEX100
    BSEDOLLEX200 BSEDOLLEX30 BSEENERGY BSEFASTMOVINGCONSUMERGOODS BSEFINANCIALSERVICES BSEGREENEX BSEHEALTHCARE
    BSEINDIAINFRASTRUCTUREINDEX BSEINDUSTRIALS BSEINFORMATIONTECHNOLOGY BSEIPO BSELARGECAP BSEMETAL BSEMIDCAP
    BSEMIDCAPSELECTINDEX BSEOIL&GAS BSEPOWER BSEPSU BSEREALTY BSESENSEXNEXT50 BSESMALLCAP BSESMALLCAPSELECTINDEX
    BSESMEIPO BSETECK BSETELECOM`,
  MCX_INDEX: `MCXAGRI MCXBULLDEX MCXCOMDEX MCXCOMPDEX MCXCOPRDEX MCXCRUDEX MCXENERGY MCXGOLDEX MCXMETAL MCXMETLDEX
    MCXSILVDEX`,
  GLOBAL_INDEX: `AUS200 FRANCE40 GERMANY40 GIFTNIFTY HANGSENG JAPAN225 SHANGHAICHINA UK100 US100 US10YRYIELD US30
    US500 USCOMPOSITE`,
}

const commonNames = (exchange: string) => COMMON_NAMES[exchange]!.split(/\s+/)
const general = (name: string) => name.toUpperCase().replace(/[\s-]/g, '')

test('brings every spelling of every broker to the common name of the index', () => {
  assert.equal(DELIVERIES.length, 271)
  for (const { exchange, spelling, symbol } of DELIVERIES) {
    assert.equal(indexSymbol(exchange, spelling), symbol, `${spelling} on ${exchange}`)
    // The form without blanks and hyphens is used as well.
    assert.equal(indexSymbol(exchange, general(spelling)), symbol, `${spelling} on ${exchange}`)
  }
})

test('keeps no rename without a broker that needs it', () => {
  const needed = DELIVERIES.filter(({ spelling, symbol }) => general(spelling) !== symbol)
  const wanted = new Set(
    needed.map((row) => [row.exchange, general(row.spelling), row.symbol].join()),
  )
  const held = Object.entries(INDEX_SPELLINGS).flatMap(([exchange, names]) =>
    Object.entries(names).flatMap(([symbol, spellings]) =>
      spellings.split(' ').map((spelling) => [exchange, spelling, symbol].join()),
    ),
  )
  // As lists: a spelling that stands twice, or under two names of an exchange, makes one too many.
  assert.deepEqual(held.sort(), [...wanted].sort())
  const places = held.map((entry) => entry.split(',').slice(0, 2).join())
  assert.equal(new Set(places).size, places.length)
})

test('leaves every common name as it is', () => {
  const counts = Object.keys(COMMON_NAMES).map((exchange) => commonNames(exchange).length)
  assert.deepEqual(counts, [57, 40, 11, 13])
  const known = Object.keys(COMMON_NAMES).flatMap((exchange) =>
    commonNames(exchange).map((symbol) => ({ exchange, symbol })),
  )
  for (const { exchange, symbol } of [...known, ...DELIVERIES]) {
    assert.equal(indexSymbol(exchange, symbol), symbol, `${symbol} on ${exchange}`)
    assert.match(symbol, /^[A-Z0-9&]+$/)
  }
})

test('renames on the exchange of the index and nowhere else', () => {
  const names: [exchange: string, name: string, symbol: string][] = [
    ['BSE_INDEX', 'AUTO', 'BSEAUTO'],
    ['NSE_INDEX', 'AUTO', 'AUTO'],
    ['BSE', 'AUTO', 'AUTO'],
    ['BCD', 'BSECD', 'BSECD'],
    ['NSE_INDEX', '^DJI', '^DJI'],
    ['MCX_INDEX', 'MCX BULLDEX', 'MCXBULLDEX'],
    ['MCX_INDEX', 'NIFTY 50', 'NIFTY50'],
    ['constructor', 'NIFTY 50', 'NIFTY50'],
  ]
  for (const [exchange, name, symbol] of names) {
    assert.equal(indexSymbol(exchange, name), symbol, `${name} on ${exchange}`)
  }
})

test('gives a name that no table knows its general form', () => {
  assert.equal(indexSymbol('NSE_INDEX', 'Nifty India Defence'), 'NIFTYINDIADEFENCE')
  assert.equal(indexSymbol('NSE_INDEX', 'Nifty Multi-Asset 50'), 'NIFTYMULTIASSET50')
  assert.equal(indexSymbol('BSE_INDEX', 'constructor'), 'CONSTRUCTOR')
})

test('lets a spelling that brokers disagree on stand for itself beside a better claim', () => {
  const of = (...names: string[]) => [...indexSymbols('BSE_INDEX', names)]
  assert.deepEqual(of('BSEPBI', 'SNXT50'), [
    ['BSEPBI', 'BSEPSU'],
    ['SNXT50', 'BSESENSEXNEXT50'],
  ])
  for (const other of ['BSEPSU', 'BSE PSU', 'PSU', 'BSEPSUBANK']) {
    assert.deepEqual(of('BSEPBI', other), [
      ['BSEPBI', 'BSEPBI'],
      [other, 'BSEPSU'],
    ])
    assert.deepEqual(of(other, 'BSE PBI'), [
      [other, 'BSEPSU'],
      ['BSE PBI', 'BSEPBI'],
    ])
  }
  assert.deepEqual(of('FIN', 'FINSER'), [
    ['FIN', 'BSEFINANCIALSERVICES'],
    ['FINSER', 'BSEFINANCIALSERVICES'],
  ])
  assert.deepEqual([...indexSymbols('NSE_INDEX', ['BSEPBI', 'BSEPSU'])].flat(), [
    'BSEPBI',
    'BSEPBI',
    'BSEPSU',
    'BSEPSU',
  ])
})

test('names as contested and as mandatory only what the tables know', () => {
  for (const contested of CONTESTED_SPELLINGS) {
    const [exchange, spelling] = contested.split(':') as [string, string]
    assert.notEqual(indexSymbol(exchange, spelling), spelling)
  }
  assert.deepEqual(MANDATORY_INDICES, {
    NSE_INDEX: ['NIFTY', 'BANKNIFTY', 'FINNIFTY', 'MIDCPNIFTY', 'NIFTYNXT50', 'INDIAVIX'],
    BSE_INDEX: ['SENSEX', 'BANKEX'],
  })
  for (const [exchange, names] of Object.entries(MANDATORY_INDICES)) {
    for (const name of names) assert.ok(commonNames(exchange).includes(name), name)
  }
})
