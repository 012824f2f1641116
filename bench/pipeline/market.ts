// The instruments of the pipeline bench and their quote packets, ready to be sent: real names of every segment, and
// frames that only want a number.
import { Exchange } from '../../sim/exchange.ts'
import { INDEX } from '../../sim/instruments.ts'
import { csvChunks } from '../../sim/kite-csv.ts'
import { newFrame, packetBytes, QUOTE, writePacket } from '../../sim/kite-wire.ts'
import { listInstruments } from '../../sim/listing.ts'

export const INSTRUMENTS = 500
const LISTED = 1000
const LISTED_ON = '2026-08-20'
const AT_MS = Date.parse(`${LISTED_ON}T09:15:00+05:30`)
const SEED = 1

/** Bytes before the first packet of a frame, and before each packet. */
const FRAME_HEAD = 2
const PACKET_HEAD = 2
const QUOTE_BYTES = 44
/** Where the traded volume stands in a packet: the bench writes the number of the frame there. */
const VOLUME_AT = 16

const table = listInstruments(SEED, LISTED_ON, LISTED)
const rows = Array.from({ length: table.length }, (_, row) => row)
  .filter((row) => table.kind(row) !== INDEX)
  .slice(0, INSTRUMENTS)

/** The tokens that are sent, in the order in which they come round. */
export const tokens: readonly number[] = rows.map((row) => table.token(row))

/** The broker's instrument list, which holds these and more. */
export const masterCsv = (): string => [...csvChunks(table)].join('')

/** The frames of one round: all instruments once, so many in each. */
export function quoteFrames(packets: number): Buffer[] {
  if (INSTRUMENTS % packets !== 0) throw new RangeError(`${packets} packets do not divide a round`)
  const exchange = new Exchange(table, SEED)
  const frames: Buffer[] = []
  for (let first = 0; first < INSTRUMENTS; first += packets) {
    const frame = newFrame(packets, packets * (PACKET_HEAD + QUOTE_BYTES))
    let at = FRAME_HEAD
    for (const row of rows.slice(first, first + packets)) {
      if (packetBytes(table, row, QUOTE) !== QUOTE_BYTES) throw new Error('not a quote packet')
      const values = exchange.advance(row, AT_MS)
      at = writePacket(frame, at, exchange, values, table.token(row), false, QUOTE)
    }
    frames.push(frame)
  }
  return frames
}

/** Writes a number into every packet of a frame, where the traded volume stands. */
export function numberFrame(frame: Buffer, number: number): void {
  const step = PACKET_HEAD + QUOTE_BYTES
  for (let at = FRAME_HEAD + PACKET_HEAD + VOLUME_AT; at < frame.length; at += step) {
    frame[at] = number >>> 24
    frame[at + 1] = number >>> 16
    frame[at + 2] = number >>> 8
    frame[at + 3] = number
  }
}

/** The number that `numberFrame` wrote into the frame whose bytes begin at `start`. */
export const frameNumber = (view: DataView, start: number) =>
  view.getUint32(start + FRAME_HEAD + PACKET_HEAD + VOLUME_AT)
