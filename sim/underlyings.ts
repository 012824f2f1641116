// What derivatives are written on, apart from shares: indices, currencies and commodities, with figures near
// those of 2026. Symbols are spelled as Kite spells them.

export interface Index {
  readonly tradingsymbol: string
  readonly exchange: 'NSE' | 'BSE' | 'MCX' | 'NSEIX' | 'GLOBAL'
  /** Exchange token; 0 where the generator chooses one. */
  readonly token: number
  readonly spotRupees: number
}

/** Columns: exchange, token, spot, symbol (to the end of the line). The ones that everybody watches come first. */
const INDEX_LINES = `
NSE 1001 24213.55 NIFTY 50
NSE 1016 56318.20 NIFTY BANK
BSE 1 78214.60 SENSEX
NSE 1007 26041.90 NIFTY FIN SERVICE
NSE 1125 14362.15 NIFTY MID SELECT
NSE 1058 71588.40 NIFTY NEXT 50
NSE 1035 13.27 INDIA VIX
BSE 1072 63391.05 BANKEX
BSE 0 25062.30 SNSX50
NSEIX 1140 24268.50 GIFT NIFTY
`

/** More of them by exchange, with one price level each, since nothing is written on them. */
const INDEX_NAMES: readonly [Index['exchange'], string][] = [
  [
    'NSE',
    `NIFTY 100,NIFTY 200,NIFTY 500,NIFTY ALPHA 50,NIFTY AUTO,NIFTY COMMODITIES,NIFTY CONSUMPTION,NIFTY CPSE,
    NIFTY DIV OPPS 50,NIFTY ENERGY,NIFTY FMCG,NIFTY GROWSECT 15,NIFTY GS 10YR,NIFTY GS 10YR CLN,
    NIFTY GS 11 15YR,NIFTY GS 15YRPLUS,NIFTY GS 4 8YR,NIFTY GS 8 13YR,NIFTY GS COMPSITE,NIFTY INFRA,NIFTY IT,
    NIFTY MEDIA,NIFTY METAL,NIFTY MID LIQ 15,NIFTY MIDCAP 100,NIFTY MIDCAP 150,NIFTY MIDCAP 50,
    NIFTY MIDSML 400,NIFTY MNC,NIFTY PHARMA,NIFTY PSE,NIFTY PSU BANK,NIFTY PVT BANK,NIFTY REALTY,
    NIFTY SERV SECTOR,NIFTY SMLCAP 100,NIFTY SMLCAP 250,NIFTY SMLCAP 50,NIFTY100 EQL WGT,NIFTY100 LIQ 15,
    NIFTY100 LOWVOL30,NIFTY100 QUALTY30,NIFTY200 QUALTY30,NIFTY50 DIV POINT,NIFTY50 EQL WGT,
    NIFTY50 PR 1X INV,NIFTY50 PR 2X LEV,NIFTY50 TR 1X INV,NIFTY50 TR 2X LEV,NIFTY50 VALUE 20,
    HANGSENG BEES NAV`,
  ],
  [
    'BSE',
    `BSE100,BSE200,BSE500,SNXT50,MID150,LMI250,MSL400,AUTO,BSE CG,CARBON,BSE CD,CPSE,DOL100,DOL200,DOL30,ENERGY,
    BSEFMC,FINSER,GREENX,BSE HC,INFRA,INDSTR,BSE IT,BSEIPO,BSEPSU,LRGCAP,METAL,MIDCAP,MIDSEL,OILGAS,POWER,
    REALTY,SMLCAP,SMLSEL,SMEIPO,TECK,TELCOM`,
  ],
  [
    'MCX',
    `MCXAGRI,MCXBULLDEX,MCXCOMDEX,MCXCOMPDEX,MCXCOPRDEX,MCXCRUDEX,MCXENERGY,MCXGOLDEX,MCXMETAL,MCXMETLDEX,
    MCXSILVDEX`,
  ],
  ['GLOBAL', 'AUS200,FRANCE40,GERMANY40,HANGSENG,JAPAN225,UK100,US100,US30,US500'],
]

export const MAIN_INDICES: readonly Index[] = INDEX_LINES.trim()
  .split('\n')
  .map((line) => {
    const [exchange, token, spot, ...name] = line.split(' ')
    return {
      tradingsymbol: name.join(' '),
      exchange: exchange as Index['exchange'],
      token: Number(token),
      spotRupees: Number(spot),
    }
  })

export const OTHER_INDICES: readonly Index[] = INDEX_NAMES.flatMap(([exchange, names]) =>
  names.split(/,\s*/).map((tradingsymbol, place) => ({
    tradingsymbol,
    exchange,
    token: 0,
    spotRupees: 4000 + 317.35 * place,
  })),
)

export interface IndexContract {
  readonly root: string
  readonly exchange: 'NFO' | 'BFO'
  /** Kite's symbol of the index. */
  readonly index: string
  readonly strikeStepRupees: number
  readonly lotSize: number
  /** Weekly option expiries listed beside the monthly ones. */
  readonly weeklies: number
  readonly monthlies: number
}

const INDEX_CONTRACT_LINES = `
NIFTY NFO 50 65 4 6 NIFTY 50
BANKNIFTY NFO 100 30 0 6 NIFTY BANK
SENSEX BFO 100 20 5 6 SENSEX
FINNIFTY NFO 50 60 0 3 NIFTY FIN SERVICE
MIDCPNIFTY NFO 25 120 0 3 NIFTY MID SELECT
NIFTYNXT50 NFO 100 25 0 3 NIFTY NEXT 50
BANKEX BFO 100 30 0 3 BANKEX
SENSEX50 BFO 50 75 0 3 SNSX50
`

export const INDEX_CONTRACTS: readonly IndexContract[] = INDEX_CONTRACT_LINES.trim()
  .split('\n')
  .map((line) => {
    const [root = '', exchange, step, lot, weeklies, monthlies, ...index] = line.split(' ')
    return {
      root,
      exchange: exchange as IndexContract['exchange'],
      index: index.join(' '),
      strikeStepRupees: Number(step),
      lotSize: Number(lot),
      weeklies: Number(weeklies),
      monthlies: Number(monthlies),
    }
  })

export interface Currency {
  readonly root: string
  readonly spotRupees: number
  readonly weeklies: number
}

/** Pairs that both exchanges list, in steps of 0.25 rupees. */
export const CURRENCIES: readonly Currency[] = [
  { root: 'USDINR', spotRupees: 87.5125, weeklies: 4 },
  { root: 'EURINR', spotRupees: 101.9825, weeklies: 0 },
  { root: 'GBPINR', spotRupees: 118.04, weeklies: 0 },
  { root: 'JPYINR', spotRupees: 59.43, weeklies: 0 },
]

export interface Commodity {
  readonly exchange: 'MCX' | 'NCO'
  readonly root: string
  readonly spotRupees: number
  readonly tickRupees: number
  /** 0 where there are no options. */
  readonly strikeStepRupees: number
  /** Days of the month at which futures and options expire. */
  readonly futureDay: number
  readonly optionDay: number
  /** Contract months, 1 is January. */
  readonly months: readonly number[]
}

/** Columns: exchange, root, spot, tick, strike step, day of futures, day of options, months (default all). */
const COMMODITY_LINES = `
MCX CRUDEOIL 5612 1 50 19 17
MCX NATURALGAS 268.4 0.1 5 26 23
MCX GOLD 101450 1 100 5 1 2,4,6,8,10,12
MCX SILVER 116820 1 250 5 1 3,5,7,9,12
MCX CRUDEOILM 5613 1 50 19 17
MCX NATGASMINI 268.5 0.1 5 26 23
MCX GOLDM 101210 1 100 5 1
MCX GOLDPETAL 10180 1 0 31 0
MCX SILVERM 116790 1 250 31 27 2,4,6,8,11
MCX COPPER 884.35 0.05 10 31 27
MCX ZINC 271.45 0.05 2.5 31 27
MCX ALUMINIUM 254.9 0.05 0 31 0
MCX LEAD 181.2 0.05 0 31 0
MCX NICKEL 1352.6 0.1 0 31 0
MCX MENTHAOIL 953.1 0.1 0 31 0
MCX MCXBULLDEX 24310 1 0 27 0
NCO GOLD1GM 10195 1 0 27 0
NCO SILVERMINI 116800 1 0 27 0
NCO WTICRUDEOIL 5590 1 50 18 16
NCO BRENTCRUDEOIL 5880 1 0 26 0
NCO COPPER 884.1 0.05 5 27 24
`

export const COMMODITIES: readonly Commodity[] = COMMODITY_LINES.trim()
  .split('\n')
  .map((line) => {
    const [exchange, root = '', spot, tick, step, futureDay, optionDay, months] = line.split(' ')
    return {
      exchange: exchange as Commodity['exchange'],
      root,
      spotRupees: Number(spot),
      tickRupees: Number(tick),
      strikeStepRupees: Number(step),
      futureDay: Number(futureDay),
      optionDay: Number(optionDay),
      months: months?.split(',').map(Number) ?? [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    }
  })
