import type { WebSocket } from 'ws'
import { FakeServer } from './fake-server.ts'
import {
  ACKNOWLEDGE,
  CONNECT,
  DATA,
  frameOf,
  SNAPSHOT,
  SUBSCRIBE,
  UNCHANGED,
  UPDATE,
} from './own-topics.ts'

const ACKNOWLEDGE_EVERY = 3

interface Client {
  readonly socket: WebSocket
  readonly ids: Map<string, number>
  nextId: number
  messages: number
  unacknowledged: number
  /** Records that wait for an acknowledgement. */
  readonly waiting: number[][]
}

/** The server of the broker in own-topics.ts. */
export class OwnTopicsServer extends FakeServer {
  readonly id = 'own_topics'
  readonly module = 'own-topics'
  /** Message numbers that were acknowledged, on all sockets. */
  readonly acknowledged: number[] = []
  /** A topic id that every new socket gets an update of, though nobody subscribed. */
  strayId: number | null = null
  readonly #clients = new Map<WebSocket, Client>()

  /** Topics and their ids on the latest socket. */
  get ids(): ReadonlyMap<string, number> {
    return [...this.#clients.values()].at(-1)?.ids ?? new Map()
  }

  /** Sends one update per socket that has the topic; null is a value that did not change. */
  update(name: string, values: readonly (number | null)[]): void {
    for (const client of this.#clients.values()) {
      const id = client.ids.get(name)
      if (id === undefined) continue
      this.#updateById(client, id, values)
    }
  }

  #updateById(client: Client, id: number, values: readonly (number | null)[]): void {
    const head = [UPDATE, id >> 8, id & 0xff]
    this.#data(client, [...head, ...words(values.map((value) => value ?? UNCHANGED))])
  }

  protected override onSocket(socket: WebSocket): void {
    // Every socket counts its topics from another id, so that one socket's table is wrong on the next.
    const client: Client = {
      socket,
      ids: new Map(),
      nextId: this.upgrades,
      messages: 0,
      unacknowledged: 0,
      waiting: [],
    }
    this.#clients.set(socket, client)
    socket.on('close', () => this.#clients.delete(socket))
    socket.on('message', (data: Buffer) => this.#obey(client, data[0]!, data.subarray(1)))
  }

  #obey(client: Client, type: number, body: Buffer): void {
    if (type === CONNECT) {
      const answer = ['K'.charCodeAt(0), ...words([ACKNOWLEDGE_EVERY])]
      client.socket.send(frameOf(CONNECT, Uint8Array.from(answer)))
      if (this.strayId !== null) this.#updateById(client, this.strayId, [999, 999])
    } else if (type === ACKNOWLEDGE) {
      this.acknowledged.push(body.readUInt32BE(0))
      client.unacknowledged = 0
      for (const record of client.waiting.splice(0)) this.#data(client, record)
    } else {
      for (const name of body.toString().split('\n')) {
        if (type === SUBSCRIBE) this.#snapshot(client, name)
        else client.ids.delete(name)
      }
    }
  }

  #snapshot(client: Client, name: string): void {
    const id = client.ids.get(name) ?? client.nextId++
    client.ids.set(name, id)
    const token = Number(name.split('|')[2])
    // The price tells the token, so that a tick of the wrong instrument shows.
    const values = name.startsWith('sf') ? [token * 100, 500] : [token * 100 - 5, 7]
    const text = [...Buffer.from(name)]
    this.#data(client, [SNAPSHOT, id >> 8, id & 0xff, text.length, ...text, ...words(values)])
  }

  #data(client: Client, record: number[]): void {
    if (client.unacknowledged === ACKNOWLEDGE_EVERY) {
      client.waiting.push(record)
      return
    }
    client.unacknowledged += 1
    client.messages += 1
    const body = [...words([client.messages]), 0, 1, ...record]
    client.socket.send(frameOf(DATA, Uint8Array.from(body)))
  }
}

function words(values: readonly number[]): number[] {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, at) => {
    bytes.writeInt32BE(value, at * 4)
  })
  return [...bytes]
}
