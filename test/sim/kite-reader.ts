// Reads Kite's frames straight from the published tables, and a client that collects them: what the simulator
// is held against. It knows nothing of the simulator's sources.
import { once } from 'node:events'
import { WebSocket } from 'ws'

type Row = readonly [name: string, offset: number]

const QUOTE_ROWS: readonly Row[] = [
  ['last', 4],
  ['lastQuantity', 8],
  ['average', 12],
  ['volume', 16],
  ['totalBuy', 20],
  ['totalSell', 24],
  ['open', 28],
  ['high', 32],
  ['low', 36],
  ['close', 40],
]
const FULL_ROWS: readonly Row[] = [
  ...QUOTE_ROWS,
  ['lastTradeTime', 44],
  ['openInterest', 48],
  ['openInterestHigh', 52],
  ['openInterestLow', 56],
  ['time', 60],
]
const INDEX_ROWS: readonly Row[] = [
  ['last', 4],
  ['high', 8],
  ['low', 12],
  ['open', 16],
  ['close', 20],
  ['change', 24],
]
const ROWS_BY_LENGTH: Readonly<Record<number, readonly Row[]>> = {
  8: [['last', 4]],
  28: INDEX_ROWS,
  32: [...INDEX_ROWS, ['time', 28]],
  44: QUOTE_ROWS,
  184: FULL_ROWS,
}
const UNSIGNED = new Set(['volume', 'totalBuy', 'totalSell', 'openInterest'])

export interface Level {
  readonly quantity: number
  readonly price: number
  readonly orders: number
}

/** One packet; prices in units of the wire, as they are. */
export interface Packet {
  readonly token: number
  readonly length: number
  readonly values: Readonly<Record<string, number>>
  readonly bids: readonly Level[]
  readonly asks: readonly Level[]
  readonly bytes: Buffer
}

/** Price units of the wire in one rupee. */
export const unitsPerRupee = (token: number) => ({ 3: 10_000_000, 6: 10_000 })[token & 255] ?? 100

function readPacket(bytes: Buffer): Packet {
  const rows = ROWS_BY_LENGTH[bytes.length]
  if (rows === undefined) throw new Error(`no packet has ${bytes.length} bytes`)
  const values = Object.fromEntries(
    rows.map(([name, offset]) => [
      name,
      UNSIGNED.has(name) ? bytes.readUInt32BE(offset) : bytes.readInt32BE(offset),
    ]),
  )
  const levels: Level[] = []
  for (let at = 64; at < bytes.length; at += 12) {
    if (bytes.readUInt16BE(at + 10) !== 0) throw new Error('padding of a depth entry is not 0')
    levels.push({
      quantity: bytes.readInt32BE(at),
      price: bytes.readInt32BE(at + 4),
      orders: bytes.readUInt16BE(at + 8),
    })
  }
  return {
    token: bytes.readUInt32BE(0),
    length: bytes.length,
    values,
    bids: levels.slice(0, 5),
    asks: levels.slice(5),
    bytes,
  }
}

/** The packets of a binary message, which they must fill to the last byte. */
export function readFrame(frame: Buffer): Packet[] {
  const packets: Packet[] = []
  let at = 2
  for (let left = frame.readUInt16BE(0); left > 0; left--) {
    const end = at + 2 + frame.readUInt16BE(at)
    packets.push(readPacket(frame.subarray(at + 2, end)))
    at = end
  }
  if (at !== frame.length) throw new Error(`${frame.length - at} bytes after the last packet`)
  return packets
}

const DEADLINE_MS = 30_000

/** Resolves when `holds` does, asked again and again; rejects with `what` after the deadline. */
export async function until(
  holds: () => boolean,
  what: string,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const endsMs = performance.now() + deadlineMs
  while (!holds()) {
    if (performance.now() > endsMs) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** A client that keeps everything it gets. */
export class FeedClient {
  readonly socket: WebSocket
  readonly packets: Packet[] = []
  readonly texts: { type: string; data: string }[] = []
  readonly frames: Buffer[] = []
  heartbeats = 0

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary) this.texts.push(JSON.parse(String(data)))
      else if (data.length === 1) this.heartbeats += 1
      else {
        this.frames.push(data)
        this.packets.push(...readFrame(data))
      }
    })
  }

  say(message: unknown): void {
    this.socket.send(JSON.stringify(message))
  }

  async packetsReach(count: number): Promise<void> {
    await until(() => this.packets.length >= count, `${count} packets, got ${this.packets.length}`)
  }

  async textsReach(count: number): Promise<void> {
    await until(() => this.texts.length >= count, `${count} texts, got ${this.texts.length}`)
  }

  /** Subscribes and takes the snapshots, one for each instrument. */
  async subscribe(tokens: readonly number[], mode = 'quote'): Promise<void> {
    const before = this.packets.length
    const snapshots = mode === 'quote' ? tokens.length : 2 * tokens.length
    this.say({ a: 'subscribe', v: tokens })
    this.say({ a: 'mode', v: [mode, tokens] })
    await this.packetsReach(before + snapshots)
  }
}

interface Door {
  readonly feedUrl: string
  readonly apiKey: string
  readonly accessToken: string
}

const address = ({ feedUrl, apiKey, accessToken }: Door) =>
  `${feedUrl}?api_key=${apiKey}&access_token=${accessToken}`

/** Connects and waits until the socket is open. */
export async function connect(door: Door): Promise<FeedClient> {
  const client = new FeedClient(new WebSocket(address(door)))
  await once(client.socket, 'open')
  return client
}

/** Tries to connect where it must not be possible; gives the HTTP status and the body. */
export async function refusal(
  door: Door,
): Promise<{ status: number; body: { error_type: string } }> {
  const socket = new WebSocket(address(door))
  socket.on('open', () => socket.emit('error', new Error('the upgrade was accepted')))
  const [, response] = await once(socket, 'unexpected-response')
  const pieces: Buffer[] = []
  for await (const piece of response) pieces.push(piece)
  return { status: response.statusCode, body: JSON.parse(Buffer.concat(pieces).toString()) }
}
