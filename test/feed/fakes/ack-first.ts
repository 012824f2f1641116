// A broker that hears nothing before it has acknowledged the session, and then sends only the fields that changed.
// Whoever does not send a heartbeat is cut off. JSON text both ways, every value a string.
import type { FeedConnection, FeedEffect, Session, Want } from '../../../adapters/broker.ts'
import { NOTHING } from '../../../adapters/broker.ts'
import { MODE_DEPTH, MODE_QUOTE, type TickSink } from '../../../codecs/tick.ts'
import { describeFake, emitTick, type FakeLevel } from './describe-fake.ts'

const ACK_MS_MAX = 2000
const HEARTBEAT_EVERY_MS = 100

type Fields = Readonly<Record<string, string | undefined>>

const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))

function levels(record: Fields, side: 'b' | 's'): FakeLevel[] {
  return [1, 2].flatMap((level) => {
    const price = number(record[`${side}p${level}`])
    return price ? [{ price, quantity: Number(record[`${side}q${level}`]) }] : []
  })
}

function emitRecord(record: Fields, sink: TickSink): void {
  const isDepth = record.t === 'dk' || record.t === 'df'
  emitTick(sink, {
    segment: Number(record.e),
    token: Number(record.tk),
    mode: isDepth ? MODE_DEPTH : MODE_QUOTE,
    values: {
      ltp: number(record.lp),
      volume: number(record.v),
      open: number(record.o),
      oi: number(record.oi),
    },
    buy: levels(record, 'b'),
    sell: levels(record, 's'),
  })
}

function send(t: string, wants: readonly Want[]): FeedEffect[] {
  if (wants.length === 0) return []
  const k = wants.map(({ segment, token }) => `${segment}|${token}`).join('#')
  return [{ do: 'send', data: JSON.stringify({ t, k }) }]
}

function connection(hosts: { feed: string }, session: Session): FeedConnection {
  const records = new Map<string, Fields>()
  const depths = new Set<string>()
  let isAcknowledged = false

  const onAck = (fields: Fields, nowMs: number): FeedEffect[] => {
    if (fields.s?.toUpperCase() !== 'OK')
      return [{ do: 'refused', why: `acknowledged ${fields.s}` }]
    isAcknowledged = true
    return [{ do: 'live' }, { do: 'wakeAt', atMs: nowMs + HEARTBEAT_EVERY_MS }]
  }

  return {
    start: () => [{ do: 'connect', url: hosts.feed }],
    onReply: () => NOTHING,
    onUpgradeRefused: ({ status }) => [{ do: 'close', why: `HTTP ${status}` }],
    onOpen: (nowMs) => [
      { do: 'send', data: JSON.stringify({ t: 'c', susertoken: session.accessToken }) },
      { do: 'wakeAt', atMs: nowMs + ACK_MS_MAX },
    ],
    onFrame(frame, nowMs, sink) {
      const fields = JSON.parse(frame as string) as Fields
      if (fields.t === 'ck') return onAck(fields, nowMs)
      const key = `${fields.e}|${fields.tk}`
      const isSnapshot = fields.t === 'tk' || fields.t === 'dk'
      // What is absent did not change, also within a level of the book.
      const record = isSnapshot ? fields : { ...records.get(key), ...fields }
      records.set(key, record)
      emitRecord(record, sink)
      return NOTHING
    },
    onTimer(nowMs) {
      if (!isAcknowledged) return [{ do: 'close', why: 'the session was not acknowledged in time' }]
      return [
        { do: 'send', data: '{"t":"h"}' },
        { do: 'wakeAt', atMs: nowMs + HEARTBEAT_EVERY_MS },
      ]
    },
    want(delta) {
      const key = ({ segment, token }: Want) => `${segment}|${token}`
      const isDepth = ({ mode }: Want) => mode === MODE_DEPTH
      const left = delta.filter((want) => !isDepth(want) && depths.delete(key(want)))
      for (const want of delta.filter(isDepth)) depths.add(key(want))
      return [
        ...send('ud', left),
        ...send(
          'u',
          delta.filter(({ mode }) => mode === 0),
        ),
        ...send(
          't',
          delta.filter(({ mode }) => mode !== 0 && mode !== MODE_DEPTH),
        ),
        ...send('d', delta.filter(isDepth)),
      ]
    },
  }
}

export default describeFake('ack_first', { silenceMsMax: 5000, connection })
