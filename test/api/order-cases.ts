// For every endpoint of orders, accounts and market data: a request that is right, and by field what is not, with what
// is said of it.
import { EXCHANGES, HUGE, LENGTH, MISSING, NO_TEXT, NULL, TOO_LONG } from './words.ts'

/** A value and what is said of it. */
type Wrong = readonly [value: unknown, message: string]
export type Wrongs = Readonly<Record<string, readonly Wrong[]>>

const NO_NUMBER = 'Not a valid number.'
const NO_INTEGER = 'Not a valid integer.'
const NOT_NUMBERS = ['ten', '', '0x10', '1,000', 'NaN', '1e999', true, {}, [1], HUGE]
const UNKNOWN: readonly Wrong[] = [
  [1, 'Unknown field.'],
  [null, 'Unknown field.'],
]

const always = (...wrongs: Wrong[]): Wrong[] => [[undefined, MISSING], [null, NULL], ...wrongs]
const textOf = (...wrongs: Wrong[]) =>
  always([5, NO_TEXT], [true, NO_TEXT], [['x'], NO_TEXT], [{}, NO_TEXT], ...wrongs)
const word = (...words: string[]): Wrong[] => {
  const message = `Must be one of: ${words.join(', ')}.`
  return ['', 'x', "'; DROP TABLE orders", HUGE].map((value): Wrong => [value, message])
}
const numberOf = (negative: string | null): Wrong[] => [
  [null, NULL],
  ...NOT_NUMBERS.map((value): Wrong => [value, NO_NUMBER]),
  ...(negative === null ? [] : [-1, '-0.05'].map((value): Wrong => [value, negative])),
]
const optional = (wrongs: readonly Wrong[]) => wrongs.filter(([value]) => value !== undefined)

const apikey = always([5, NO_TEXT], ['', LENGTH], [HUGE, LENGTH])
const exchange = textOf(['nse', EXCHANGES], [HUGE, EXCHANGES])
const symbol = textOf([HUGE, TOO_LONG])
const strategy = textOf([HUGE, TOO_LONG])
const broker: Wrong[] = [
  [null, NULL],
  [1, NO_TEXT],
]
const action = textOf(...word('BUY', 'SELL', 'buy', 'sell'))
const product = textOf(...word('MIS', 'NRML', 'CNC'))
const pricetype = textOf(...word('MARKET', 'LIMIT', 'SL', 'SL-M'))
const price = numberOf('Price must be a non-negative number.')
const trigger_price = numberOf('Trigger price must be a non-negative number.')
const disclosed_quantity: Wrong[] = [
  [null, NULL],
  ...[...NOT_NUMBERS, 1.5, 1e300].map((value): Wrong => [value, NO_INTEGER]),
  [-1, 'Disclosed quantity must be a non-negative integer.'],
]
const zero: Wrong = [0, 'Quantity must be a positive number.']
const fraction: Wrong = [1.5, 'Fractional quantity (1.5) is not allowed for non-crypto exchanges.']
const quantity = [...always(...numberOf('Quantity must be a positive number.')), zero, fraction]
const id = textOf()
const trigger_id = textOf(
  ['', 'Shorter than minimum length 1.'],
  [HUGE, 'Longer than maximum length 64.'],
)
const client_order_id: Wrong[] = [
  [null, NULL],
  [7, NO_TEXT],
  [HUGE, TOO_LONG],
]
const caller = { apikey, strategy, broker, other: UNKNOWN }
const instrument = { exchange, symbol }
const terms = {
  ...{ action, price, trigger_price, disclosed_quantity },
  ...{ product: optional(product), pricetype: optional(pricetype), client_order_id },
}
const date = textOf(
  ...['', '21-08-2026', '2026-02-30', 'today', '2026-13-01'].map(
    (value): Wrong => [value, 'Not a valid date.'],
  ),
)
const number = (message: string): Wrong[] => [
  ...NOT_NUMBERS.filter((value) => value !== '').map((value): Wrong => [value, NO_NUMBER]),
  [-1, message],
]
const legPrice = NOT_NUMBERS.filter((value) => value !== '').map(
  (value): Wrong => [value, NO_NUMBER],
)
const gtt = {
  ...{ apikey, strategy, broker, client_order_id, ...instrument, action },
  trigger_type: textOf(['BOTH', "Must be 'SINGLE' or 'OCO'."]),
  product: textOf([
    'MIS',
    'GTT supports only CNC (delivery) or NRML (overnight F&O); MIS is intraday-only.',
  ]),
  pricetype: optional(textOf(...word('LIMIT', 'MARKET'))),
  quantity,
  price: always(...price),
  triggerprice_sl: number('triggerprice_sl must be non-negative.'),
  triggerprice_tg: number('triggerprice_tg must be non-negative.'),
  stoploss: legPrice,
  target: legPrice,
}
const account = { apikey, broker, other: UNKNOWN }

export const NAMED = { exchange: 'NSE', symbol: 'RELIANCE' }
export const ORDER = { ...NAMED, action: 'BUY', quantity: 10 }
export const GTT = {
  ...{ ...ORDER, trigger_type: 'SINGLE', product: 'CNC', price: 10, triggerprice_sl: 10 },
}
const WHOLE = { ...ORDER, orderid: '25', product: 'MIS', pricetype: 'LIMIT', price: 10 }

interface Case {
  readonly right: object
  readonly wrong: Wrongs
  /** The field that is a list of objects, one that is right, and what is wrong with the fields of others. */
  readonly items?: { readonly list: string; readonly right: object; readonly wrong: Wrongs }
  /** The message is the object as a text. */
  readonly isText?: boolean
  readonly isWrite?: boolean
}

const write = (right: object, wrong: Wrongs, items?: Case['items']): Case => ({
  right: { strategy: 's', ...right },
  wrong,
  isText: true,
  isWrite: true,
  ...(items === undefined ? {} : { items }),
})
const told = (right: object, wrong: Wrongs): Case => ({
  right: { strategy: 's', ...right },
  wrong,
  isText: true,
})
const read = (right: object, wrong: Wrongs): Case => ({ right, wrong })
const MARGIN = { ...ORDER, quantity: '10', product: 'MIS', pricetype: 'MARKET' }
const MARGIN_SYMBOL = 'Symbol must be between 1 and 50 characters.'

export const CASES: Readonly<Record<string, Case>> = {
  placeorder: write(ORDER, {
    ...{ ...caller, ...instrument, ...terms, quantity },
    underlying_ltp: NOT_NUMBERS.map((value): Wrong => [value, NO_NUMBER]),
    validity: UNKNOWN,
    target: UNKNOWN,
  }),
  placesmartorder: write(
    { ...ORDER, position_size: 0 },
    {
      ...{ ...caller, ...instrument, ...terms },
      quantity: [...always(...numberOf('Quantity must be a non-negative number.')), fraction],
      position_size: always(...numberOf(null)),
    },
  ),
  splitorder: write(
    { ...ORDER, splitsize: 5 },
    {
      ...{ ...caller, ...instrument, ...terms },
      quantity: always(...numberOf('Total quantity must be a positive number.'), fraction),
      splitsize: [
        ...always(...[...NOT_NUMBERS, 1.5, 1e300].map((value): Wrong => [value, NO_INTEGER])),
        ...[0, -5, '0'].map((value): Wrong => [value, 'Split size must be a positive integer.']),
      ],
    },
  ),
  basketorder: write(
    { orders: [] },
    {
      ...caller,
      orders: always(...['x', 5, true, {}].map((value): Wrong => [value, 'Not a valid list.']), [
        Array(20_000).fill({}),
        'Longer than maximum length 1000.',
      ]),
    },
    {
      list: 'orders',
      right: ORDER,
      wrong: { ...instrument, ...terms, quantity, other: UNKNOWN, underlying_ltp: UNKNOWN },
    },
  ),
  modifyorder: write(WHOLE, {
    ...{ ...caller, ...instrument, ...terms, quantity, orderid: id },
    ...{ product, pricetype, price: always(...price) },
  }),
  cancelorder: write({ orderid: '25' }, { ...caller, orderid: id }),
  cancelallorder: write({}, caller),
  closeposition: write({}, { ...caller, product: UNKNOWN }),
  placegttorder: write(GTT, {
    ...gtt,
    expires_at: [5, {}].map((value): Wrong => [value, NO_TEXT]),
  }),
  modifygttorder: write({ ...GTT, trigger_id: '7' }, { ...gtt, trigger_id }),
  cancelgttorder: write({ trigger_id: '7' }, { ...caller, trigger_id }),
  gttorderbook: read({}, account),
  orderstatus: told({ orderid: '25' }, { ...caller, orderid: id }),
  openposition: told(
    { ...NAMED, product: 'MIS' },
    { ...caller, symbol, product, exchange: textOf([HUGE, TOO_LONG]) },
  ),
  funds: read({}, account),
  orderbook: read({}, account),
  tradebook: read({}, account),
  positionbook: read({}, account),
  holdings: read({}, account),
  margin: {
    right: { positions: [MARGIN] },
    wrong: {
      ...account,
      positions: always(
        ...['x', 5, {}].map((value): Wrong => [value, 'Not a valid list.']),
        ...[[], Array(51).fill(MARGIN)].map(
          (value): Wrong => [value, 'Positions must contain 1 to 50 items.'],
        ),
      ),
    },
    items: {
      list: 'positions',
      right: MARGIN,
      wrong: {
        ...{ exchange, action, product, pricetype, quantity: textOf(), other: UNKNOWN },
        ...{ price: optional(textOf()), trigger_price: optional(textOf()) },
        symbol: textOf(['', MARGIN_SYMBOL], [HUGE, MARGIN_SYMBOL]),
      },
    },
    isText: true,
  },
  quotes: read(NAMED, { ...account, ...instrument }),
  multiquotes: {
    right: { symbols: [NAMED] },
    wrong: {
      ...account,
      symbols: always(
        ...['x', 5, {}].map((value): Wrong => [value, 'Not a valid list.']),
        [[], 'Shorter than minimum length 1.'],
        [Array(20_000).fill({}), 'Longer than maximum length 5000.'],
      ),
    },
    items: { list: 'symbols', right: NAMED, wrong: { ...instrument, other: UNKNOWN } },
  },
  depth: read(NAMED, { ...account, ...instrument }),
  history: read(
    { ...NAMED, interval: '5m', start_date: '2026-06-01', end_date: '2026-06-02' },
    {
      ...{ ...account, ...instrument, interval: textOf([HUGE, TOO_LONG]) },
      ...{
        start_date: date,
        end_date: [...date, ['2026-05-31', 'Must not be before start_date.']],
      },
      source: optional(textOf(...word('api', 'db'))),
    },
  ),
  intervals: read({}, account),
  ping: read({}, account),
  analyzer: { right: {}, wrong: account, isText: true },
  'analyzer/toggle': {
    right: { mode: false },
    wrong: {
      ...account,
      mode: always(['maybe', 'Not a valid boolean.'], [2, 'Not a valid boolean.']),
    },
    isText: true,
    isWrite: true,
  },
}
