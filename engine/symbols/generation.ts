// Writes a new generation of a broker's instruments beside the live one and makes it live with one put.
import type { InstrumentRow } from '../../adapters/broker.ts'
import { buildCatalogue } from './catalogue.ts'
import { DetailsBuilder } from './details.ts'
import { rowProblem } from './row-problem.ts'
import {
  CATALOGUE_KEY,
  detailsKey,
  type Generation,
  keysOf,
  liveGeneration,
  putBlob,
  putNew,
  readAnew,
  type Store,
  type SymbolIndex,
  symtokenKey,
  symtokenPrefix,
  toCells,
  tokensKey,
} from './store.ts'
import { TokenIndexBuilder } from './token-index.ts'
import { TokenSet } from './token-set.ts'

const NUMBER_MAX = 0xffffffff
/** Removals that may wait for the library's thread. */
const REMOVALS_WAITING_MAX = 5000

const markKey = (broker: string, generation: number) => `generation:${broker}:${generation}`

function markedGenerations(store: Store, broker: string): number[] {
  const prefix = `generation:${broker}:`
  return Array.from(store.meta.getKeys(keysOf(prefix)), (key) => Number(key.slice(prefix.length)))
}

/** Generations that have rows, found by one look-up each. */
function storedGenerations(store: Store, broker: string): number[] {
  const found: number[] = []
  let { start, end } = keysOf(`${broker}:`)
  for (;;) {
    const [key] = store.symtoken.getKeys({ start, end, limit: 1 })
    if (key === undefined) return found
    const generation = Number(key.split(':')[1])
    found.push(generation)
    start = keysOf(symtokenPrefix(broker, generation)).end
  }
}

/** The mark goes last, so that a removal that is cut short is taken up by the next sync. */
async function removeGeneration(store: Store, broker: string, generation: number): Promise<void> {
  let waiting = 0
  for (const key of store.symtoken.getKeys(keysOf(symtokenPrefix(broker, generation)))) {
    const removed = store.symtoken.remove(key)
    if (++waiting % REMOVALS_WAITING_MAX === 0) await removed
  }
  await store.blobs.remove(tokensKey(broker, generation))
  await store.blobs.remove(detailsKey(broker, generation))
  await store.meta.remove(markKey(broker, generation))
}

/** All generations of a broker: leftovers of syncs that did not end, and those that were live. */
const generationsOf = (store: Store, broker: string) =>
  new Set([...markedGenerations(store, broker), ...storedGenerations(store, broker)])

const kept = (live: Generation | undefined): number[] =>
  live === undefined ? [] : [live.generation, ...(live.previous === null ? [] : [live.previous])]

/**
 * The next free instrument number. Names come before numbers, so a sync that was cut off may have left the last
 * names without theirs: they get them here.
 */
async function nextNumber(store: Store): Promise<number> {
  // Numbers have no gaps, so their count is the next one.
  const next = store.names.getCount()
  const puts: Promise<boolean>[] = []
  for (let number = next - 1; number >= 0; number--) {
    const name = store.names.get(number)
    if (name === undefined) throw new Error(`instrument number ${number} has no name`)
    if (store.numbers.get(name) !== undefined) break
    puts.push(putNew(store.numbers, name, number))
  }
  await Promise.all(puts)
  readAnew(store)
  return next
}

/** All instruments by number; null for a number that was claimed and never became an instrument's. */
function* allInstruments(store: Store): Generator<{ exchange: string; symbol: string } | null> {
  const isBound = new Uint8Array(store.names.getCount())
  for (const { value } of store.numbers.getRange({})) isBound[value] = 1
  let expected = 0
  for (const { key, value } of store.names.getRange({})) {
    if (key !== expected++) throw new Error(`instrument number ${expected - 1} has no name`)
    const colon = value.indexOf(':')
    yield isBound[key] === 1
      ? { exchange: value.slice(0, colon), symbol: value.slice(colon + 1) }
      : null
  }
}

const OTHER_WRITER = 'another process syncs into this store at the same time; sync again'

export class GenerationWriter {
  readonly #store: Store
  readonly #broker: string
  readonly #generation: number
  #next: number
  readonly #index = new TokenIndexBuilder()
  readonly #details = new DetailsBuilder()
  readonly #feedTokens = new TokenSet()
  readonly #exchangeTokens = new TokenSet()
  readonly #exchangeIds = new Map<string, number>()
  readonly #exchangeRows: Record<string, number> = {}
  /** Numbers given out since the last flush, which a read does not see yet. */
  readonly #fresh = new Map<string, number>()
  #puts: Promise<boolean>[] = []

  private constructor(store: Store, broker: string, generation: number, next: number) {
    this.#store = store
    this.#broker = broker
    this.#generation = generation
    this.#next = next
  }

  /** Claims the next generation and clears away what syncs that did not end have left. */
  static async begin(store: Store, broker: string, nowMs: number): Promise<GenerationWriter> {
    const live = liveGeneration(store, broker)
    const existing = generationsOf(store, broker)
    const generation = Math.max(live?.generation ?? 0, ...existing) + 1
    const isClaimed = await putNew(store.meta, markKey(broker, generation), nowMs)
    if (!isClaimed) throw new Error(OTHER_WRITER)
    for (const unfinished of existing) {
      if (!kept(live).includes(unfinished)) await removeGeneration(store, broker, unfinished)
    }
    return new GenerationWriter(store, broker, generation, await nextNumber(store))
  }

  get rows(): number {
    return this.#index.rows
  }

  /** Rows stored so far, by exchange. */
  get exchanges(): Readonly<Record<string, number>> {
    return this.#exchangeRows
  }

  /** Rows whose puts have not been waited for. */
  get waiting(): number {
    return this.#puts.length
  }

  /** Stores a row, or tells why not (a constant text). The first of two rows for the same thing stays. */
  take(row: InstrumentRow): string | null {
    const problem = rowProblem(row)
    if (problem !== null) return problem
    const { exchange, segment, token } = row
    let exchangeId = this.#exchangeIds.get(exchange)
    if (exchangeId === undefined) {
      exchangeId = this.#exchangeIds.size
      this.#exchangeIds.set(exchange, exchangeId)
    }
    if (this.#exchangeTokens.has(exchangeId, token))
      return 'an earlier row has this exchange and token'
    if (this.#feedTokens.has(segment, token)) return 'an earlier row has this segment and token'
    const instrument = this.#numberOf(`${exchange}:${row.symbol}`)
    if (this.#index.has(instrument)) return 'an earlier row has this exchange and symbol'
    this.#exchangeTokens.add(exchangeId, token)
    this.#feedTokens.add(segment, token)
    this.#index.add(instrument, segment, token)
    this.#details.add(instrument, row)
    this.#exchangeRows[exchange] = (this.#exchangeRows[exchange] ?? 0) + 1
    const key = symtokenKey(this.#broker, this.#generation, exchange, token)
    this.#puts.push(this.#store.symtoken.put(key, toCells(row, instrument)))
    return null
  }

  /** Waits until everything taken so far can be read. */
  async flush(): Promise<void> {
    await this.#settle()
    // Only a number that is claimed is bound: `names` decides when two processes give out numbers.
    for (const [name, number] of this.#fresh) {
      this.#puts.push(putNew(this.#store.numbers, name, number))
    }
    await this.#settle()
    this.#fresh.clear()
  }

  async #settle(): Promise<void> {
    const done = await Promise.all(this.#puts)
    if (done.includes(false)) throw new Error(OTHER_WRITER)
    this.#puts = []
    readAnew(this.#store)
  }

  /** Builds the shared blocks, makes this generation live, and removes those before the last. */
  async finish(source: string, leftOut: number, nowMs: number): Promise<SymbolIndex> {
    await this.flush()
    const [store, broker, generation] = [this.#store, this.#broker, this.#generation]
    const tokens = this.#index.build()
    const details = this.#details.build()
    const catalogue = buildCatalogue(allInstruments(store))
    await putBlob(store, tokensKey(broker, generation), tokens)
    await putBlob(store, detailsKey(broker, generation), details)
    await putBlob(store, CATALOGUE_KEY, catalogue)
    // A sync that began later took this one for a leftover and removed its mark.
    const isMarked = store.meta.get(markKey(broker, generation)) !== undefined
    if (!isMarked) throw new Error(OTHER_WRITER)
    const previous = liveGeneration(store, broker)
    const live: Generation = {
      generation,
      syncedAtMs: nowMs,
      rows: this.#index.rows,
      exchanges: this.#exchangeRows,
      leftOut,
      source,
      previous: previous?.generation ?? null,
    }
    await store.meta.put(`live:${broker}`, live)
    await store.root.flushed
    if (previous !== undefined && previous.previous !== null) {
      await removeGeneration(store, broker, previous.previous)
    }
    return { ...live, catalogue, tokens, details }
  }

  #numberOf(name: string): number {
    const known = this.#fresh.get(name) ?? this.#store.numbers.get(name)
    if (known !== undefined) return known
    const number = this.#next++
    if (number > NUMBER_MAX) throw new Error('all 4294967296 instrument numbers are given out')
    this.#fresh.set(name, number)
    this.#puts.push(putNew(this.#store.names, number, name))
    return number
  }
}
