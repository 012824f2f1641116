// Where sessions and the secrets of logins outlive the process: one file, sealed with AES-256-GCM.
//
//   8 bytes  TPVAULT1        as it is, and authenticated
//   8 bytes  id of the key   as it is, and authenticated
//  12 bytes  IV, random for every write
//   n bytes  JSON, encrypted
//  16 bytes  tag
//
// The file is only ever replaced whole, and a key is on the disk before anything is sealed with it. A new key waits as
// KEY_FILE.next until the vault is sealed with it: whoever finds the vault sealed with that one puts it in its place,
// and whoever finds it not used drops it. So a crash at any moment leaves a vault that opens.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { VAULT_KEY_VARIABLE } from '../../config/sources.ts'
import { withFileLock } from './file-lock.ts'
import { syncFolder, versionOf, writeAtomically } from './owner-file.ts'
import { type Sealed, type SessionSafe, sealedSchema } from './session-safe.ts'
import {
  checkMode,
  KEY_ID_BYTES,
  newKey,
  parseKey,
  readKeyFile,
  VaultError,
  type VaultKey,
  writeKeyFile,
} from './vault-key.ts'

const MAGIC = Buffer.from('TPVAULT1')
const HEAD_BYTES = MAGIC.length + KEY_ID_BYTES
const IV_BYTES = 12
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'

const contentSchema = z.strictObject({ brokers: z.record(z.string(), sealedSchema) })
type Content = z.infer<typeof contentSchema>
const EMPTY: Content = { brokers: {} }

export interface VaultPlace {
  readonly file: string
  readonly keyFile: string
  /** The key as the environment has it, which wins over the file; null where it has none. */
  readonly keyText: string | null
}

/** Where the vault of a configuration is. */
export function vaultPlaceOf({ config, vaultKey }: VaultConfig): VaultPlace {
  const { data_dir: folder, vault } = config
  return {
    file: join(folder, 'vault'),
    keyFile: vault.key_file === '' ? join(folder, 'vault.key') : vault.key_file,
    keyText: vaultKey ?? null,
  }
}
interface VaultConfig {
  readonly config: { readonly data_dir: string; readonly vault: { readonly key_file: string } }
  readonly vaultKey?: string
}

export interface VaultStatus {
  readonly file: string
  /** Where the key comes from. */
  readonly keyPlace: string
  /** Tells two keys apart; null before the first one is made. */
  readonly keyId: string | null
  readonly brokers: readonly {
    readonly broker: string
    /** Null: no session, or one that is over. */
    readonly signedInAtMs: number | null
    readonly expiresAtMs: number | null
    /** Names of the credentials that are sealed. */
    readonly credentials: readonly string[]
  }[]
}

/** Several processes may use the same vault; each use reads what is there now. */
export class Vault implements SessionSafe {
  readonly #place: VaultPlace

  private constructor(place: VaultPlace) {
    this.#place = place
  }

  /** Makes sure that what is there can be opened, and makes nothing. Throws a VaultError. */
  static async open(place: VaultPlace): Promise<Vault> {
    const vault = new Vault(place)
    await vault.#locked(() => vault.#read())
    return vault
  }

  async load(broker: string): Promise<Sealed> {
    const { content } = await this.#locked(() => this.#read())
    return content.brokers[broker] ?? { session: null, secrets: {} }
  }

  async save(broker: string, sealed: Sealed): Promise<void> {
    await this.#locked(async () => {
      const { key, content } = await this.#read()
      const brokers = { ...content.brokers, [broker]: sealed }
      await this.#write(key ?? (await this.#makeKey()), { brokers })
    })
  }

  async status(): Promise<VaultStatus> {
    const { key, content } = await this.#locked(() => this.#read())
    const { file, keyFile, keyText } = this.#place
    return {
      file,
      keyPlace: keyText === null ? keyFile : `${VAULT_KEY_VARIABLE} of the environment`,
      keyId: key?.id.toString('hex') ?? null,
      brokers: Object.entries(content.brokers).map(([broker, { session, secrets }]) => ({
        broker,
        signedInAtMs: session?.known == null ? null : session.signedInAtMs,
        expiresAtMs: session?.known == null ? null : session.expiresAtMs,
        credentials: Object.keys(secrets),
      })),
    }
  }

  /**
   * Seals everything with another key: a random one that takes the place of the key file, or, where the key is in the
   * environment, the one given, which has to be put there afterwards. Returns the ids of both. Throws a VaultError.
   */
  async rotate(keyText: string | null): Promise<{ from: string; to: string }> {
    const { file, keyFile, keyText: isGiven } = this.#place
    if ((isGiven === null) !== (keyText === null)) {
      throw new VaultError(
        'key',
        isGiven === null
          ? `the key is in ${keyFile}, where a new one is made; none is to be given`
          : `the key is in ${VAULT_KEY_VARIABLE}: give the new one, 64 hexadecimal digits, on standard input`,
      )
    }
    return this.#locked(async () => {
      const { key, content } = await this.#read()
      if (key === null || versionOf(file) === '') {
        throw new VaultError(
          'missing',
          `there is no vault at ${file} yet: the first login makes it`,
        )
      }
      const next = keyText === null ? newKey(keyFile) : parseKey(keyText, 'the new key')
      if (keyText === null) await writeKeyFile(nextOf(keyFile), next)
      await this.#write(next, content)
      if (keyText === null) await rename(nextOf(keyFile), keyFile)
      await syncFolder(dirname(keyFile))
      return { from: key.id.toString('hex'), to: next.id.toString('hex') }
    })
  }

  /** What is there, and the key that opens it; no key where there is neither. */
  async #read(): Promise<{ key: VaultKey | null; content: Content }> {
    const { file } = this.#place
    if (versionOf(file) === '') return { key: await this.#givenKey(), content: EMPTY }
    await checkMode(file)
    const sealed = await readFile(file)
    const key = await this.#keyFor(sealed)
    return { key, content: unseal(sealed, key, file) }
  }

  async #givenKey(): Promise<VaultKey | null> {
    const { keyFile, keyText } = this.#place
    if (keyText !== null) return parseKey(keyText, `${VAULT_KEY_VARIABLE} of the environment`)
    return readKeyFile(keyFile)
  }

  async #keyFor(sealed: Buffer): Promise<VaultKey> {
    const { file, keyFile, keyText } = this.#place
    const id = keyIdOf(sealed, file)
    const next = keyText === null ? await readKeyFile(nextOf(keyFile)) : null
    if (next?.id.equals(id)) {
      await rename(nextOf(keyFile), keyFile)
      return { ...next, place: keyFile }
    }
    const given = await this.#givenKey()
    if (given === null) {
      throw new VaultError(
        'key',
        `the key of ${file} is not there: restore ${keyFile} or set ${VAULT_KEY_VARIABLE}, ` +
          'or delete the vault and sign in again',
      )
    }
    if (!given.id.equals(id)) {
      const [theirs, ours] = [id.toString('hex'), given.id.toString('hex')]
      throw new VaultError(
        'wrong-key',
        `${file} was sealed with another key (id ${theirs}) than that of ${given.place} (id ${ours}): ` +
          'give the right one, or delete the vault and sign in again',
      )
    }
    if (next !== null) await rm(nextOf(keyFile), { force: true })
    return given
  }

  async #makeKey(): Promise<VaultKey> {
    const { keyFile } = this.#place
    await mkdir(dirname(keyFile), { recursive: true, mode: 0o700 })
    const key = newKey(keyFile)
    await writeKeyFile(keyFile, key)
    return key
  }

  async #write(key: VaultKey, content: Content): Promise<void> {
    await writeAtomically(this.#place.file, seal(content, key))
  }

  async #locked<Result>(work: () => Promise<Result>): Promise<Result> {
    const { file } = this.#place
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    return withFileLock(file, work)
  }
}

const nextOf = (keyFile: string) => `${keyFile}.next`

function seal(content: Content, key: VaultKey): Buffer {
  const head = Buffer.concat([MAGIC, key.id])
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(CIPHER, key.bytes, iv)
  cipher.setAAD(head)
  const text = cipher.update(JSON.stringify(content), 'utf8')
  return Buffer.concat([head, iv, text, cipher.final(), cipher.getAuthTag()])
}

function damaged(file: string): VaultError {
  return new VaultError(
    'damaged',
    `${file} is damaged or was changed, and is left as it is: restore it, or delete it and sign in again`,
  )
}

function keyIdOf(sealed: Buffer, file: string): Buffer {
  const isVault =
    sealed.length >= HEAD_BYTES + IV_BYTES + TAG_BYTES &&
    sealed.subarray(0, MAGIC.length).equals(MAGIC)
  if (!isVault) throw damaged(file)
  return sealed.subarray(MAGIC.length, HEAD_BYTES)
}

function unseal(sealed: Buffer, key: VaultKey, file: string): Content {
  const textAt = HEAD_BYTES + IV_BYTES
  const tagAt = sealed.length - TAG_BYTES
  try {
    const iv = sealed.subarray(HEAD_BYTES, textAt)
    const decipher = createDecipheriv(CIPHER, key.bytes, iv, { authTagLength: TAG_BYTES })
    decipher.setAAD(sealed.subarray(0, HEAD_BYTES))
    decipher.setAuthTag(sealed.subarray(tagAt))
    const text = Buffer.concat([
      decipher.update(sealed.subarray(textAt, tagAt)),
      // Nothing is read of a text whose tag does not fit.
      decipher.final(),
    ])
    return contentSchema.parse(JSON.parse(text.toString()))
  } catch {
    throw damaged(file)
  }
}
