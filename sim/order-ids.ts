// Numbers of orders and trades. An order's id has 19 digits, as Kite's have: too many for a double, which finds
// clients that take it as a number. It begins with its date and time, so that a simulator started again repeats none.
import { indianTime } from './calendar.ts'

const DAY_MS = 86_400_000
const IST_OFFSET_MS = 19_800_000

export class OrderIds {
  #lastOrder = 0n
  #exchangeOrders = 0
  #trades = 0

  nextOrder(nowMs: number): string {
    const date = indianTime(nowMs).slice(0, 10).replaceAll('-', '')
    const millisecond = String((nowMs + IST_OFFSET_MS) % DAY_MS).padStart(8, '0')
    const earliest = BigInt(`${date}${millisecond}000`)
    this.#lastOrder = earliest > this.#lastOrder ? earliest : this.#lastOrder + 1n
    return String(this.#lastOrder)
  }

  nextExchangeOrder(): string {
    this.#exchangeOrders += 1
    return `11${String(this.#exchangeOrders).padStart(14, '0')}`
  }

  nextTrade(): string {
    this.#trades += 1
    return String(10_000_000 + this.#trades)
  }
}
