import type { WebSocket } from 'ws'
import { type FakeAnswer, type FakeCall, FakeServer } from './fake-server.ts'

/** The server of the broker in request-first.ts. */
export class RequestFirstServer extends FakeServer {
  readonly id = 'request_first'
  readonly module = 'request-first'
  /** How often each code that was handed out has been connected with. */
  readonly uses = new Map<string, number>()
  /** Paths of the REST calls, in their order. */
  readonly calls: string[] = []
  /** The token that opens sessions; another one is refused. */
  validToken: string
  /** Body of the next reply to a call that opens a session, instead of a URL. */
  nextReply: unknown
  readonly #modes = new Map<WebSocket, Map<string, number>>()

  constructor(accessToken: string) {
    super()
    this.validToken = accessToken
  }

  /** Sends one tick to whoever subscribed. */
  tick(segment: number, token: number, ltp: number): void {
    for (const [socket, modes] of this.#modes) {
      const mode = modes.get(`${segment}|${token}`)
      if (mode !== undefined) send(socket, [{ segment, token, mode, ltp }])
    }
  }

  protected override rest({ path, authorization }: FakeCall): FakeAnswer {
    this.calls.push(path)
    if (path === '/end-session') return { status: 404, body: { error: 'nothing to end' } }
    if (authorization !== `Bearer ${this.validToken}`) {
      return { status: 401, body: { error: `${authorization} is not valid` } }
    }
    const body = this.nextReply
    this.nextReply = undefined
    if (body !== undefined) return { status: 200, body }
    const code = `code-${this.uses.size + 1}`
    this.uses.set(code, 0)
    return { status: 200, body: { url: `${this.feedUrl}/socket?code=${code}` } }
  }

  protected override refuse(url: URL): FakeAnswer | null {
    const code = url.searchParams.get('code') ?? ''
    const used = this.uses.get(code)
    if (used !== undefined) this.uses.set(code, used + 1)
    return used === 0 ? null : { status: 403, body: { error: 'this URL was used before' } }
  }

  protected override onSocket(socket: WebSocket): void {
    const modes = new Map<string, number>()
    this.#modes.set(socket, modes)
    socket.on('close', () => this.#modes.delete(socket))
    socket.on('message', (data: Buffer, isBinary) => {
      // The brokers that this one stands for do not hear text frames.
      if (!isBinary) return
      const { method, keys } = JSON.parse(data.toString()) as { method: string; keys: string[] }
      const packets = keys.map((key) => {
        const [segment, token, mode] = key.split('|').map(Number) as [number, number, number]
        return { segment, token, mode, ltp: 1 }
      })
      for (const { segment, token, mode } of packets) {
        if (method === 'sub') modes.set(`${segment}|${token}`, mode)
        else modes.delete(`${segment}|${token}`)
      }
      if (method === 'sub') send(socket, packets)
    })
  }
}

function send(socket: WebSocket, packets: readonly object[]): void {
  socket.send(Buffer.from(JSON.stringify(packets)))
}
