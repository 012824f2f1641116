// Where a login is carried out: in the engine that runs the broker, or in this process, which then seals the session
// for the engine that starts next.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import type { Credentials } from '../../adapters/broker.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { callbackPathOf } from '../../engine/api/session-admin.ts'
import { callbackPage } from '../../engine/auth/callback-page.ts'
import { LoginDesk, type LoginForm } from '../../engine/auth/login-desk.ts'
import { Vault, vaultPlaceOf } from '../../engine/auth/vault.ts'
import { createLogger } from '../../engine/observe/log.ts'
import { configureBroker, keeperOf } from '../../engine/prepare.ts'
import { BAD_USAGE, CliError, FAILED } from '../command.ts'
import {
  type Address,
  adminRequest,
  findEngine,
  hostToReach,
  type RunningEngine,
} from '../running-engine.ts'

const standSchema = z.object({
  state: z.enum(['none', 'waiting', 'done', 'failed']),
  message: z.string(),
  session: z.object({ expiresAtMs: z.number().nullable() }),
})
const formSchema = z.object({
  form: z.object({
    names: z.array(z.string()),
    yields: z.string().nullable(),
    bringsState: z.boolean(),
  }),
})
const begunSchema = standSchema.extend({ url: z.string().nullable() })

export type Stand = z.infer<typeof standSchema>

export interface Door {
  form(): Promise<LoginForm>
  /** Signs in and returns null where nothing is missing, else the address of the page. */
  begin(values: Credentials): Promise<string | null>
  stand(): Promise<Stand>
  /** Makes the callback reachable and returns its address. */
  listen(): Promise<string>
  close(): Promise<void>
}

/** The door to a broker's sign-in. Throws a CliError for a broker that is not configured. */
export async function openDoor(loaded: LoadedConfig, id: string): Promise<Door> {
  const engine = await findEngine(loaded.config.data_dir)
  if (engine !== null && (await isRunning(engine, id))) return doorOfEngine(engine, id)
  return openOwnDoor(loaded, id)
}

async function isRunning(engine: RunningEngine, id: string): Promise<boolean> {
  const told = z
    .object({ sessions: z.array(z.object({ broker: z.string() })) })
    .safeParse(await adminRequest(engine, 'GET', '/admin/status'))
  if (told.success) return told.data.sessions.some(({ broker }) => broker === id)
  throw new CliError(FAILED, 'the running engine is of another version; restart it')
}

function configured(loaded: LoadedConfig, id: string) {
  const broker = loaded.config.brokers[id]
  if (broker !== undefined) return configureBroker(loaded, id, broker)
  const known = Object.keys(loaded.config.brokers).join(', ') || 'none'
  throw new CliError(
    BAD_USAGE,
    `broker ${id} is not configured; add a [brokers.${id}] table. Configured: ${known}`,
  )
}

function doorOfEngine(engine: RunningEngine, id: string): Door {
  const path = `/admin/login/${encodeURIComponent(id)}`
  const read = <Value>(schema: z.ZodType<Value>, told: unknown): Value => {
    const parsed = schema.safeParse(told)
    if (parsed.success) return parsed.data
    throw new CliError(
      FAILED,
      "the engine's answer was not understood; it may be of another version",
    )
  }
  return {
    async begin(values) {
      return read(begunSchema, await adminRequest(engine, 'POST', path, { values })).url
    },
    stand: async () => read(standSchema, await adminRequest(engine, 'GET', path)),
    form: async () => read(formSchema, await adminRequest(engine, 'GET', path)).form,
    listen: async () => callbackUrl(engine.http, id),
    close: async () => {},
  }
}

const callbackUrl = (address: Address, id: string) =>
  `http://${hostToReach(address)}${callbackPathOf(id)}`

async function openOwnDoor(loaded: LoadedConfig, id: string): Promise<Door> {
  const found = await configured(loaded, id)
  const vault = await Vault.open(vaultPlaceOf(loaded))
  // What goes wrong is told by the command.
  const keeper = keeperOf(loaded, found, createLogger({ level: 'silent' }), vault)
  await keeper.openSafe()
  const desk = new LoginDesk({ broker: found.spec, hosts: found.hosts, keeper })
  let server: Server | null = null
  return {
    form: async () => desk.form,
    async begin(values) {
      const url = await desk.begin(values)
      if (url === null) await checkSealed(vault, id)
      return url
    },
    async stand() {
      const stand = desk.status()
      if (stand.state === 'done') await checkSealed(vault, id)
      return { ...stand, session: keeper.status() }
    },
    async listen() {
      server = serveCallback(desk, callbackPathOf(id))
      const { host, port } = loaded.config.http
      return callbackUrl({ host, port: await bind(server, host, port) }, id)
    },
    async close() {
      server?.close()
      server?.closeIdleConnections()
    },
  }
}

/** This process ends: a session that is not sealed would be lost with it. */
async function checkSealed(vault: Vault, id: string): Promise<void> {
  const { session } = await vault.load(id)
  if (session?.known == null) {
    throw new CliError(FAILED, 'the session could not be sealed in the vault; is the disk full?')
  }
}

function serveCallback(desk: LoginDesk, path: string): Server {
  return createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://callback')
    if (request.method !== 'GET' || url.pathname !== path) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('there is nothing here\n')
      return
    }
    void desk.callback(url.search).then((result) => {
      const { status, type, headers, body } = callbackPage(result)
      response.writeHead(status, { ...headers, 'content-type': type, connection: 'close' })
      response.end(body)
    })
  })
}

async function bind(server: Server, host: string, port: number): Promise<number> {
  try {
    server.listen(port, host)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CliError(
      FAILED,
      `cannot listen on ${host}:${port} for the callback (${code}); free the port, or use --stdin`,
    )
  }
}
