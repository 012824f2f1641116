import { join } from 'node:path'
import { z } from 'zod'
import { KeyError, KeyStore, type KeyWish, SCOPES } from '../engine/auth/keys.ts'
import { BAD_USAGE, CliError, columns, defineCommand, FAILED, OK, oneOf } from './command.ts'
import { CONFIG_OPTION, configFor } from './config-options.ts'
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
interface Asked {
  readonly word: string | undefined
  readonly key: string | undefined
  readonly scopes: readonly string[]
  readonly asJson: boolean
}

async function add(keys: Keys, { word, scopes: wished, key: given }: Asked): Promise<void> {
  const added = await keys.add({ name: required(word, 'name'), scopes: wished, key: given })
  const { id, name, scopes, key, warning } = added
  // The key alone goes to stdout, so that a script can take it.
  process.stderr.write(
    `Added key ${name} (id ${id}, ${scopes.join(', ')}); it is told only once:\n`,
  )
  process.stdout.write(`${key}\n`)
  if (warning !== undefined) process.stderr.write(`Warning: ${warning}\n`)
}

async function list(keys: Keys, { word, asJson }: Asked): Promise<void> {
  if (word !== undefined) throw new CliError(BAD_USAGE, 'list takes no name; it lists all keys')
  const infos = (await keys.list()).map((record) => keySchema.parse(record))
  const rows = infos.map(({ id, name, scopes, createdAtMs }) => {
    return [id, name, scopes.join(' '), new Date(createdAtMs).toISOString()]
  })
  const table = columns([['ID', 'NAME', 'SCOPES', 'CREATED'], ...rows])
  process.stdout.write(`${asJson ? JSON.stringify(infos, null, 2) : table.join('\n')}\n`)
}

async function revoke(keys: Keys, { word }: Asked): Promise<void> {
  const { id, name } = await keys.revoke(required(word, 'name or id'))
  process.stderr.write(`Revoked key ${name} (id ${id}).\n`)
}

const ACTIONS: Readonly<Record<string, (keys: Keys, asked: Asked) => Promise<void>>> = {
  add,
  list,
  revoke,
}

function required(word: string | undefined, what: string): string {
  if (word !== undefined) return word
  throw new CliError(BAD_USAGE, `the ${what} of the key is missing; --help shows the usage`)
}

async function openKeys(dataDir: string): Promise<Keys> {
  const engine = await findEngine(dataDir)
  return engine === null ? keysOfFile(join(dataDir, 'keys.json')) : keysOfEngine(engine)
}

export const command = defineCommand({
  usage: ['add NAME [--key KEY] [--scope SCOPE ...]', 'list [--json]', 'revoke NAME|ID'],
  positionalsMax: 2,
  options: {
    key: { type: 'string', value: 'KEY', help: 'Add this key instead of a random one.' },
    scope: {
      type: 'string',
      multiple: true,
      value: 'SCOPE',
      help: `One of ${SCOPES.join(', ')}; may be repeated; read when absent.`,
    },
    json: { type: 'boolean', help: 'List as a JSON array.' },
    'data-dir': {
      type: 'string',
      value: 'FOLDER',
      help: 'Data folder instead of the configured one.',
    },
    ...CONFIG_OPTION,
  },
  async run({ values, positionals: [action, word] }) {
    const act = ACTIONS[oneOf('the action', action, Object.keys(ACTIONS))]!
    const { key, scope: scopes = ['read'], json: asJson = false } = values
    const keys = await openKeys(configFor(values).config.data_dir)
    await act(keys, { word, key, scopes, asJson }).catch((error: unknown) => {
      const isUsage = error instanceof KeyError && error.kind === 'invalid'
      throw isUsage ? new CliError(BAD_USAGE, error.message) : error
    })
    return OK
  },
})
