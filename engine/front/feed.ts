// A broker as the front thread sees it: what it lists, and its last ticks, in memory that the core writes.
import { Tick } from '../../codecs/tick.ts'
import type { LiveFeed } from '../api/live-quotes.ts'
import { type LastValuesMemory, LastValuesReader } from '../distribute/last-values.ts'
import { Catalogue } from '../symbols/catalogue.ts'
import { TokenIndex } from '../symbols/token-index.ts'
import type { FrontBroker, FrontIndex } from './words.ts'

export class FrontFeed implements LiveFeed {
  readonly id: string
  readonly depthLevels: number
  #catalogue: Catalogue
  #tokens: TokenIndex
  #lastValues: LastValuesReader

  constructor({ id, depthLevels, index, lastValues }: FrontBroker) {
    this.id = id
    this.depthLevels = depthLevels
    this.#catalogue = new Catalogue(index.catalogue)
    this.#tokens = new TokenIndex(index.tokens)
    this.#lastValues = this.#reader(lastValues)
  }

  /** Numbers are never bound to other instruments, so that an older index finds nothing wrong. */
  useIndex({ catalogue, tokens }: FrontIndex): void {
    this.#catalogue = new Catalogue(catalogue)
    this.#tokens = new TokenIndex(tokens)
  }

  useLastValues(memory: LastValuesMemory): void {
    this.#lastValues = this.#reader(memory)
  }

  find(exchange: string, symbol: string): number {
    const instrument = this.#catalogue.find(exchange, symbol)
    return instrument >= 0 && this.#tokens.has(instrument) ? instrument : -1
  }

  lastTick(instrument: number, tick: Tick): boolean {
    return this.#lastValues.load(instrument, tick)
  }

  #reader(memory: LastValuesMemory): LastValuesReader {
    return new LastValuesReader(memory, new Tick(this.depthLevels))
  }
}
