import type { WebSocket } from 'ws'
import type { Token } from '../../../adapters/broker.ts'
import { FakeServer } from './fake-server.ts'
import { END_THREAD, type Request } from './text-keys.ts'

/** A frame of one tick. */
export function tickFrame(token: Token, paise: number): Buffer {
  const key = typeof token === 'number' ? Buffer.alloc(4) : Buffer.from(token, 'latin1')
  if (typeof token === 'number') key.writeUInt32BE(token)
  const price = Buffer.alloc(4)
  price.writeUInt32BE(paise)
  return Buffer.concat([Buffer.of(typeof token === 'number' ? 0 : key.length), key, price])
}

/** The server of the broker in text-keys.ts. */
export class TextKeysServer extends FakeServer {
  readonly id = 'text_keys'
  readonly module = 'text-keys'
  /** Tokens that are subscribed, and the requests that came. */
  readonly subscribed = new Set<Token>()
  readonly requests: Request[] = []

  /** Sends ticks in one frame, of whichever tokens. */
  tick(...ticks: readonly (readonly [token: Token, paise: number])[]): void {
    const frame = Buffer.concat(ticks.map(([token, paise]) => tickFrame(token, paise)))
    for (const socket of this.sockets) socket.send(frame)
  }

  endThread(): void {
    for (const socket of this.sockets) socket.send(END_THREAD)
  }

  protected override onSocket(socket: WebSocket): void {
    this.subscribed.clear()
    socket.on('message', (data) => {
      const request = JSON.parse(String(data)) as Request
      this.requests.push(request)
      for (const token of request.unsubscribe) this.subscribed.delete(token)
      for (const token of request.subscribe) {
        this.subscribed.add(token)
        socket.send(tickFrame(token, 1))
      }
    })
  }
}
