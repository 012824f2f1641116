// Who may connect to the ZeroMQ sockets: the public keys of the clients, and the key pair of the server.
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { curveKeyPair } from 'zeromq'
import { z } from 'zod'
import { CURVE_KEY_BYTES, type CurvePair, isPublicKey, serverPairOf } from './curve-pair.ts'
import { withFileLock } from './file-lock.ts'
import { KeyError } from './keys.ts'
import { versionOf, writeAtomically } from './owner-file.ts'
import { encodeZ85 } from './z85.ts'

const SERVER_FILE = 'curve.key'
const CLIENTS_FILE = 'curve-clients.json'
/** Shorter than a key in Z85, so that no name is a key. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,31}$/
/** Keeps a file that is read between ticks small. */
const CLIENTS_MAX = 128

const clientSchema = z.strictObject({
  name: z.string().regex(NAME),
  publicKey: z.string().regex(/^[0-9a-zA-Z.:+=^!/*?&<>()[\]{}@%$#-]{40}$/),
  createdAtMs: z.int().min(0),
})
const fileSchema = z.strictObject({ clients: z.array(clientSchema).max(CLIENTS_MAX) })

/** A client that may connect: its public key as 40 characters of Z85. */
export type CurveClient = z.infer<typeof clientSchema>

export interface CurveWish {
  readonly name: string
  /** The key of a pair that the client made itself; a pair is made for it when absent. */
  readonly publicKey?: string | undefined
}

export interface AddedClient {
  readonly client: CurveClient
  /** Of the pair that was made, which is kept nowhere. */
  readonly secretKey?: string
}

/**
 * The CURVE keys of one data folder. Several processes may change its files; `allows` notices by itself what the
 * others wrote, the other operations read anew.
 */
export class CurveStore {
  readonly #serverFile: string
  readonly #clientsFile: string
  #clients: readonly CurveClient[] = []
  #allowed: ReadonlySet<string> = new Set()
  #version = ''

  private constructor(dataDir: string) {
    this.#serverFile = join(dataDir, SERVER_FILE)
    this.#clientsFile = join(dataDir, CLIENTS_FILE)
  }

  /** Reads the clients of a data folder; a missing file holds none. Throws a KeyError when it is damaged. */
  static load(dataDir: string): CurveStore {
    const store = new CurveStore(dataDir)
    store.reload()
    return store
  }

  /**
   * The key pair of the server, made first when there is none. Throws a KeyError when its file is damaged or may be
   * read by others.
   */
  serverPair(): Promise<CurvePair> {
    return serverPairOf(this.#serverFile)
  }

  list(): readonly CurveClient[] {
    this.reload()
    return this.#clients
  }

  /**
   * Whether the client of a public key (32 bytes) may connect, by the file as it now is: one system call and a look-up.
   * Throws a KeyError when the file is damaged, since it cannot be known then who was revoked.
   */
  allows(publicKey: Uint8Array): boolean {
    this.reload()
    return publicKey.length === CURVE_KEY_BYTES && this.#allowed.has(encodeZ85(publicKey))
  }

  /** Adds a client under a name of its own. Throws a KeyError: invalid or duplicate. */
  async add({ name, publicKey: given }: CurveWish): Promise<AddedClient> {
    const server = await this.serverPair()
    checkWish(name, given, server.publicKey)
    const { publicKey, ...made } = given === undefined ? curveKeyPair() : { publicKey: given }
    const client = { name, publicKey, createdAtMs: Date.now() }
    return this.#change((clients) => {
      checkAgainst(clients, client)
      return { clients: [...clients, client], result: { client, ...made } }
    })
  }

  /** Removes a client by its name or public key and returns it. Throws a KeyError: not-found. */
  async revoke(nameOrKey: string): Promise<CurveClient> {
    return this.#change((clients) => {
      const revoked = clients.find((client) => {
        return client.name === nameOrKey || client.publicKey === nameOrKey
      })
      if (!revoked)
        throw new KeyError(
          'not-found',
          `there is no CURVE client with the name or public key ${JSON.stringify(nameOrKey)}`,
        )
      return { clients: clients.filter((client) => client !== revoked), result: revoked }
    })
  }

  /** Takes over what another process wrote. Throws a KeyError when the file is damaged, and changes nothing then. */
  reload(): void {
    const version = versionOf(this.#clientsFile)
    if (version === this.#version) return
    this.#take(version === '' ? [] : readClients(this.#clientsFile), version)
  }

  #take(clients: readonly CurveClient[], version: string): void {
    this.#clients = clients
    this.#allowed = new Set(clients.map(({ publicKey }) => publicKey))
    this.#version = version
  }

  /** Reads, changes and writes the file while no other process does. */
  async #change<Result>(
    edit: (clients: readonly CurveClient[]) => {
      clients: readonly CurveClient[]
      result: Result
    },
  ): Promise<Result> {
    const file = this.#clientsFile
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    return withFileLock(file, async () => {
      const { clients, result } = edit(this.list())
      await writeAtomically(file, `${JSON.stringify({ clients }, null, 2)}\n`)
      this.#take(clients, versionOf(file))
      return result
    })
  }
}

function checkWish(name: string, publicKey: string | undefined, serverKey: string): void {
  if (!NAME.test(name)) {
    throw new KeyError(
      'invalid',
      'the name of a CURVE client must be 1 to 32 letters, digits or . _ @ -, a letter or digit first',
    )
  }
  if (publicKey === undefined) return
  if (!isPublicKey(publicKey)) {
    throw new KeyError(
      'invalid',
      'the public key must be a CURVE public key in Z85, 40 characters; quote it in single quotes in a shell',
    )
  }
  if (publicKey === serverKey) {
    throw new KeyError(
      'invalid',
      'the public key is that of the server; give the public key of the client',
    )
  }
}

function checkAgainst(clients: readonly CurveClient[], { name, publicKey }: CurveClient): void {
  if (clients.some((other) => other.name === name)) {
    throw new KeyError(
      'duplicate',
      `there is a CURVE client named ${name} already; revoke it or choose another name`,
    )
  }
  const twin = clients.find((other) => other.publicKey === publicKey)
  if (twin) {
    throw new KeyError(
      'duplicate',
      `this public key is in use already, as ${twin.name}; give each client a pair of its own`,
    )
  }
  if (clients.length >= CLIENTS_MAX)
    throw new KeyError(
      'invalid',
      `there are ${CLIENTS_MAX} CURVE clients already; revoke one first`,
    )
}

function readClients(file: string): CurveClient[] {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).clients
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw error
    throw new KeyError(
      'corrupt',
      `${file} is damaged and was left as it is: repair it, or move it away to start without CURVE clients`,
    )
  }
}
