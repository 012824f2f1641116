// Loads uWebSockets.js. It is not on the registry under its own name; an installed official build wins over the
// platform packages. The types are of the part in use.
import { createRequire } from 'node:module'
import { StartError } from '../start-error.ts'

/** Text of a received message or request part; valid only until the handler returns. */
export interface WebSocketHandle<UserData> {
  /** 1 sent, 0 waiting in the socket's buffer, 2 dropped because the buffer is past its limit. */
  send(message: string | Uint8Array, isBinary: boolean, compress?: boolean): number
  end(code?: number, message?: string): void
  close(): void
  ping(message?: string): number
  getBufferedAmount(): number
  cork(send: () => void): unknown
  getUserData(): UserData
}

export interface WebSocketBehavior<UserData> {
  compression: number
  maxPayloadLength: number
  maxBackpressure: number
  idleTimeout: number
  sendPingsAutomatically: boolean
  upgrade(response: HttpResponse, request: HttpRequestHandle, context: unknown): void
  open(ws: WebSocketHandle<UserData>): void
  message(ws: WebSocketHandle<UserData>, message: ArrayBuffer, isBinary: boolean): void
  close(ws: WebSocketHandle<UserData>, code: number, message: ArrayBuffer): void
}

export interface HttpRequestHandle {
  getHeader(lowerCaseName: string): string
  getUrl(): string
  getMethod(): string
  getQuery(): string | undefined
}

export interface HttpResponse {
  writeStatus(status: string): HttpResponse
  writeHeader(name: string, value: string): HttpResponse
  end(body?: string): HttpResponse
  cork(write: () => void): HttpResponse
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): HttpResponse
  onAborted(handler: () => void): HttpResponse
  close(): HttpResponse
  getRemoteAddressAsText(): ArrayBuffer
  upgrade<UserData>(
    userData: UserData,
    key: string,
    protocol: string,
    extensions: string,
    context: unknown,
  ): void
}

export interface TemplatedApp {
  ws<UserData>(pattern: string, behavior: WebSocketBehavior<UserData>): TemplatedApp
  any(
    pattern: string,
    handler: (response: HttpResponse, request: HttpRequestHandle) => void,
  ): TemplatedApp
  listen(host: string, port: number, options: number, listening: (socket: unknown) => void): unknown
  close(): unknown
}

export interface UWebSockets {
  App(): TemplatedApp
  us_listen_socket_close(socket: unknown): void
  us_socket_local_port(socket: unknown): number
  readonly DISABLED: number
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number
}

/** Loads the library for the running Node. Throws one sentence that says how to install it. */
export function loadUWebSockets(): UWebSockets {
  const require = createRequire(import.meta.url)
  const major = process.versions.node.split('.')[0]
  const packages = ['uWebSockets.js', `@uwsjs/linux-x64-${major}`]
  for (const name of packages) {
    try {
      return require(name) as UWebSockets
    } catch {
      // The next one may be installed.
    }
  }
  throw new StartError(
    `uWebSockets.js is not installed for Node ${major} on ${process.platform}-${process.arch}: ` +
      'install the official build of uWebSockets.js beside tickplant, or use Node 20, 22, 24 or 26 on Linux x64',
  )
}

/** Listens on host and port (0: any free one) and answers with the socket and its port. Throws a sentence. */
export function listen(
  uws: UWebSockets,
  app: TemplatedApp,
  host: string,
  port: number,
  what: string,
): { socket: unknown; port: number } {
  let bound: unknown
  app.listen(host, port, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => {
    bound = socket
  })
  if (!bound) {
    throw new StartError(
      `${what}: cannot listen on ${host}:${port}; another program uses the port, or the address is not this machine's`,
    )
  }
  return { socket: bound, port: uws.us_socket_local_port(bound) }
}
