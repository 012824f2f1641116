// The receiving end of a WebSocket on a plain socket, so that a bench measures the sender and not a client library:
// frames are looked at where the socket has put them, and nothing is allocated for one.
import { createHash, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { monotonicUs } from './clock.ts'

const TEXT = 1
const BINARY = 2
const CLOSE = 8
const PING = 9
const PONG = 10
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const FRAME_HEAD_MAX = 10

export interface StreamListener {
  /** Bytes have come, at this time; the frames in them follow. */
  onRead(arrivedUs: number): void
  /** One message: the bytes from `start` to `end`, good until this returns. */
  onMessage(bytes: Buffer, view: DataView, start: number, end: number, isText: boolean): void
  /** All whole frames of the read have been told. */
  onReadEnd(): void
  onClose(why: string): void
}

/** A frame as a client sends it, which must be masked; the mask is all zeros. */
function maskedFrame(opcode: number, payload: Uint8Array): Buffer {
  const length = payload.length
  const head =
    length < 126
      ? [0x80 | opcode, 0x80 | length]
      : length < 65_536
        ? [0x80 | opcode, 0x80 | 126, length >> 8, length & 0xff]
        : [0x80 | opcode, 0x80 | 127, 0, 0, 0, 0, length >>> 24, length >> 16, length >> 8, length]
  return Buffer.concat([Buffer.from(head), Buffer.alloc(4), payload])
}

export class WsStream {
  readonly #socket: Socket
  readonly #listener: StreamListener
  #bytes: Buffer
  #view: DataView
  /** Bytes at the start of the buffer that belong to a frame that has not come whole. */
  #kept = 0
  #isOpen = false
  #isClosed = false
  #onOpen: (error: Error | null) => void = () => {}

  private constructor(port: number, bufferBytes: number, listener: StreamListener) {
    this.#listener = listener
    this.#bytes = Buffer.allocUnsafeSlow(bufferBytes)
    this.#view = viewOf(this.#bytes)
    const onread = {
      // Typed as one buffer; Node also takes a function that names the next one.
      buffer: (() => this.#bytes.subarray(this.#kept)) as unknown as Uint8Array,
      callback: (count: number) => {
        this.#read(count)
        return true
      },
    }
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, onread })
    this.#socket.on('error', (error) => this.#end(error.message))
    this.#socket.on('close', () => this.#end('the connection is closed'))
  }

  /** Connects to a path; resolves when the server has upgraded. */
  static async open(
    port: number,
    path: string,
    listener: StreamListener,
    bufferBytes: number,
  ): Promise<WsStream> {
    const stream = new WsStream(port, bufferBytes, listener)
    const key = randomBytes(16).toString('base64')
    const accept = createHash('sha1')
      .update(key + GUID)
      .digest('base64')
    await new Promise<void>((resolve, reject) => {
      stream.#onOpen = (error) => (error === null ? resolve() : reject(error))
      stream.#accept = accept
      stream.#socket.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      )
    })
    return stream
  }

  #accept = ''

  send(text: string): void {
    this.#socket.write(maskedFrame(TEXT, Buffer.from(text)))
  }

  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
  }

  #end(why: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#isOpen) this.#listener.onClose(why)
    else this.#onOpen(new Error(why))
  }

  #read(count: number): void {
    const arrivedUs = monotonicUs()
    const end = this.#kept + count
    let at = 0
    if (!this.#isOpen) {
      at = this.#upgrade(end)
      if (at < 0) {
        this.#kept = end
        return
      }
    }
    this.#listener.onRead(arrivedUs)
    at = this.#frames(at, end)
    this.#listener.onReadEnd()
    this.#keep(at, end)
  }

  /** Returns the end of the answer to the upgrade, or -1 where it has not come whole. */
  #upgrade(end: number): number {
    const text = this.#bytes.toString('latin1', 0, end)
    const length = text.indexOf('\r\n\r\n')
    if (length < 0) return -1
    this.#isOpen = text.startsWith('HTTP/1.1 101') && text.includes(this.#accept)
    this.#onOpen(this.#isOpen ? null : new Error(text.slice(0, length)))
    return length + 4
  }

  /** Tells the whole frames between two places, and returns where the first that is not whole begins. */
  #frames(from: number, end: number): number {
    const bytes = this.#bytes
    let at = from
    while (end - at >= 2) {
      let length = bytes[at + 1]! & 0x7f
      let start = at + 2
      if (length === 126) {
        if (end - at < 4) break
        length = (bytes[at + 2]! << 8) | bytes[at + 3]!
        start = at + 4
      } else if (length === 127) {
        if (end - at < FRAME_HEAD_MAX) break
        length = this.#view.getUint32(at + 6)
        start = at + FRAME_HEAD_MAX
      }
      if (start + length > end) {
        this.#fit(length + FRAME_HEAD_MAX)
        break
      }
      this.#message(bytes[at]! & 0x0f, start, start + length)
      at = start + length
    }
    return at
  }

  #message(opcode: number, start: number, end: number): void {
    if (opcode === BINARY || opcode === TEXT) {
      this.#listener.onMessage(this.#bytes, this.#view, start, end, opcode === TEXT)
    } else if (opcode === PING) {
      this.#socket.write(maskedFrame(PONG, this.#bytes.subarray(start, end)))
    } else if (opcode === CLOSE) {
      const code = end - start >= 2 ? this.#view.getUint16(start) : 0
      this.#end(`${code} ${this.#bytes.toString('utf8', start + 2, end)}`)
    }
  }

  #needed = 0

  #fit(bytes: number): void {
    this.#needed = bytes
  }

  /** Moves what is not whole to the front, into a larger buffer where the frame needs one. */
  #keep(at: number, end: number): void {
    const before = this.#bytes
    this.#kept = end - at
    if (this.#needed > before.length) {
      this.#bytes = Buffer.allocUnsafeSlow(this.#needed * 2)
      this.#view = viewOf(this.#bytes)
      before.copy(this.#bytes, 0, at, end)
    } else if (this.#kept > 0 && at > 0) before.copyWithin(0, at, end)
  }
}

const viewOf = (bytes: Buffer) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
