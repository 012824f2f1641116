// The API keys of this installation. A key is 256 random bits, told once; the file holds only its SHA-256.
import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { withFileLock } from './file-lock.ts'
import { digestOf, KeyRing } from './key-ring.ts'
import { versionOf, writeAtomically } from './owner-file.ts'

/** What a key may do: `read` streams and queries, `trade` places orders, `admin` manages the engine. */
export const SCOPES = ['read', 'trade', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

export type KeyErrorKind = 'invalid' | 'duplicate' | 'not-found' | 'corrupt'

/** A key could not be added, revoked or loaded; the message says why and never holds a key. */
export class KeyError extends Error {
  override readonly name = 'KeyError'
  readonly kind: KeyErrorKind

  constructor(kind: KeyErrorKind, message: string) {
    super(message)
    this.kind = kind
  }
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/
const GIVEN_KEY = /^[\x21-\x7e]{8,256}$/
const WEAK_BELOW = 32

const recordSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{8}$/),
  name: z.string().regex(NAME),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  scopes: z.array(z.enum(SCOPES)).min(1),
  createdAtMs: z.int().min(0),
})
const fileSchema = z.strictObject({ keys: z.array(recordSchema) })

export type KeyRecord = z.infer<typeof recordSchema>

export interface KeyWish {
  readonly name: string
  readonly scopes: readonly string[]
  /** A key of the user's choice instead of a random one. */
  readonly key?: string | undefined
}

export interface AddedKey {
  readonly record: KeyRecord
  /** The key itself, which is kept nowhere. */
  readonly key: string
  /** Set when the key is easy to guess. */
  readonly warning?: string
}

/** The keys of one file. Several processes may change the file; each sees the others' changes at `reload`. */
export class KeyStore {
  /** Is told of the keys that there are from now on. */
  onChange: ((records: readonly KeyRecord[]) => void) | null = null
  readonly #file: string
  readonly #ring = new KeyRing()
  #version = ''

  private constructor(file: string) {
    this.#file = file
  }

  /** Reads the keys of a file; a missing file holds none. Throws a KeyError when it is damaged. */
  static async load(file: string): Promise<KeyStore> {
    const store = new KeyStore(file)
    await store.#read()
    return store
  }

  list(): KeyRecord[] {
    return this.#ring.records
  }

  /** The record of a key, or null. */
  verify(key: string): KeyRecord | null {
    return this.#ring.verify(key)
  }

  /** Adds a key under a name of its own. Throws a KeyError: invalid or duplicate. */
  async add(wish: KeyWish): Promise<AddedKey> {
    const { name, key = randomBytes(32).toString('hex') } = wish
    checkWish(name, key)
    const scopes = checkScopes(wish.scopes)
    const sha256 = digestOf(key).toString('hex')
    const record = await this.#change((records) => {
      const same = records.find((other) => other.name === name || other.id === name)
      if (same)
        throw new KeyError(
          'duplicate',
          `there is a key named ${name} already; revoke it or choose another name`,
        )
      const twin = records.find((other) => other.sha256 === sha256)
      if (twin)
        throw new KeyError(
          'duplicate',
          `this key is in use already, as ${twin.name}; choose another key`,
        )
      const added = { id: freeId(records), name, sha256, scopes, createdAtMs: Date.now() }
      return { records: [...records, added], result: added }
    })
    if (key.length >= WEAK_BELOW) return { record, key }
    const warning = `the key has only ${key.length} characters; one of ${WEAK_BELOW} or more is hard to guess`
    return { record, key, warning }
  }

  /** Removes a key by its id or name and returns its record. Throws a KeyError: not-found. */
  async revoke(idOrName: string): Promise<KeyRecord> {
    return this.#change((records) => {
      const revoked = records.find(({ id, name }) => id === idOrName || name === idOrName)
      if (!revoked)
        throw new KeyError(
          'not-found',
          `there is no key with the id or name ${JSON.stringify(idOrName)}`,
        )
      return { records: records.filter((record) => record !== revoked), result: revoked }
    })
  }

  /** Takes over what another process wrote; true when the file had changed. A damaged file changes nothing. */
  async reload(): Promise<boolean> {
    if (versionOf(this.#file) === this.#version) return false
    await this.#read()
    return true
  }

  async #read(): Promise<void> {
    const version = versionOf(this.#file)
    this.#take(
      version === '' ? [] : parseRecords(await readFile(this.#file, 'utf8'), this.#file),
      version,
    )
  }

  #take(records: readonly KeyRecord[], version: string): void {
    this.#ring.use(records)
    this.#version = version
    this.onChange?.(records)
  }

  /** Reads, changes and writes the file while no other process does. */
  async #change<Result>(
    edit: (records: readonly KeyRecord[]) => { records: readonly KeyRecord[]; result: Result },
  ): Promise<Result> {
    await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 })
    return withFileLock(this.#file, async () => {
      await this.#read()
      const { records, result } = edit(this.list())
      await writeAtomically(this.#file, `${JSON.stringify({ keys: records }, null, 2)}\n`)
      this.#take(records, versionOf(this.#file))
      return result
    })
  }
}

function checkWish(name: string, key: string): void {
  if (!NAME.test(name)) {
    throw new KeyError(
      'invalid',
      'the name of a key must be 1 to 64 letters, digits or . _ @ -, a letter or digit first',
    )
  }
  if (!GIVEN_KEY.test(key)) {
    throw new KeyError(
      'invalid',
      'a key must be 8 to 256 printable ASCII characters without spaces',
    )
  }
}

function checkScopes(wished: readonly string[]): Scope[] {
  const scopes = SCOPES.filter((scope) => wished.includes(scope))
  const isKnown = wished.every((scope) => (SCOPES as readonly string[]).includes(scope))
  if (isKnown && scopes.length > 0) return scopes
  throw new KeyError('invalid', `the scopes of a key must be one or more of ${SCOPES.join(', ')}`)
}

/** Short, and neither an id nor a name that is taken. */
function freeId(records: readonly KeyRecord[]): string {
  let id: string
  do id = randomBytes(4).toString('hex')
  while (records.some((record) => record.id === id || record.name === id))
  return id
}

function parseRecords(text: string, file: string): KeyRecord[] {
  try {
    return fileSchema.parse(JSON.parse(text)).keys
  } catch {
    throw new KeyError(
      'corrupt',
      `${file} is damaged and was left as it is: repair it, or move it away to start without keys`,
    )
  }
}
