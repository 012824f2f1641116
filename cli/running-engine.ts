// Finds the engine that runs on a data folder, and talks to its admin API.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { HttpRequest } from '../adapters/broker.ts'
import { callHttp } from '../engine/auth/http.ts'
import { BAD_USAGE, CliError, FAILED, NO_ENGINE } from './command.ts'

const addressSchema = z.object({ host: z.string().min(1), port: z.int().min(1).max(65_535) })
const engineSchema = z.object({
  pid: z.int().min(1),
  startedAtMs: z.number(),
  websocket: addressSchema,
  http: addressSchema,
  apiKey: z.string().min(1),
})

/** What a running engine writes about itself to `engine.json`. */
export type RunningEngine = z.infer<typeof engineSchema>
export type Address = z.infer<typeof addressSchema>

/** Where an engine on this data folder, or its demo, may have left word. */
const ENGINE_FILES = ['engine.json', 'demo/engine.json']

/** The engine that runs on this data folder, or null. Throws a CliError when what it left is damaged. */
export async function findEngine(dataDir: string): Promise<RunningEngine | null> {
  for (const name of ENGINE_FILES) {
    const engine = await readEngine(join(dataDir, name))
    if (engine !== null && isAlive(engine.pid)) return engine
  }
  return null
}

async function readEngine(file: string): Promise<RunningEngine | null> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  try {
    return engineSchema.parse(JSON.parse(text))
  } catch {
    throw new CliError(
      FAILED,
      `${file} is damaged; delete it if no engine is running, else restart the engine`,
    )
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is alive all the same.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The place to connect to for an address that is listened on, as the host part of a URL. */
export function hostToReach({ host, port }: Address): string {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return `${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

/**
 * Calls the admin API and returns the body of a reply of status 2xx. Throws a CliError: no running engine when
 * none answers, else what the engine said.
 */
export async function adminRequest(
  engine: RunningEngine,
  method: HttpRequest['method'],
  path: string,
  body?: unknown,
): Promise<unknown> {
  const url = `http://${hostToReach(engine.http)}${path}`
  const headers = { authorization: `Bearer ${engine.apiKey}` }
  const call = { method, url, headers, ...(body === undefined ? {} : { json: body }) }
  const reply = await callHttp(call).catch((error: Error) => {
    const advice = 'delete engine.json in the data folder if no engine is running'
    throw new CliError(
      NO_ENGINE,
      `the engine of process ${engine.pid} does not answer (${error.message}); ${advice}`,
    )
  })
  const content = parseBody(reply.body)
  if (reply.status >= 200 && reply.status < 300) return content
  const said = (content as { error?: unknown } | null)?.error
  const message =
    typeof said === 'string'
      ? said
      : `the engine answered ${method} ${path} with HTTP ${reply.status}`
  throw new CliError(reply.status === 400 ? BAD_USAGE : FAILED, message)
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
