// The simplest broker there can be, whose server can make its connection fail in every way that one can.
import type { FeedConnection, FeedEffect, Hosts, Session } from '../../../adapters/broker.ts'
import { NOTHING } from '../../../adapters/broker.ts'
import type { Mode } from '../../../codecs/tick.ts'
import { describeFake, emitTick } from './describe-fake.ts'

/** What the server may make a connection do. */
export type Order =
  | { readonly do: 'effects'; readonly effects: readonly FeedEffect[] }
  | { readonly do: 'throw'; readonly text: string }
  | { readonly do: 'throw in a timer'; readonly text: string }
  | { readonly do: 'throw what is no error' }
  | { readonly do: 'end the thread' }

/** Segment, token, mode, last price. */
export type Packet = readonly [segment: number, token: number, mode: Mode, ltp: number]

export const HEARTBEAT = '.'

function connection(hosts: Hosts, session: Session): FeedConnection {
  let lastWords: unknown
  const obey = (order: Order, nowMs: number): readonly FeedEffect[] => {
    if (order.do === 'effects') return order.effects
    if (order.do === 'end the thread') process.exit(7)
    if (order.do === 'throw') throw new Error(order.text)
    lastWords = order.do === 'throw in a timer' ? new Error(order.text) : null
    return [{ do: 'wakeAt', atMs: nowMs }]
  }
  return {
    start() {
      const token = encodeURIComponent(session.accessToken)
      return [{ do: 'connect', url: `${hosts.feed}/?token=${token}` }]
    },
    onReply(id, reply, nowMs, sink) {
      if (id === 'throw') throw new Error(`cannot read ${reply.body}`)
      sink.reject('a reply that nobody can use', 0)
      return [{ do: 'notice', text: `${id}: ${reply.status} at ${nowMs}` }]
    },
    onOpen: () => [{ do: 'live' }],
    onUpgradeRefused({ status, headers, body }) {
      const why = `HTTP ${status} ${headers['x-error-message'] ?? ''} ${body}`
      if (status === 418) throw new Error('cannot read this refusal')
      return [{ do: status === 401 ? 'refused' : 'close', why }]
    },
    onFrame(frame, nowMs, sink) {
      if (frame === HEARTBEAT) return NOTHING
      const message = JSON.parse(String(frame)) as Order | Packet[]
      if (!Array.isArray(message)) return obey(message as Order, nowMs)
      for (const [segment, token, mode, ltp] of message) {
        emitTick(sink, { segment, token, mode, values: { ltp } })
      }
      return NOTHING
    },
    onTimer() {
      throw lastWords
    },
    want(delta) {
      const wants = delta.map(({ segment, token, mode }) => [segment, token, mode])
      return [{ do: 'send', data: JSON.stringify(wants) }]
    },
  }
}

export default describeFake('plain', {
  instrumentsPerSocket: 4,
  socketsMax: 2,
  silenceMsMax: 2500,
  connection,
})
