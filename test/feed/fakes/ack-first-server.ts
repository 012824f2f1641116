import type { WebSocket } from 'ws'
import { FakeServer } from './fake-server.ts'

/** Many heartbeats, so that a machine that stands still for a while does not look like silence. */
const SILENCE_MS_MAX = 2000

type Fields = Readonly<Record<string, string>>

/** The server of the broker in ack-first.ts. */
export class AckFirstServer extends FakeServer {
  readonly id = 'ack_first'
  readonly module = 'ack-first'
  /** The word with which sessions are acknowledged; null acknowledges none. */
  acknowledgement: string | null = 'Ok'
  /** Tokens that came in first messages. */
  readonly tokens: string[] = []
  /** Messages that came before the acknowledgement went out. */
  readonly early: string[] = []
  /** Sockets that were cut off for their silence. */
  cutOff = 0
  heartbeats = 0
  /** What is known of an instrument, by `SEGMENT|TOKEN`: sent as a whole to who subscribes. */
  readonly full = new Map<string, Fields>()
  readonly #subscribed = new Map<WebSocket, Map<string, 't' | 'd'>>()

  #acknowledge = () => {}

  /** Acknowledges the session of the latest socket, with this word. */
  acknowledge(word: string): void {
    this.acknowledgement = word
    this.#acknowledge()
  }

  /** Sends these fields alone to whoever subscribed, as an update. */
  update(key: string, fields: Fields): void {
    for (const [socket, kinds] of this.#subscribed) {
      const kind = kinds.get(key)
      if (kind !== undefined) this.#send(socket, key, `${kind}f`, fields)
    }
  }

  protected override onSocket(socket: WebSocket): void {
    const kinds = new Map<string, 't' | 'd'>()
    const silence = setTimeout(() => {
      this.cutOff += 1
      socket.terminate()
    }, SILENCE_MS_MAX)
    this.#subscribed.set(socket, kinds)
    socket.on('close', () => {
      clearTimeout(silence)
      this.#subscribed.delete(socket)
    })
    let isAcknowledged = false
    socket.on('message', (data) => {
      silence.refresh()
      const text = String(data)
      const { t, k, susertoken } = JSON.parse(text) as Fields
      if (t === 'c') {
        this.tokens.push(susertoken!)
        this.#acknowledge = () => {
          isAcknowledged = true
          socket.send(JSON.stringify({ t: 'ck', s: this.acknowledgement }))
        }
        if (this.acknowledgement !== null) this.#acknowledge()
        return
      }
      if (!isAcknowledged) this.early.push(text)
      else if (t === 'h') this.heartbeats += 1
      else this.#obey(socket, kinds, t!, k!.split('#'))
    })
  }

  #obey(socket: WebSocket, kinds: Map<string, 't' | 'd'>, t: string, keys: readonly string[]) {
    for (const key of keys) {
      if (t === 'u' || t === 'ud') kinds.delete(key)
      else {
        kinds.set(key, t as 't' | 'd')
        this.#send(socket, key, `${t}k`, this.full.get(key) ?? { lp: '1' })
      }
    }
  }

  #send(socket: WebSocket, key: string, t: string, fields: Fields): void {
    const [e, tk] = key.split('|')
    socket.send(JSON.stringify({ t, e, tk, ...fields }))
  }
}
