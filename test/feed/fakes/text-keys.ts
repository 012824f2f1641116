// A broker whose feed answers by text keys, and for one share by a number. Requests are JSON; a frame of ticks is
// binary, big-endian: per tick the length of the key (0: a number of 4 bytes follows), the key, and the price in paise.
import type { FeedConnection, Hosts, InstrumentRow, Token } from '../../../adapters/broker.ts'
import { NOTHING } from '../../../adapters/broker.ts'
import { MODE_LTP, type TickSink } from '../../../codecs/tick.ts'
import { describeFake, emitTick } from './describe-fake.ts'

const PAISE = 100
/** A text frame that ends the thread of whoever reads it. */
export const END_THREAD = 'end'

/** Two exchanges have the same numbers: every key tells its exchange. The last share of NSE has a number. */
export const tokenOf = (exchange: string, number: number): Token =>
  exchange === 'NSE' && number === 60 ? 26_000 : `${exchange}_EQ|INE${number}: A01`

export interface Request {
  readonly subscribe: readonly Token[]
  readonly unsubscribe: readonly Token[]
}

function decode(frame: Uint8Array, sink: TickSink): void {
  const { tick } = sink
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  for (let at = 0; at < frame.length; ) {
    const length = frame[at]!
    const keyAt = at + 1
    const priceAt = keyAt + (length || 4)
    tick.tokenBytes = length === 0 ? null : frame
    tick.tokenStart = keyAt
    tick.tokenEnd = priceAt
    const token = length === 0 ? view.getUint32(keyAt) : 0
    const ltp = view.getUint32(priceAt) / PAISE
    emitTick(sink, { segment: 0, token, mode: MODE_LTP, values: { ltp } })
    at = priceAt + 4
  }
}

function connection(hosts: Hosts): FeedConnection {
  return {
    start: () => [{ do: 'connect', url: hosts.feed }],
    onReply: () => NOTHING,
    onOpen: () => [{ do: 'live' }],
    onUpgradeRefused: ({ status }) => [{ do: 'close', why: `HTTP ${status}` }],
    onFrame(frame, _nowMs, sink) {
      if (frame === END_THREAD) process.exit(7)
      decode(frame as Uint8Array, sink)
      return NOTHING
    },
    onTimer: () => NOTHING,
    want(delta) {
      const tokens = (wanted: boolean) =>
        delta.filter(({ mode }) => (mode !== 0) === wanted).map(({ token }) => token)
      const request: Request = { subscribe: tokens(true), unsubscribe: tokens(false) }
      return [{ do: 'send', data: JSON.stringify(request) }]
    },
  }
}

const fake = describeFake('text_keys', { silenceMsMax: 5000, connection, decode })

export default {
  ...fake,
  instruments: {
    ...fake.instruments,
    layouts: {
      all: {
        ...fake.instruments.layouts.all,
        row(cells: readonly string[]): InstrumentRow | string {
          const row = fake.instruments.layouts.all!.row(cells)
          if (typeof row === 'string') return row
          return { ...row, segment: 0, token: tokenOf(row.exchange, Number(row.token)) }
        },
      },
    },
  },
}
