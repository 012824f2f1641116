// A WebSocket client on a bare socket, for tests of what `ws` hides: how frames lie in reads, and what becomes of a
// client that stops reading.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Scope, until } from './plant.ts'

const HANDSHAKE =
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
const MASK = Buffer.from([1, 2, 3, 4])
export const TEXT = 1
export const CLOSE = 8
export const PING = 9
export const PONG = 10

export interface RawFrame {
  readonly isFinal: boolean
  readonly opcode: number
  readonly isMasked: boolean
  /** Bytes of the length after the first one: 0, 2 or 8. */
  readonly lengthBytes: number
  readonly payload: Buffer
  /** Number of the read in which the frame began, from 0. */
  readonly read: number
}

export class RawClient {
  readonly frames: RawFrame[] = []
  /** The answer to the handshake, as one read. */
  handshake = ''
  isClosed = false
  readonly socket: Socket
  #reads = 0
  #rest = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('close', () => {
      this.isClosed = true
    })
    socket.on('error', () => {})
  }

  /** Connects and upgrades; the connection ends with the test. */
  static async connect(context: Scope, port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1')
    const client = new RawClient(socket)
    context.after(() => socket.destroy())
    socket.write(HANDSHAKE)
    const [first] = (await once(socket, 'data')) as [Buffer]
    client.handshake = first.toString()
    socket.on('data', (bytes: Buffer) => client.#onRead(bytes))
    return client
  }

  /** Sends one frame with a payload below 126 bytes, or below 64 KiB. */
  send(opcode: number, payload: string): void {
    const bytes = Buffer.from(payload)
    const isShort = bytes.length < 126
    const head = Buffer.from([0x80 | opcode, 0x80 | (isShort ? bytes.length : 126)])
    const length = Buffer.alloc(isShort ? 0 : 2)
    if (!isShort) length.writeUInt16BE(bytes.length)
    const masked = bytes.map((byte, at) => byte ^ MASK[at % 4]!)
    this.socket.write(Buffer.concat([head, length, MASK, masked]))
  }

  /** Sends a request and resolves with the next text frame. */
  async ask(message: object): Promise<string> {
    const before = this.frames.length
    this.send(TEXT, JSON.stringify(message))
    const frame = await until('a text frame', () =>
      this.frames.slice(before).find(({ opcode }) => opcode === TEXT),
    )
    return frame.payload.toString()
  }

  #onRead(bytes: Buffer): void {
    const read = this.#reads
    this.#reads += 1
    this.#rest = Buffer.concat([this.#rest, bytes])
    for (let frame = readFrame(this.#rest, read); frame; frame = readFrame(this.#rest, read)) {
      this.frames.push(frame)
      this.#rest = this.#rest.subarray(2 + frame.lengthBytes + frame.payload.length)
    }
  }
}

/** The frame at the start of `bytes`, unmasked as a server sends it, or null when it is not all there. */
function readFrame(bytes: Buffer, read: number): RawFrame | null {
  if (bytes.length < 2) return null
  const short = bytes[1]! & 0x7f
  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0
  const start = 2 + lengthBytes
  if (bytes.length < start) return null
  let length = short
  if (lengthBytes === 2) length = bytes.readUInt16BE(2)
  else if (lengthBytes === 8) length = Number(bytes.readBigUInt64BE(2))
  if (bytes.length < start + length) return null
  return {
    isFinal: (bytes[0]! & 0x80) !== 0,
    opcode: bytes[0]! & 0x0f,
    isMasked: (bytes[1]! & 0x80) !== 0,
    lengthBytes,
    payload: bytes.subarray(start, start + length),
    read,
  }
}
