import { join } from 'node:path'
import { z } from 'zod'
import { KeyError, KeyStore, type KeyWish, SCOPES } from '../engine/auth/keys.ts'
import {
  BAD_USAGE,
  CliError,
  checkFits,
  columns,
  defineCommand,
  FAILED,
  OK,
  oneOf,
  required,
} from './command.ts'
import { CONFIG_OPTION, configFor, DATA_DIR_OPTION } from './config-options.ts'
import { CURVE_ACTIONS } from './keys-curve.ts'
import { adminRequest, findEngine, type RunningEngine } from './running-engine.ts'

const keySchema = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  createdAtMs: z.number(),
})
type KeyInfo = z.infer<typeof keySchema>
const addedSchema = keySchema.extend({ key: z.string(), warning: z.string().optional() })
type AddedInfo = z.infer<typeof addedSchema>

/** The keys of an installation, wherever they are to be changed. */
interface Keys {
  add(wish: KeyWish): Promise<AddedInfo>
  list(): Promise<KeyInfo[]>
  revoke(idOrName: string): Promise<KeyInfo>
}

/** Through a running engine, so that it knows of the change at once. */
function keysOfEngine(engine: RunningEngine): Keys {
  const call = async <Shape>(shape: z.ZodType<Shape>, ...request: AdminCall): Promise<Shape> => {
    const read = shape.safeParse(await adminRequest(engine, ...request))
    if (read.success) return read.data
    throw new CliError(
      FAILED,
      `the engine's answer to ${request[0]} ${request[1]} was not understood`,
    )
  }
  return {
    add: (wish) => call(addedSchema, 'POST', '/admin/keys', wish),
    list: () => call(z.array(keySchema), 'GET', '/admin/keys'),
    revoke: (idOrName) => call(keySchema, 'DELETE', `/admin/keys/${encodeURIComponent(idOrName)}`),
  }
}
type AdminCall = [method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown]

/** In the file, where no engine runs. */
async function keysOfFile(file: string): Promise<Keys> {
  const store = await KeyStore.load(file)
  return {
    async add(wish) {
      const { record, ...added } = await store.add(wish)
      return { ...record, ...added }
    },
    list: async () => store.list(),
    revoke: (idOrName) => store.revoke(idOrName),
  }
}

/** What the words and options of the command line ask for. */
export interface Asked {
  readonly dataDir: string
  readonly word: string | undefined
  readonly key: string | undefined
  readonly scopes: readonly string[]
  readonly publicKey: string | undefined
  readonly asJson: boolean
}

export interface Action {
  /** The options that go with it, beside those that go with all. */
  readonly options: readonly string[]
  /** How many words may follow. */
  readonly wordsMax: number
  act(asked: Asked): Promise<void>
}

async function add({ dataDir, word, scopes: wished, key: given }: Asked): Promise<void> {
  const name = required('the name of the key', word)
  const keys = await openKeys(dataDir)
  const { id, scopes, key, warning } = await keys.add({ name, scopes: wished, key: given })
  // The key alone goes to stdout, so that a script can take it.
  process.stderr.write(
    `Added key ${name} (id ${id}, ${scopes.join(', ')}); it is told only once:\n`,
  )
  process.stdout.write(`${key}\n`)
  if (warning !== undefined) process.stderr.write(`Warning: ${warning}\n`)
}

async function list({ dataDir, asJson }: Asked): Promise<void> {
  const keys = await openKeys(dataDir)
  const infos = (await keys.list()).map((record) => keySchema.parse(record))
  const rows = infos.map(({ id, name, scopes, createdAtMs }) => {
    return [id, name, scopes.join(' '), new Date(createdAtMs).toISOString()]
  })
  const table = columns([['ID', 'NAME', 'SCOPES', 'CREATED'], ...rows])
  process.stdout.write(`${asJson ? JSON.stringify(infos, null, 2) : table.join('\n')}\n`)
}

async function revoke({ dataDir, word }: Asked): Promise<void> {
  const idOrName = required('the name or id of the key', word)
  const { id, name } = await (await openKeys(dataDir)).revoke(idOrName)
  process.stderr.write(`Revoked key ${name} (id ${id}).\n`)
}

async function openKeys(dataDir: string): Promise<Keys> {
  const engine = await findEngine(dataDir)
  return engine === null ? keysOfFile(join(dataDir, 'keys.json')) : keysOfEngine(engine)
}

const ACTIONS: Readonly<Record<string, Action>> = {
  add: { options: ['key', 'scope'], wordsMax: 1, act: add },
  list: { options: ['json'], wordsMax: 0, act: list },
  revoke: { options: [], wordsMax: 1, act: revoke },
}
const CURVE = 'curve'
const OPTIONS_OF_ALL = ['data-dir', 'config']

/** The action that the words name, and the words that follow. Throws a CliError when they name none. */
function actionOf([first, ...rest]: readonly string[]): [action: Action, words: string[]] {
  if (first !== CURVE) {
    return [ACTIONS[oneOf('the action', first, [...Object.keys(ACTIONS), CURVE])]!, rest]
  }
  const [name = 'show', ...words] = rest
  const names = Object.keys(CURVE_ACTIONS)
  return [CURVE_ACTIONS[oneOf('the action of curve', name, names)]!, words]
}

export const command = defineCommand({
  usage: [
    'add NAME [--key KEY] [--scope SCOPE ...]',
    'list [--json]',
    'revoke NAME|ID',
    'curve [show]',
    'curve add NAME [--public-key KEY]',
    'curve list [--json]',
    'curve revoke NAME',
  ],
  positionalsMax: 3,
  options: {
    key: { type: 'string', value: 'KEY', help: 'Add this key instead of a random one.' },
    scope: {
      type: 'string',
      multiple: true,
      value: 'SCOPE',
      help: `One of ${SCOPES.join(', ')}; may be repeated; read when absent.`,
    },
    'public-key': {
      type: 'string',
      value: 'KEY',
      help: 'Let in the client that has this CURVE public key (Z85) instead of making a pair for it.',
    },
    json: { type: 'boolean', help: 'List as a JSON array.' },
    ...DATA_DIR_OPTION,
    ...CONFIG_OPTION,
  },
  async run({ values, positionals }) {
    const [action, words] = actionOf(positionals)
    checkFits(action, OPTIONS_OF_ALL, values, words)
    const { key, scope: scopes = ['read'], 'public-key': publicKey, json: asJson = false } = values
    const { data_dir: dataDir } = configFor(values).config
    const asked = { dataDir, word: words[0], key, scopes, publicKey, asJson }
    await action.act(asked).catch((error: unknown) => {
      const isUsage = error instanceof KeyError && error.kind === 'invalid'
      throw isUsage ? new CliError(BAD_USAGE, error.message) : error
    })
    return OK
  },
})
