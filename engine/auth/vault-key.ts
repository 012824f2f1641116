// The key of the vault: 256 bits, from the environment or from a file that only its owner may read.
import { createHash, randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { writeAtomically } from './owner-file.ts'

export type VaultErrorKind =
  /** The key is missing or cannot be used. */
  | 'key'
  /** The vault was sealed with another key. */
  | 'wrong-key'
  /** Others may read the file. */
  | 'mode'
  /** Its bytes are not those that were written. */
  | 'damaged'
  | 'missing'

/** The vault cannot be opened or changed. The message says what to do, and never holds a key or a secret. */
export class VaultError extends Error {
  override readonly name = 'VaultError'
  readonly kind: VaultErrorKind

  constructor(kind: VaultErrorKind, message: string) {
    super(message)
    this.kind = kind
  }
}

export const KEY_ID_BYTES = 8
const KEY_BYTES = 32
const KEY_TEXT = /^[0-9a-f]{64}$/i

export interface VaultKey {
  readonly bytes: Buffer
  /** Tells two keys apart without telling them. */
  readonly id: Buffer
  /** Where it comes from, for people. */
  readonly place: string
}

function keyOf(bytes: Buffer, place: string): VaultKey {
  const digest = createHash('sha256').update('tickplant vault key').update(bytes).digest()
  return { bytes, place, id: digest.subarray(0, KEY_ID_BYTES) }
}

/** A new random key, which is in no file yet. */
export function newKey(place: string): VaultKey {
  return keyOf(randomBytes(KEY_BYTES), place)
}

/** A key from its text. Throws a VaultError that names the place. */
export function parseKey(text: string, place: string): VaultKey {
  const trimmed = text.trim()
  if (KEY_TEXT.test(trimmed)) return keyOf(Buffer.from(trimmed, 'hex'), place)
  throw new VaultError(
    'key',
    `${place} must hold a key of 64 hexadecimal digits, such as \`openssl rand -hex 32\` makes`,
  )
}

/** Throws a VaultError when others than its owner may read or change a file. */
export async function checkMode(file: string): Promise<void> {
  const { mode } = await stat(file)
  if ((mode & 0o077) === 0) return
  throw new VaultError('mode', `others may read or change ${file}: run chmod 600 on it`)
}

/** The key in a file, or null when there is no such file. Throws a VaultError. */
export async function readKeyFile(file: string): Promise<VaultKey | null> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  await checkMode(file)
  return parseKey(text, file)
}

/** Keeps a key in a file of mode 0600, such that a crash leaves all of it or nothing. */
export async function writeKeyFile(file: string, { bytes }: VaultKey): Promise<void> {
  await writeAtomically(file, `${bytes.toString('hex')}\n`)
}
