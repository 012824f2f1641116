// The API of an engine as commands see it: answers as OpenAlgo words them, and a record of what was asked.
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Scope, temporaryFolder } from '../support/plant.ts'

export interface Answer {
  readonly status?: number
  /** Sent as JSON; the connection is cut where it is left out. */
  readonly body?: unknown
}

export interface Asked {
  readonly path: string
  readonly body: Record<string, unknown>
}

export class FakeEngine {
  readonly asked: Asked[] = []
  /** By the endpoint's name. */
  readonly answers: Record<string, Answer> = {}
  readonly dataDir: string
  readonly #server: Server

  private constructor(dataDir: string) {
    this.dataDir = dataDir
    this.#server = createServer(async (request, response) => {
      const path = request.url!.replace('/api/v1/', '')
      this.asked.push({ path, body: JSON.parse(await text(request)) })
      const { status = 200, body } = this.answers[path] ?? { status: 404, body: {} }
      if (body === undefined) request.socket.destroy()
      else
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  }

  /** Starts one that has left word in a folder of its own; it ends with the test. */
  static async start(context: Scope, answers: Record<string, Answer> = {}): Promise<FakeEngine> {
    const engine = new FakeEngine(await temporaryFolder(context))
    Object.assign(engine.answers, answers)
    engine.#server.listen(0, '127.0.0.1')
    await once(engine.#server, 'listening')
    context.after(() => engine.#server.close())
    await engine.leaveWord((engine.#server.address() as AddressInfo).port)
    return engine
  }

  /** Says that this process is an engine that listens there. */
  async leaveWord(port: number): Promise<void> {
    const http = { host: '127.0.0.1', port }
    const word = { pid: process.pid, startedAtMs: 1, websocket: http, http, apiKey: 'the key' }
    await writeFile(join(this.dataDir, 'engine.json'), JSON.stringify(word))
  }
}

export const success = (fields: object): Answer => ({ body: { ...fields, status: 'success' } })

export const refused = (
  status: number,
  error_code: string,
  message: unknown,
  more = {},
): Answer => ({
  status,
  body: { error_code, message, status: 'error', ...more },
})
