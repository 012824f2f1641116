// Rows of Upstox's instrument list, of every segment, and every reason for leaving one out.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { InstrumentRow } from '../../adapters/broker.ts'
import { MANDATORY_INDICES } from '../../adapters/index-names.ts'
import { instruments } from '../../adapters/upstox/instruments.ts'
import { packageRoot } from '../../config/root.ts'

type Row = Readonly<Record<string, string | number | undefined>>

const FIXTURE = join(packageRoot, 'adapters/upstox/fixtures/instruments.json')
const ROWS: readonly Row[] = JSON.parse(readFileSync(FIXTURE, 'utf8'))
const { complete } = instruments.layouts

/** Cells come as text, empty where the row has no such key. */
const map = (row: Row) =>
  complete!.row(complete!.columns.map((column) => String(row[column] ?? '')))

function mapped(row: Row): InstrumentRow {
  const found = map(row)
  assert.ok(typeof found !== 'string', String(found))
  return found
}
const rowOf = (key: string) => ROWS.find(({ instrument_key }) => instrument_key === key)!

test('a share, an option and an index are what is documented for them', () => {
  assert.deepEqual(mapped(rowOf('NSE_EQ|INE002A01018')), {
    exchange: 'NSE',
    symbol: 'RELIANCE',
    name: 'RELIANCE INDUSTRIES LTD',
    brokerSymbol: 'RELIANCE',
    brokerExchange: 'NSE_EQ',
    token: 'NSE_EQ|INE002A01018',
    segment: 0,
    exchangeToken: '2885',
    expiry: null,
    strike: null,
    lotSize: 1,
    instrumentType: 'EQ',
    tickSize: 0.05,
    freezeQuantity: 100000,
  })
  assert.deepEqual(mapped(rowOf('NSE_FO|43837')), {
    exchange: 'NFO',
    symbol: 'NIFTY28MAR2420800CE',
    name: 'NIFTY',
    brokerSymbol: 'NIFTY 20800 CE 28 MAR 24',
    brokerExchange: 'NSE_FO',
    token: 'NSE_FO|43837',
    segment: 0,
    exchangeToken: '43837',
    expiry: '2024-03-28',
    strike: 20800,
    lotSize: 50,
    instrumentType: 'CE',
    tickSize: 0.05,
    freezeQuantity: 1800,
  })
  assert.deepEqual(mapped(rowOf('NSE_INDEX|Nifty 50')), {
    exchange: 'NSE_INDEX',
    symbol: 'NIFTY',
    name: 'Nifty 50',
    brokerSymbol: 'NIFTY 50',
    brokerExchange: 'NSE_INDEX',
    token: 'NSE_INDEX|Nifty 50',
    segment: 0,
    exchangeToken: '26000',
    expiry: null,
    strike: null,
    lotSize: 0,
    instrumentType: 'INDEX',
    tickSize: 0,
    freezeQuantity: null,
  })
})

test('every segment has its exchange, and every kind its symbol', () => {
  const told = ROWS.map(map).map((row) =>
    typeof row === 'string' ? row : [row.exchange, row.symbol, row.tickSize],
  )
  assert.deepEqual(told, [
    ['NSE', 'RELIANCE', 0.05],
    ['BSE', 'RELIANCE', 0.05],
    ['NFO', 'NIFTY28MAR2420800CE', 0.05],
    ['NFO', 'BANKNIFTY24APR24FUT', 0.05],
    ['NFO', 'M&M25APR241510PE', 0.05],
    ['BFO', 'SENSEX28MAR2474000CE', 0.05],
    ['CDS', 'USDINR27JAN2583.5PE', 0.0025],
    ['BCD', 'USDINR27JAN25FUT', 0.0025],
    ['MCX', 'GOLD04APR25FUT', 1],
    ['NSE_INDEX', 'NIFTY', 0],
    ['BSE_INDEX', 'SENSEX50', 0],
    ['GLOBAL_INDEX', 'GIFTNIFTY', 0],
    ['GLOBAL_INDEX', 'BRENTOIL', 0],
    'segment has no common code',
  ])
})

test('what the columns of a derivative lack, its trading symbol tells', () => {
  const bare = { underlying_symbol: '', expiry: '', strike_price: '' }
  for (const key of ['NSE_FO|43837', 'NSE_FO|46923', 'NSE_FO|76415', 'NCD_FO|10612']) {
    const row = rowOf(key)
    assert.deepEqual(mapped({ ...row, ...bare }), mapped(row), key)
  }
  // And the columns hold where the trading symbol has other parts.
  const odd = mapped({ ...rowOf('NSE_FO|43837'), trading_symbol: 'NIFTY24MAR20800CE' })
  assert.equal(odd.symbol, 'NIFTY28MAR2420800CE')
})

test('the day of an expiry is the one in India', () => {
  const expiry = (ms: number) => mapped({ ...rowOf('NSE_FO|43837'), expiry: ms }).expiry
  // 23:59:59, and the first and the last ms of the day.
  assert.equal(expiry(1711650599000), '2024-03-28')
  assert.equal(expiry(Date.parse('2024-03-28T00:00:00+05:30')), '2024-03-28')
  assert.equal(expiry(Date.parse('2024-03-29T00:00:00+05:30')), '2024-03-29')
})

test('an exchange token or a freeze quantity that is not there is null', () => {
  const row = mapped({ ...rowOf('NSE_EQ|INE002A01018'), exchange_token: '', freeze_quantity: 0 })
  assert.deepEqual([row.exchangeToken, row.freezeQuantity], [null, null])
})

/** From documentation: the spellings of the list, and the common names. */
const INDEX_NAMES: readonly (readonly [exchange: string, pairs: string])[] = [
  [
    'NSE_INDEX',
    `NIFTY 50=NIFTY; NIFTY NEXT 50=NIFTYNXT50; NIFTY FIN SERVICE=FINNIFTY; NIFTY BANK=BANKNIFTY;
    NIFTY MID SELECT=MIDCPNIFTY; INDIA VIX=INDIAVIX; HANGSENG BEES NAV=HANGSENGBEESNAV; NIFTY 100=NIFTY100;
    NIFTY ALPHA 50=NIFTYALPHA50; NIFTY DIV OPPS 50=NIFTYDIVOPPS50; NIFTY GS 11 15YR=NIFTYGS1115YR;
    NIFTY MIDCAP 150=NIFTYMIDCAP150; NIFTY SMLCAP 250=NIFTYSMLCAP250; NIFTY100 LOWVOL30=NIFTY100LOWVOL30;
    NIFTY50 TR 2X LEV=NIFTY50TR2XLEV; NIFTY50 VALUE 20=NIFTY50VALUE20`,
  ],
  [
    'BSE_INDEX',
    `SENSEX=SENSEX; BANKEX=BANKEX; SNSX50=SENSEX50; SNXT50=BSESENSEXNEXT50; MID150=BSE150MIDCAPINDEX;
    LMI250=BSE250LARGEMIDCAPINDEX; MSL400=BSE400MIDSMALLCAPINDEX; AUTO=BSEAUTO; BSE CG=BSECAPITALGOODS;
    CARBON=BSECARBONEX; BSE CD=BSECONSUMERDURABLES; CPSE=BSECPSE; DOL100=BSEDOLLEX100; DOL200=BSEDOLLEX200;
    DOL30=BSEDOLLEX30; ENERGY=BSEENERGY; BSEFMC=BSEFASTMOVINGCONSUMERGOODS; FINSER=BSEFINANCIALSERVICES;
    GREENX=BSEGREENEX; BSE HC=BSEHEALTHCARE; INFRA=BSEINDIAINFRASTRUCTUREINDEX; INDSTR=BSEINDUSTRIALS;
    BSE IT=BSEINFORMATIONTECHNOLOGY; BSEIPO=BSEIPO; BSEPSU=BSEPSU; LRGCAP=BSELARGECAP; METAL=BSEMETAL;
    MIDCAP=BSEMIDCAP; MIDSEL=BSEMIDCAPSELECTINDEX; OILGAS=BSEOIL&GAS; POWER=BSEPOWER; REALTY=BSEREALTY;
    SMLCAP=BSESMALLCAP; SMLSEL=BSESMALLCAPSELECTINDEX; SMEIPO=BSESMEIPO; TECK=BSETECK; TELCOM=BSETELECOM`,
  ],
  [
    'GLOBAL_INDEX',
    `^HSI=HANGSENG; ^DJI=DOWJONES; ^FTSE=UK100; ^GSPC=US500; ^GDAXI=GERMANY40; ^FCHI=FRANCE40; ^N225=JAPAN225;
    IXIX=US100; GIFT NIFTY=GIFTNIFTY; DOW FUTURES=US30; BZUSD=BRENTOIL; CLUSD=WTIOIL`,
  ],
]

test('indices have their common names, all mandatory ones among them', () => {
  for (const [segment, pairs] of INDEX_NAMES) {
    const symbols = pairs.split(';').map((pair) => {
      const [spelling, common] = pair.trim().split('=')
      const row = { segment, instrument_key: `${segment}|${spelling}`, trading_symbol: spelling! }
      assert.equal(mapped(row).symbol, common)
      return common
    })
    for (const name of MANDATORY_INDICES[segment] ?? []) assert.ok(symbols.includes(name), name)
  }
  assert.equal(mapped({ ...rowOf('BSE_EQ|INE002A01018'), trading_symbol: 'AUTO' }).symbol, 'AUTO')
})

test('a row is left out with a reason that names the column', () => {
  const wrong: [changes: Row, reason: RegExp][] = [
    [{ segment: 'NSE_COM' }, /^segment has no common code$/],
    [{ segment: '' }, /^segment has/],
    [{ instrument_key: '' }, /^instrument_key is not 1 to 100/],
    [{ instrument_key: 'x'.repeat(101) }, /^instrument_key/],
    [{ instrument_key: 'NSE_FO|é' }, /^instrument_key/],
    [{ trading_symbol: '' }, /^trading_symbol is empty$/],
    [{ lot_size: '' }, /^lot_size is not a whole number above 0$/],
    [{ lot_size: 0 }, /^lot_size/],
    [{ lot_size: 1.5 }, /^lot_size/],
    [{ tick_size: 'x' }, /^tick_size is not a number/],
    [{ freeze_quantity: 'many' }, /^freeze_quantity is not a number$/],
    [{ instrument_type: 'XX' }, /^instrument_type is not FUT, CE or PE$/],
    [{ underlying_symbol: '', trading_symbol: 'NIFTY24MAR20800CE' }, /underlying/],
    [{ underlying_symbol: '--', trading_symbol: '-- 5 CE 28 MAR 24' }, /underlying/],
    [{ expiry: 'soon', trading_symbol: 'NIFTY 20800 CE 31 FEB 24' }, /^neither expiry/],
    [{ expiry: '999999999999999', trading_symbol: 'N' }, /^neither expiry/],
    [{ strike_price: 0, trading_symbol: 'NIFTY 0 CE 28 MAR 24' }, /^neither strike_price/],
    [{ strike_price: '1e5', trading_symbol: 'N' }, /^neither strike_price/],
  ]
  for (const [changes, reason] of wrong) {
    const found = map({ ...rowOf('NSE_FO|43837'), ...changes })
    assert.ok(typeof found === 'string', JSON.stringify(changes))
    assert.match(found, reason)
  }
  assert.match(map({ ...rowOf('NSE_INDEX|Nifty 50'), lot_size: 'x' }) as string, /^lot_size/)
})

test('the list comes from its own host, or from whoever stands in for the broker', () => {
  const url = (rest: string) => {
    const files = instruments.files({ rest, feed: 'wss://x' }, { accessToken: 'secret' })
    assert.equal(files.length, 1)
    assert.deepEqual([files[0]!.layout, files[0]!.request.headers], ['complete', undefined])
    return files[0]!.request.url
  }
  const path = '/market-quote/instruments/exchange/complete.json.gz'
  assert.equal(url('https://api.upstox.com'), `https://assets.upstox.com${path}`)
  assert.equal(url('http://127.0.0.1:9000'), `http://127.0.0.1:9000${path}`)
})
