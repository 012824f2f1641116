// The word that a running engine leaves for commands of the same user on the same machine: where it listens, and a
// key that lives as long as it does.
import { randomBytes } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from './auth/key-ring.ts'
import type { KeyRecord } from './auth/keys.ts'
import { StartError } from './start-error.ts'

const FILE = 'engine.json'

export interface LocalKey {
  readonly key: string
  /** The record under which the key is known. */
  readonly record: KeyRecord
}

/** Makes a key of scopes read, trade and admin that is kept nowhere but in memory and in the engine's file. */
export function createLocalKey(nowMs: number): LocalKey {
  const key = randomBytes(32).toString('hex')
  const record: KeyRecord = {
    id: 'local',
    name: 'local',
    sha256: digestOf(key).toString('hex'),
    scopes: ['read', 'trade', 'admin'],
    createdAtMs: nowMs,
  }
  return { key, record }
}

export interface EngineWord {
  readonly pid: number
  readonly startedAtMs: number
  readonly websocket: { readonly host: string; readonly port: number }
  readonly http: { readonly host: string; readonly port: number }
  readonly zeromq: {
    readonly ticks: readonly string[]
    readonly batches: readonly string[]
    readonly format: 'msgpack' | 'json'
    readonly curvePublicKey: string | null
  } | null
  readonly apiKey: string
}

/** Leaves word in the data folder, readable only by this user; returns how to take it back. */
export async function leaveWord(dataDir: string, word: EngineWord): Promise<() => Promise<void>> {
  const file = join(dataDir, FILE)
  await rm(file, { force: true })
  await writeFile(file, `${JSON.stringify(word, null, 2)}\n`, { mode: 0o600 })
  return () => rm(file, { force: true })
}

/** Throws when an engine already runs on this data folder: two would hand out the same seq twice. */
export async function refuseSecondEngine(dataDir: string): Promise<void> {
  const text = await readFile(join(dataDir, FILE), 'utf8').catch(() => '{}')
  const pid = /"pid": (\d+)/.exec(text)?.[1]
  if (pid === undefined || Number(pid) === process.pid) return
  try {
    process.kill(Number(pid), 0)
  } catch {
    return
  }
  throw new StartError(
    `an engine runs on ${dataDir} already (process ${pid}); stop it, or choose another data_dir`,
  )
}
