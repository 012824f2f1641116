// Rows of Kite's instrument list for tests, and the list around them.

export const KITE_HEADER =
  'instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,' +
  'instrument_type,segment,exchange'

export const kiteCsv = (rows: readonly string[]) => `${[KITE_HEADER, ...rows].join('\n')}\n`

/** Synthetic rows of every exchange and kind, and the symbol and exchange that each must get. */
export const EVERY_KIND: readonly [row: string, symbol: string, exchange: string][] = [
  ['738561,2885,RELIANCE,RELIANCE INDUSTRIES,0,,0,0.05,1,EQ,NSE,NSE', 'RELIANCE', 'NSE'],
  ['3001089,11723,CENTRALBK-BE,"CENTRAL, BANK",0,,0,0.01,1,EQ,NSE,NSE', 'CENTRALBK-BE', 'NSE'],
  ['128083204,500325,RELIANCE,RELIANCE INDUSTRIES,0,,0,0.05,1,EQ,BSE,BSE', 'RELIANCE', 'BSE'],
  ['136700676,534002,AUTO,AUTO SHARE,0,,0,0.05,1,EQ,BSE,BSE', 'AUTO', 'BSE'],
  [
    '11111682,43405,BANKNIFTY24APRFUT,BANKNIFTY,0,2024-04-24,0,0.05,15,FUT,NFO-FUT,NFO',
    'BANKNIFTY24APR24FUT',
    'NFO',
  ],
  [
    '11222274,43837,NIFTY24MAR20800CE,NIFTY,0,2024-03-28,20800,0.05,50,CE,NFO-OPT,NFO',
    'NIFTY28MAR2420800CE',
    'NFO',
  ],
  [
    '12345602,48225,VEDL24APR292.5PE,,0,2024-04-25,292.50,0.05,2000,PE,NFO-OPT,NFO',
    'VEDL25APR24292.5PE',
    'NFO',
  ],
  [
    '211616005,826625,SENSEX24APRFUT,SENSEX,0,2024-04-24,0,0.05,10,FUT,BFO-FUT,BFO',
    'SENSEX24APR24FUT',
    'BFO',
  ],
  [
    '284419,1111,USDINR24MAYFUT,USDINR,0,2024-05-10,0,0.0025,1,FUT,CDS-FUT,CDS',
    'USDINR10MAY24FUT',
    'CDS',
  ],
  [
    '285187,1114,USDINR25JAN83.25PE,USDINR,0,2025-01-27,83.25,0.0025,1,PE,CDS-OPT,CDS',
    'USDINR27JAN2583.25PE',
    'CDS',
  ],
  [
    '568838,2222,EURUSD24MAYFUT,EURUSD,0,2024-05-10,0,0.0001,1,FUT,BCD-FUT,BCD',
    'EURUSD10MAY24FUT',
    'BCD',
  ],
  [
    '56888839,222222,CRUDEOIL24APR6750CE,CRUDEOIL,0,2024-04-17,6750,0.1,1,CE,MCX-OPT,MCX',
    'CRUDEOIL17APR246750CE',
    'MCX',
  ],
  [
    '78432012,306375,GOLDMINI26MAYFUT,GOLD MINI,0,2026-05-05,0,1,1,FUT,NCO-FUT,NCO',
    'GOLDMINI05MAY26FUT',
    'NCO',
  ],
  ['256265,1001,NIFTY 50,"NIFTY 50",0,,0,0,0,EQ,INDICES,NSE', 'NIFTY', 'NSE_INDEX'],
  ['265,1,SENSEX,SENSEX,0,,0,0,0,EQ,INDICES,BSE', 'SENSEX', 'BSE_INDEX'],
  ['3593,14,AUTO,AUTO,0,,0,0,0,EQ,INDICES,BSE', 'BSEAUTO', 'BSE_INDEX'],
  [
    '403209,1575,BSE SENSEX SIXTY 65:35,BSE SENSEX SIXTY 65:35,0,,0,0,1,EQ,INDICES,BSE',
    'BSESENSEXSIXTY65:35',
    'BSE_INDEX',
  ],
  ['273417,1068,MCXGOLDEX,MCXGOLDEX,0,,0,0,1,EQ,INDICES,MCX', 'MCXGOLDEX', 'MCX_INDEX'],
  ['291849,1140,GIFT NIFTY,GIFT NIFTY,0,,0,0,0,EQ,INDICES,NSEIX', 'GIFTNIFTY', 'GLOBAL_INDEX'],
  ['4294967295,9,US 30,US 30,0,,0,0,0,EQ,INDICES,GLOBAL', 'US30', 'GLOBAL_INDEX'],
]

/** Options of one expiry, one row for each strike from `firstStrike`: tokens, symbols and sizes differ. */
export function optionRows(count: number, firstStrike = 10_000): string[] {
  return Array.from({ length: count }, (_, at) => {
    const strike = firstStrike + at
    const token = strike * 256 + 2
    return `${token},${strike},NIFTY26AUG${strike}CE,NIFTY,0,2026-08-25,${strike},0.05,65,CE,NFO-OPT,NFO`
  })
}
