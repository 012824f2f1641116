// The instruments of one broker, read from the shared blocks of a generation.
import { Catalogue } from '../catalogue.ts'
import { Details } from '../details.ts'
import type { Instruments, ListedInstrument } from './instruments.ts'
import { RowWriter } from './row-writer.ts'

/** The shared blocks of a generation that look-ups read. */
export interface LookupBlocks {
  readonly catalogue: SharedArrayBuffer
  readonly details: SharedArrayBuffer
}

export class SharedInstruments implements Instruments {
  readonly writer: RowWriter
  readonly #catalogue: Catalogue
  readonly #details: Details

  /** Throws on a corrupt block, and where the catalogue lacks instruments of the details. */
  constructor(blocks: LookupBlocks) {
    this.#catalogue = new Catalogue(blocks.catalogue)
    this.#details = new Details(blocks.details)
    const { bound } = this.#details
    if (bound > this.#catalogue.size) {
      throw new Error(`the catalogue has ${this.#catalogue.size} instruments and needs ${bound}`)
    }
    this.writer = new RowWriter(this.#catalogue, this.#details)
  }

  *numbers(): Generator<number> {
    for (let number = 0; number < this.#details.bound; number++) {
      if (this.#details.has(number)) yield number
    }
  }

  next(from: number, exchange: string | null): number {
    const { bound } = this.#details
    for (let number = from; number < bound; number++) {
      if (!this.#details.has(number)) continue
      if (exchange === null || this.#catalogue.exchangeOf(number) === exchange) return number
    }
    return -1
  }

  row(instrument: number): ListedInstrument {
    const details = this.#details
    const expiryDay = details.expiryDayOf(instrument)
    const strike = details.strikeOf(instrument)
    return {
      instrument,
      exchange: this.#catalogue.exchangeOf(instrument),
      symbol: this.#catalogue.symbolOf(instrument),
      name: details.nameOf(instrument),
      brokerSymbol: details.brokerSymbolOf(instrument),
      brokerExchange: details.brokerExchangeOf(instrument),
      token: details.tokenTextOf(instrument),
      expiryDay: expiryDay < 0 ? null : expiryDay,
      strike: Number.isNaN(strike) ? null : strike,
      lotSize: details.lotSizeOf(instrument),
      instrumentType: details.typeOf(instrument),
      tickSize: details.tickSizeOf(instrument),
      freezeQuantity: details.freezeQuantityOf(instrument) || null,
    }
  }
}
