import assert from 'node:assert/strict'
import { unpack } from 'msgpackr'
import { MODE_QUOTE } from '../../codecs/tick.ts'
import { Client } from '../../engine/distribute/client.ts'
import { LastValues } from '../../engine/distribute/last-values.ts'
import { Outbox } from '../../engine/distribute/outbox.ts'
import { Router } from '../../engine/distribute/router.ts'
import type { WebSocketHandle } from '../../engine/distribute/uws.ts'
import { QUOTE } from '../../sim/kite-wire.ts'
import type { Case, Group } from './group.ts'
import { makeSamples, type Sample } from './samples.ts'

const ARENA_BYTES = 1 << 20
const CLIENTS = [1, 10, 100]

/** A connection that takes what it is given and sends nothing. */
class NoSocket implements WebSocketHandle<Client> {
  bytes = 0
  last: string | Uint8Array = ''

  send(message: string | Uint8Array): number {
    this.bytes += message.length
    this.last = message
    return 1
  }

  cork(send: () => void): void {
    send()
  }

  getBufferedAmount(): number {
    return 0
  }

  end(): void {}
  close(): void {}
  ping(): number {
    return 1
  }

  getUserData(): Client {
    throw new Error('a connection without a server has no user data')
  }
}

/** Clients on a router of their own; returns what hands them the samples, as one drain of the ring does. */
function routerDrain(samples: readonly Sample[], sockets: readonly NoSocket[]): () => void {
  const outbox = new Outbox(ARENA_BYTES)
  const identify = (instrument: number) => samples[instrument]!.identity
  const lastValues = new LastValues(samples.length, samples[0]!.tick)
  const router = new Router(samples.length, lastValues, outbox, identify, () => {})
  const totals = { itemsSent: 0, closedSlow: 0, unauthenticated: 0 }
  sockets.forEach((socket, number) => {
    const client = new Client(number, socket, outbox, ARENA_BYTES, totals, 0)
    client.isPacked = true
    samples.forEach((_, instrument) => {
      router.subscribe(instrument, MODE_QUOTE, client)
    })
  })
  return () => {
    for (let i = 0; i < samples.length; i++) router.deliver(samples[i]!.tick)
    outbox.flush()
  }
}

/** The same with a list of callbacks per symbol, each of which makes its own text. */
function callbacksDrain(samples: readonly Sample[], sockets: readonly NoSocket[]): () => void {
  const callbacks = new Map<string, ((tick: object) => void)[]>()
  const ticks = samples.map(({ named, identity: { symbol } }) => ({ symbol, named }))
  for (const { symbol } of ticks) {
    const ofSymbol = sockets.map((socket) => (tick: object) => {
      socket.send(JSON.stringify(tick))
    })
    callbacks.set(symbol, ofSymbol)
  }
  return () => {
    for (const { symbol, named } of ticks) {
      for (const callback of callbacks.get(symbol)!) callback(named)
    }
  }
}

/** Work that drains once and tells whether every client got as many bytes as it must. */
function drainWork(sockets: readonly NoSocket[], bytesEach: number, drain: () => void) {
  return () => {
    for (const socket of sockets) socket.bytes = 0
    drain()
    return sockets.every(({ bytes }) => bytes === bytesEach)
  }
}

function fanOutCase(samples: readonly Sample[], clients: number): Case {
  const makeSockets = () => Array.from({ length: clients }, () => new NoSocket())
  const objects = samples.map(({ named }) => named)
  const packedSockets = makeSockets()
  const packed = routerDrain(samples, packedSockets)
  packed()
  for (const { last } of packedSockets) assert.deepEqual(unpack(last as Uint8Array), objects)
  const textSockets = makeSockets()
  const texts = callbacksDrain(samples, textSockets)
  texts()
  for (const { last } of textSockets) assert.deepEqual(JSON.parse(last as string), objects.at(-1))
  const operations = samples.length
  const packedBytes = packedSockets[0]!.bytes
  const textBytes = objects.reduce((sum, object) => sum + JSON.stringify(object).length, 0)
  return {
    name: `to ${clients} ${clients === 1 ? 'client' : 'clients'}`,
    arms: [
      {
        name: 'Router, Outbox, msgpack clients',
        operations,
        work: drainWork(packedSockets, packedBytes, packed),
      },
      {
        name: 'Map of callbacks, JSON.stringify per client',
        operations,
        work: drainWork(textSockets, textBytes, texts),
      },
    ],
  }
}

export const router: Group = {
  name: 'router',
  about: 'a quote goes to all who want it, up to the socket; drains of 64 ticks',
  operation: 'tick',
  prepare() {
    const samples = makeSamples(QUOTE)
    return { cases: CLIENTS.map((clients) => fanOutCase(samples, clients)) }
  },
}
