// The long-term key pair of a CURVE server (ZeroMQ RFC 26): X25519 keys of 32 bytes each, written as Z85.
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { curveKeyPair } from 'zeromq'
import { z } from 'zod'
import { withFileLock } from './file-lock.ts'
import { KeyError } from './keys.ts'
import { versionOf, writeAtomically } from './owner-file.ts'
import { decodeZ85, encodeZ85 } from './z85.ts'

/** How many bytes a CURVE key has. */
export const CURVE_KEY_BYTES = 32

/** A key pair, each key as 40 characters of Z85. */
export interface CurvePair {
  readonly publicKey: string
  readonly secretKey: string
}

const pairSchema = z.strictObject({ publicKey: z.string(), secretKey: z.string() })

/** What stands before the 32 bytes of an X25519 secret key in PKCS #8 (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex')

/**
 * The key pair that a file holds; it is made first when the file is missing. Throws a KeyError when the file is
 * damaged, holds keys of two pairs, or may be read by others.
 */
export async function serverPairOf(file: string): Promise<CurvePair> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  return withFileLock(file, async () => {
    if (versionOf(file) !== '') return readPair(file)
    const pair = curveKeyPair()
    await writeAtomically(file, `${JSON.stringify(pair, null, 2)}\n`)
    return pair
  })
}

async function readPair(file: string): Promise<CurvePair> {
  const { mode } = await stat(file)
  if ((mode & 0o077) !== 0) {
    throw new KeyError(
      'corrupt',
      `others may read or change ${file}: run chmod 600 on it, or delete it to get a new key pair if they may have`,
    )
  }
  const pair = parsePair(await readFile(file, 'utf8'))
  if (pair !== null) return pair
  throw new KeyError(
    'corrupt',
    `${file} is damaged, its publicKey and secretKey are no CURVE pair: restore it, or delete it to get a new pair`,
  )
}

function parsePair(text: string): CurvePair | null {
  try {
    const pair = pairSchema.parse(JSON.parse(text))
    return publicKeyOf(pair.secretKey) === pair.publicKey ? pair : null
  } catch {
    return null
  }
}

function publicKeyOf(secretKey: string): string | null {
  const secret = decodeZ85(secretKey)
  if (secret?.length !== CURVE_KEY_BYTES) return null
  const der = Buffer.concat([PKCS8_HEAD, secret])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
  return encodeZ85(Buffer.from(x!, 'base64url'))
}

/** Whether a text is a public key with which a secret can be shared: not so the few degenerate ones, such as 0. */
export function isPublicKey(text: string): boolean {
  const bytes = decodeZ85(text)
  if (bytes?.length !== CURVE_KEY_BYTES) return false
  const x = Buffer.from(bytes).toString('base64url')
  try {
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' })
    diffieHellman({ privateKey: generateKeyPairSync('x25519').privateKey, publicKey })
    return true
  } catch {
    return false
  }
}
