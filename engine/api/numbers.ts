// Numbers as the account's endpoints tell them: what OpenAlgo's clients want as text, and rounded as they are used to.

/** Currencies move by a quarter of a paisa. */
const FINE: readonly string[] = ['CDS', 'BCD']
const PLACES = 2
const FINE_PLACES = 4

/** -0 is none that anybody means. */
const without0 = (value: number) => value + 0

/** A price at an exchange, rounded. */
export function priceAt(exchange: string, rupees: number): number {
  return without0(Number(rupees.toFixed(FINE.includes(exchange) ? FINE_PLACES : PLACES)))
}

/** The same as text, with all its places. */
export function priceTextAt(exchange: string, rupees: number): string {
  return priceAt(exchange, rupees).toFixed(FINE.includes(exchange) ? FINE_PLACES : PLACES)
}

/** Rupees, rounded to paise. */
export const money = (rupees: number) => without0(Number(rupees.toFixed(PLACES)))

/** Rupees with paise, as text. */
export const moneyText = (rupees: number) => money(rupees).toFixed(PLACES)
