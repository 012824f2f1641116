// The keys of ZeroMQ clients. They are changed in the files also while an engine runs, which notices by itself.
import { CurveStore } from '../engine/auth/curve.ts'
import { columns, required } from './command.ts'
import type { Action, Asked } from './keys.ts'

async function show({ dataDir }: Asked): Promise<void> {
  const { publicKey } = await CurveStore.load(dataDir).serverPair()
  process.stdout.write(`${publicKey}\n`)
}

async function add({ dataDir, word, publicKey: given }: Asked): Promise<void> {
  const name = required('the name of the client', word)
  const store = CurveStore.load(dataDir)
  const { client, secretKey } = await store.add({ name, publicKey: given })
  const { publicKey: serverPublicKey } = await store.serverPair()
  const once = secretKey === undefined ? '' : '; its secret key is told only once'
  // The keys alone go to stdout, so that a client can keep them in a file.
  process.stderr.write(`Added CURVE client ${name}${once}:\n`)
  const keys = { serverPublicKey, publicKey: client.publicKey, secretKey }
  process.stdout.write(`${JSON.stringify(keys, null, 2)}\n`)
}

async function list({ dataDir, asJson }: Asked): Promise<void> {
  const clients = CurveStore.load(dataDir).list()
  const rows = clients.map(({ name, publicKey, createdAtMs }) => {
    return [name, publicKey, new Date(createdAtMs).toISOString()]
  })
  const table = columns([['NAME', 'PUBLIC KEY', 'CREATED'], ...rows])
  process.stdout.write(`${asJson ? JSON.stringify(clients, null, 2) : table.join('\n')}\n`)
}

async function revoke({ dataDir, word }: Asked): Promise<void> {
  const { name } = await CurveStore.load(dataDir).revoke(required('the name of the client', word))
  process.stderr.write(
    `Revoked CURVE client ${name}: it cannot connect again; a restart of the engine ends a live connection.\n`,
  )
}

/** What `keys curve` does, by the word that follows; alone it tells the public key of the server. */
export const CURVE_ACTIONS: Readonly<Record<string, Action>> = {
  show: { options: [], wordsMax: 0, act: show },
  add: { options: ['public-key'], wordsMax: 1, act: add },
  list: { options: ['json'], wordsMax: 0, act: list },
  revoke: { options: [], wordsMax: 1, act: revoke },
}
