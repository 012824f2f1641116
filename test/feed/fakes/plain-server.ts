import type { WebSocket } from 'ws'
import type { Mode } from '../../../codecs/tick.ts'
import { type FakeAnswer, FakeServer } from './fake-server.ts'
import { HEARTBEAT, type Order, type Packet } from './plain.ts'

const HEARTBEAT_EVERY_MS = 100

/** The server of the broker in plain.ts. */
export class PlainServer extends FakeServer {
  readonly id = 'plain'
  readonly module = 'plain'
  /** Refuses upgrades with this. */
  refusal: FakeAnswer | null = null
  /** Answers a REST call. */
  answer: FakeAnswer = { status: 200, body: {} }
  /** What every connection is made to do as soon as it is open. */
  greeting: Order | null = null
  isMute = false
  /** The access token of every upgrade so far. */
  readonly tokens: string[] = []
  /** How many more messages about an instrument are lost, by `SEGMENT|TOKEN`. */
  readonly losses = new Map<string, number>()
  /** What came about each instrument, in its order: modes by `SEGMENT|TOKEN`. */
  readonly asked = new Map<string, number[]>()
  /** What each socket is subscribed to. */
  readonly subscriptions = new Map<WebSocket, Map<string, Mode>>()

  /** Makes every connection do something. */
  order(order: Order): void {
    this.say(JSON.stringify(order))
  }

  say(frame: string | Uint8Array): void {
    for (const socket of this.sockets) socket.send(frame)
  }

  /** Sends one tick to whoever subscribed. */
  tick(segment: number, token: number, ltp: number): void {
    for (const [socket, modes] of this.subscriptions) {
      const mode = modes.get(`${segment}|${token}`)
      if (mode !== undefined) send(socket, [[segment, token, mode, ltp]])
    }
  }

  protected override refuse(url: URL): FakeAnswer | null {
    this.tokens.push(url.searchParams.get('token') ?? '')
    return this.refusal
  }

  protected override rest(): FakeAnswer {
    return this.answer
  }

  protected override onSocket(socket: WebSocket): void {
    if (this.greeting !== null) socket.send(JSON.stringify(this.greeting))
    const modes = new Map<string, Mode>()
    this.subscriptions.set(socket, modes)
    const heartbeat = setInterval(() => {
      if (!this.isMute) socket.send(HEARTBEAT)
    }, HEARTBEAT_EVERY_MS)
    socket.on('close', () => {
      clearInterval(heartbeat)
      this.subscriptions.delete(socket)
    })
    socket.on('message', (data) => {
      const wants = JSON.parse(String(data)) as [number, number, Mode | 0][]
      send(
        socket,
        wants.flatMap(([segment, token, mode]): Packet[] => {
          const key = `${segment}|${token}`
          this.asked.set(key, [...(this.asked.get(key) ?? []), mode])
          const losses = this.losses.get(key) ?? 0
          this.losses.set(key, Math.max(0, losses - 1))
          if (losses > 0) return []
          if (mode === 0) modes.delete(key)
          else modes.set(key, mode)
          return mode === 0 ? [] : [[segment, token, mode, 1]]
        }),
      )
    })
  }
}

function send(socket: WebSocket, packets: readonly Packet[]): void {
  if (packets.length > 0) socket.send(JSON.stringify(packets))
}
