// The symtoken store: LMDB tables in one file. Only the main thread and sync workers open it.
//
// Every write is a plain put or remove, executed by the library's own thread: a worker whose thread ends while it
// writes then leaves a prefix of its puts behind, never a transaction that nobody ends. What must be atomic is one
// put: the pointer to the live generation.
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { type Database, open, type RootDatabase } from 'lmdb'
import type { InstrumentRow, InstrumentType, Token } from '../../adapters/broker.ts'
import { Catalogue } from './catalogue.ts'
import { Details } from './details.ts'
import type { Fetched, SyncFailure } from './list-record.ts'
import { TokenIndex } from './token-index.ts'

export const STORE_FILE = 'symtoken.mdb'

/** One generation of one broker's instruments. */
export interface Generation {
  readonly generation: number
  readonly syncedAtMs: number
  readonly rows: number
  /** Rows by exchange. */
  readonly exchanges: Readonly<Record<string, number>>
  /** Rows of the list that were left out. */
  readonly leftOut: number
  /** The file's name or the URL without its query. */
  readonly source: string
  /** The generation that was live before, kept beside this one; null for the first. */
  readonly previous: number | null
}

/** A row of the store: what the broker told, and the instrument's number. */
export interface StoredInstrument extends InstrumentRow {
  readonly instrument: number
}

/** The columns of `symtoken`, in the order in which a value (a msgpack array) holds them. */
type StoredCells = [
  instrument: number,
  symbol: string,
  name: string,
  brokerSymbol: string,
  brokerExchange: string,
  segment: number,
  exchangeToken: string | null,
  expiry: string | null,
  strike: number | null,
  lotSize: number,
  instrumentType: InstrumentType,
  tickSize: number,
  freezeQuantity: number | null,
  // The key has it as text, which does not tell a number from a text of digits.
  token: Token,
]

export interface Store {
  readonly root: RootDatabase
  /**
   * `live:BROKER` → Generation; `generation:BROKER:N` → epoch ms at which generation N was begun;
   * `fetched:BROKER` → Fetched; `failure:BROKER` → SyncFailure.
   */
  readonly meta: Database<Generation | Fetched | SyncFailure | number, string>
  /** `EXCHANGE:SYMBOL` → instrument number. */
  readonly numbers: Database<number, string>
  /** Instrument number → `EXCHANGE:SYMBOL`. */
  readonly names: Database<string, number>
  /** `BROKER:GENERATION:EXCHANGE:TOKEN` → StoredCells. A token may hold colons, what is before it may not. */
  readonly symtoken: Database<StoredCells, string>
  /**
   * `catalogue`, `tokens:BROKER:GENERATION` and `details:BROKER:GENERATION` → crc32 (4 bytes, little-endian), then the
   * block.
   */
  readonly blobs: Database<Buffer, string>
}

/** Opens the store in a folder, which is made where it does not exist. Close it with `store.root.close()`. */
export function openStore(folder: string): Store {
  const root = open({
    path: join(folder, STORE_FILE),
    maxDbs: 8,
    // Puts that are batched by event turn wait for the turn to end, which that of a thread that ends never does.
    eventTurnBatching: false,
  })
  return {
    root,
    meta: root.openDB({ name: 'meta', encoding: 'msgpack' }),
    numbers: root.openDB({ name: 'numbers', encoding: 'msgpack' }),
    names: root.openDB({ name: 'names', encoding: 'string', keyEncoding: 'uint32' }),
    symtoken: root.openDB({ name: 'symtoken', encoding: 'msgpack' }),
    blobs: root.openDB({ name: 'blobs', encoding: 'binary' }),
  }
}

/**
 * Puts a value unless the key has one; resolves to whether it was put. The check is made where the write is, so it
 * holds against other threads and processes.
 */
export function putNew<Value, Key extends string | number>(
  table: Database<Value, Key>,
  key: Key,
  value: Value,
): Promise<boolean> {
  // The library's declarations know this option for `putSync` only.
  const noOverwrite = { noOverwrite: true } as unknown as number
  return table.put(key, value, noOverwrite)
}

/** Makes reads see all that is written: within one turn of the event loop they look at one snapshot. */
export function readAnew(store: Store): void {
  store.root.resetReadTxn()
}

/** A range of string keys that begin with `prefix`, which ends with a colon. */
export const keysOf = (prefix: string) => ({ start: prefix, end: `${prefix.slice(0, -1)};` })

/** What the keys of one generation's rows begin with. */
export const symtokenPrefix = (broker: string, generation: number) => `${broker}:${generation}:`
/** Under which a row of a generation is stored. */
export const symtokenKey = (broker: string, generation: number, exchange: string, token: Token) =>
  `${symtokenPrefix(broker, generation)}${exchange}:${token}`
/** Under which a generation's token index lies among the blobs. */
export const tokensKey = (broker: string, generation: number) => `tokens:${broker}:${generation}`
/** Under which a generation's details lie among the blobs. */
export const detailsKey = (broker: string, generation: number) => `details:${broker}:${generation}`
/** Under which the catalogue of all instruments lies among the blobs. */
export const CATALOGUE_KEY = 'catalogue'

/** The generation of a broker that is in use, or undefined before its first sync. */
export function liveGeneration(store: Store, broker: string): Generation | undefined {
  return store.meta.get(`live:${broker}`) as Generation | undefined
}

/** The value under which a row is stored. */
export function toCells(row: InstrumentRow, instrument: number): StoredCells {
  return [
    instrument,
    row.symbol,
    row.name,
    row.brokerSymbol,
    row.brokerExchange,
    row.segment,
    row.exchangeToken,
    row.expiry,
    row.strike,
    row.lotSize,
    row.instrumentType,
    row.tickSize,
    row.freezeQuantity,
    row.token,
  ]
}

function fromCells(exchange: string, cells: StoredCells): StoredInstrument {
  const [instrument, symbol, name, brokerSymbol, brokerExchange, segment, exchangeToken] = cells
  const [, , , , , , , expiry, strike, lotSize, instrumentType, tickSize, freezeQuantity, token] =
    cells
  return {
    instrument,
    exchange,
    symbol,
    name,
    brokerSymbol,
    brokerExchange,
    token,
    segment,
    exchangeToken,
    expiry,
    strike,
    lotSize,
    instrumentType,
    tickSize,
    freezeQuantity,
  }
}

/** The live row of a broker's token at an exchange, or undefined. */
export function readInstrument(
  store: Store,
  broker: string,
  exchange: string,
  token: Token,
): StoredInstrument | undefined {
  const live = liveGeneration(store, broker)
  if (live === undefined) return undefined
  const cells = store.symtoken.get(symtokenKey(broker, live.generation, exchange, token))
  return cells && fromCells(exchange, cells)
}

/** All live rows of a broker, by exchange and then by token as text; read as they are taken. */
export function* listInstruments(store: Store, broker: string): Generator<StoredInstrument> {
  const live = liveGeneration(store, broker)
  if (live === undefined) return
  const prefix = symtokenPrefix(broker, live.generation)
  for (const { key, value } of store.symtoken.getRange(keysOf(prefix))) {
    yield fromCells(key.slice(prefix.length, key.indexOf(':', prefix.length)), value)
  }
}

/** Stores a block with its checksum. The promise resolves once other threads can read it. */
export async function putBlob(store: Store, key: string, blob: SharedArrayBuffer): Promise<void> {
  // A copy in ordinary memory: the library cannot write from shared memory.
  const value = Buffer.alloc(4 + blob.byteLength)
  value.set(new Uint8Array(blob), 4)
  value.writeUInt32LE(crc32(value.subarray(4)), 0)
  await store.blobs.put(key, value)
}

/** Reads a block into shared memory, or null. Throws when the bytes are not those that were stored. */
export function getBlob(store: Store, key: string): SharedArrayBuffer | null {
  const value = store.blobs.getBinary(key)
  if (value === undefined) return null
  if (value.length < 4 || crc32(value.subarray(4)) !== value.readUInt32LE(0)) {
    throw new Error(`stored block ${key} is corrupt: wrong checksum; sync the instruments again`)
  }
  const blob = new SharedArrayBuffer(value.length - 4)
  new Uint8Array(blob).set(value.subarray(4))
  return blob
}

/** What threads need to look instruments up: shared blocks for `Catalogue`, `TokenIndex` and `Details`. */
export interface SymbolIndex extends Generation {
  readonly catalogue: SharedArrayBuffer
  readonly tokens: SharedArrayBuffer
  readonly details: SharedArrayBuffer
}

/**
 * Loads a broker's live index as it was stored, without a sync; null before the broker's first sync. It takes
 * milliseconds and belongs into the start of a program. Throws when the stored blocks are missing or corrupt.
 */
export function loadIndex(store: Store, broker: string): SymbolIndex | null {
  const live = liveGeneration(store, broker)
  if (live === undefined) return null
  const catalogue = getBlob(store, CATALOGUE_KEY)
  const tokens = getBlob(store, tokensKey(broker, live.generation))
  const details = getBlob(store, detailsKey(broker, live.generation))
  if (catalogue === null || tokens === null || details === null) {
    throw new Error(`the stored index of ${broker} is missing; sync the instruments again`)
  }
  const known = new Catalogue(catalogue).size
  const index = new TokenIndex(tokens)
  if (index.bound > known) {
    throw new Error(`the stored catalogue is older than the index of ${broker}; sync again`)
  }
  const described = new Details(details)
  if (described.rows !== index.rows || described.bound !== index.bound) {
    throw new Error(`the stored details of ${broker} are not those of its index; sync again`)
  }
  return { ...live, catalogue, tokens, details }
}
