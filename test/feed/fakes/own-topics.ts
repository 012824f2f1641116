// A broker that names instruments once, in a snapshot, and from then on by topic ids of its own that differ on every
// socket. A book is a topic apart from its quote, updates leave out what did not change, and data stops unless every
// few frames are acknowledged. Binary, big-endian.
import type { FeedConnection, FeedEffect, Hosts, Session, Want } from '../../../adapters/broker.ts'
import { NOTHING } from '../../../adapters/broker.ts'
import { MODE_DEPTH, MODE_QUOTE, type TickSink } from '../../../codecs/tick.ts'
import { describeFake, emitTick } from './describe-fake.ts'

export const CONNECT = 1
export const ACKNOWLEDGE = 3
export const SUBSCRIBE = 4
export const UNSUBSCRIBE = 5
export const DATA = 6
export const SNAPSHOT = 0x53
export const UPDATE = 0x55
export const UNCHANGED = -2147483648

const PAISE = 100

/** A frame: its type, then its body. */
export function frameOf(type: number, body: Uint8Array): Uint8Array {
  return Uint8Array.of(type, ...body)
}

interface Topic {
  readonly name: string
  readonly values: Int32Array
}

function topics(wants: readonly Want[], isDepth: boolean): string[] {
  const quotes = wants.map(({ segment, token }) => `sf|${segment}|${token}`)
  const books = wants.map(({ segment, token }) => `dp|${segment}|${token}`)
  return isDepth ? [...quotes, ...books] : quotes
}

function ask(type: number, names: readonly string[]): FeedEffect[] {
  if (names.length === 0) return []
  return [{ do: 'send', data: frameOf(type, new TextEncoder().encode(names.join('\n'))) }]
}

/** A quote is [price, volume], a book [bid price, bid quantity]; both together are the record. */
function emitRecord(byName: ReadonlyMap<string, Topic>, topic: Topic, sink: TickSink): void {
  const [, segment, token] = topic.name.split('|').map(Number) as [number, number, number]
  const quote = byName.get(`sf|${segment}|${token}`)?.values
  // A book has no last price: there is nothing to tell before the quote has come.
  if (quote === undefined) return
  const book = byName.get(`dp|${segment}|${token}`)?.values
  emitTick(sink, {
    segment,
    token,
    mode: book ? MODE_DEPTH : MODE_QUOTE,
    values: { ltp: quote[0]! / PAISE, volume: quote[1]! },
    buy: book ? [{ price: book[0]! / PAISE, quantity: book[1]! }] : [],
  })
}

function connection(hosts: Hosts, session: Session): FeedConnection {
  const byId = new Map<number, Topic>()
  const byName = new Map<string, Topic>()
  const wanted = new Set<string>()
  let acknowledgeEvery = 0
  let unacknowledged = 0

  const readData = (view: DataView, sink: TickSink): readonly FeedEffect[] => {
    const count = view.getUint16(5)
    let at = 7
    for (let record = 0; record < count; record++) {
      const kind = view.getUint8(at)
      const id = view.getUint16(at + 1)
      at += 3
      if (kind === SNAPSHOT) {
        const length = view.getUint8(at)
        const bytes = new Uint8Array(view.buffer, view.byteOffset + at + 1, length)
        const topic = { name: new TextDecoder().decode(bytes), values: new Int32Array(2) }
        byId.set(id, topic)
        byName.set(topic.name, topic)
        at += 1 + length
      }
      const topic = byId.get(id)
      for (let field = 0; field < 2; field++, at += 4) {
        const value = view.getInt32(at)
        if (topic && value !== UNCHANGED) topic.values[field] = value
      }
      if (topic === undefined) sink.reject('update of a topic that has no snapshot', at)
      else if (wanted.has(topic.name)) emitRecord(byName, topic, sink)
    }
    unacknowledged += 1
    if (acknowledgeEvery === 0 || unacknowledged < acknowledgeEvery) return NOTHING
    unacknowledged = 0
    const message = new Uint8Array(view.buffer.slice(view.byteOffset + 1, view.byteOffset + 5))
    return [{ do: 'send', data: frameOf(ACKNOWLEDGE, message) }]
  }

  return {
    start: () => [{ do: 'connect', url: hosts.feed }],
    onReply: () => NOTHING,
    onUpgradeRefused: ({ status }) => [{ do: 'close', why: `HTTP ${status}` }],
    onOpen: () => [
      { do: 'send', data: frameOf(CONNECT, new TextEncoder().encode(session.accessToken)) },
    ],
    onFrame(frame, _nowMs, sink) {
      const bytes = frame as Uint8Array
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      const type = view.getUint8(0)
      if (type === DATA) return readData(view, sink)
      if (type !== CONNECT) return NOTHING
      if (String.fromCharCode(view.getUint8(1)) !== 'K') return [{ do: 'refused', why: 'not K' }]
      acknowledgeEvery = view.getUint32(2)
      return [{ do: 'live' }]
    },
    onTimer: () => NOTHING,
    want(delta) {
      const gone = topics(delta, true).filter((name) => wanted.has(name))
      const come = [
        ...topics(
          delta.filter(({ mode }) => mode === MODE_DEPTH),
          true,
        ),
        ...topics(
          delta.filter(({ mode }) => mode !== 0 && mode !== MODE_DEPTH),
          false,
        ),
      ]
      const left = gone.filter((name) => !come.includes(name))
      for (const name of left) {
        wanted.delete(name)
        byName.delete(name)
      }
      for (const name of come) wanted.add(name)
      return [...ask(UNSUBSCRIBE, left), ...ask(SUBSCRIBE, come)]
    },
  }
}

export default describeFake('own_topics', { silenceMsMax: 5000, connection })
