// The client of the WebSocket bench, in a thread of its own: counts frames and looks into none, so that the servers
// are measured and not a client library.
import { once } from 'node:events'
import { connect } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

const HANDSHAKE =
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
const HEAD_BYTES_MAX = 4
const NOTHING = Buffer.alloc(0)

/** Counts unmasked frames below 64 KiB in reads that end anywhere. */
class FrameCounter {
  frames = 0
  payloadBytes = 0
  /** Bytes of the present frame that are still to come. */
  #left = 0
  /** A head that a read has cut. */
  #head: Buffer = NOTHING

  take(bytes: Buffer): void {
    const from = this.#head.length > 0 ? Buffer.concat([this.#head, bytes]) : bytes
    this.#head = NOTHING
    let at = Math.min(this.#left, from.length)
    this.#left -= at
    while (at < from.length) {
      const short = from[at + 1]
      const headBytes = short === 126 ? HEAD_BYTES_MAX : 2
      if (short === undefined || from.length - at < headBytes) {
        this.#head = from.subarray(at)
        return
      }
      if (short > 126) throw new Error(`a frame of 64 KiB or more, or masked: ${short}`)
      const length = short === 126 ? from.readUInt16BE(at + 2) : short
      const end = at + headBytes + length
      this.frames += 1
      this.payloadBytes += length
      at = Math.min(end, from.length)
      this.#left = end - at
    }
  }

  get isBetweenFrames(): boolean {
    return this.#left === 0 && this.#head.length === 0
  }
}

export interface Counted {
  readonly frames: number
  readonly payloadBytes: number
}

/** Connects and answers every message, a number of frames, once so many more have come. */
async function run(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.write(HANDSHAKE)
  await once(socket, 'data')
  let counter = new FrameCounter()
  let wanted = Number.POSITIVE_INFINITY
  const report = () => {
    if (counter.frames < wanted || !counter.isBetweenFrames) return
    const { frames, payloadBytes } = counter
    parentPort!.postMessage({ frames, payloadBytes } satisfies Counted)
    counter = new FrameCounter()
    wanted = Number.POSITIVE_INFINITY
  }
  socket.on('data', (bytes) => {
    counter.take(bytes)
    report()
  })
  socket.on('close', () => {
    throw new Error(`the server closed the connection after ${counter.frames} frames`)
  })
  parentPort!.on('message', (frames: number) => {
    wanted = frames
    report()
  })
}

await run(workerData as number)
