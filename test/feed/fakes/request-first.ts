// A broker whose socket needs two calls first: one ends what session may be left, the other opens a session and hands
// out a URL that is good for one connection. Requests are JSON in binary frames. It says nothing while nothing
// trades, so that only its pongs tell a quiet line from a dead one.
import type { FeedConnection, FeedEffect, Hosts, Session, Want } from '../../../adapters/broker.ts'
import { NOTHING } from '../../../adapters/broker.ts'
import type { Mode } from '../../../codecs/tick.ts'
import { describeFake, emitTick } from './describe-fake.ts'

const PING_EVERY_MS = 100

interface Packet {
  readonly segment: number
  readonly token: number
  readonly mode: Mode
  readonly ltp: number
}

function send(method: string, keys: readonly string[]): FeedEffect[] {
  if (keys.length === 0) return []
  return [{ do: 'send', data: new TextEncoder().encode(JSON.stringify({ method, keys })) }]
}

function connection(hosts: Hosts, session: Session): FeedConnection {
  const call = (id: string): FeedEffect => ({
    do: 'request',
    id,
    request: {
      method: 'POST',
      url: `${hosts.rest}/${id}`,
      headers: { Authorization: `Bearer ${session.accessToken}` },
    },
  })
  return {
    start: () => [call('end-session')],
    onReply(id, reply) {
      // Where there was nothing to end this call fails, which is as good.
      if (id === 'end-session') return [call('open-session')]
      if (reply.status === 401) return [{ do: 'refused', why: reply.body }]
      if (reply.status !== 200) return [{ do: 'close', why: `HTTP ${reply.status}` }]
      const { url } = JSON.parse(reply.body) as { url: string }
      return [{ do: 'connect', url }]
    },
    onOpen: (nowMs) => [{ do: 'live' }, { do: 'wakeAt', atMs: nowMs + PING_EVERY_MS }],
    onUpgradeRefused: ({ status }) => [{ do: 'close', why: `HTTP ${status}` }],
    onFrame(frame, _nowMs, sink) {
      const text = new TextDecoder().decode(frame as Uint8Array)
      for (const { ltp, ...packet } of JSON.parse(text) as Packet[]) {
        emitTick(sink, { ...packet, values: { ltp } })
      }
      return NOTHING
    },
    onTimer: (nowMs) => [{ do: 'ping' }, { do: 'wakeAt', atMs: nowMs + PING_EVERY_MS }],
    want(delta: readonly Want[]) {
      const key = ({ segment, token, mode }: Want) => `${segment}|${token}|${mode}`
      return [
        ...send('unsub', delta.filter(({ mode }) => mode === 0).map(key)),
        ...send('sub', delta.filter(({ mode }) => mode !== 0).map(key)),
      ]
    },
  }
}

export default describeFake('request_first', { silenceMsMax: 2000, connection })
