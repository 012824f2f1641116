// Cards L: how much is asked of a broker at once.
import assert from 'node:assert/strict'
import { until } from '../support/plant.ts'
import { openClient, pairs, pick, startBroker, startRig } from './bench.ts'
import type { Card } from './card.ts'
import { wantsOf } from './connection.ts'
import { DrivenLine } from './line.ts'

/** Larger messages are cut or refused by gateways of several brokers. */
const MESSAGE_BYTES_MAX = 65_536
const PER_SOCKET = 20
const MANY = 1200
const PAUSE_MS = 100

export const CARDS: readonly Card[] = [
  {
    id: 'L-01',
    title: 'instruments are spread over sockets, and what no socket can carry is refused',
    proves:
      'no socket is asked for more than the broker allows, and clients are told where it ends',
    async run(subject, context) {
      const { id, feed } = subject.spec
      const socketsMax = Math.min(2, feed.socketsMax)
      const instrumentsPerSocket = Math.min(PER_SOCKET, feed.instrumentsPerSocket)
      const rig = await startRig(context, subject, { limits: { instrumentsPerSocket, socketsMax } })
      const capacity = instrumentsPerSocket * socketsMax
      const all = pick(rig, capacity + 1, () => true)
      const [fitting, extra] = [all.slice(0, capacity), all.slice(capacity)]
      const client = await openClient(context, rig)
      assert.equal((await client.subscribe(fitting, 'Quote')).status, 'success')
      await until('all to be subscribed', () => pairs(rig) === capacity)
      assert.equal(rig.simulator.stats().sockets, socketsMax)
      await until('all to be answered', () => {
        rig.simulator.tickOnce()
        return (
          new Set(client.items.map(({ exchange, symbol }) => `${exchange}:${symbol}`)).size >
          capacity - 1
        )
      })
      const refused = await client.subscribe(extra, 'LTP')
      const [{ status, message }] = refused.subscriptions as [Record<string, string>]
      assert.equal(status, 'error')
      assert.ok(
        message!.includes(
          `capacity of ${id} is spent (${socketsMax} sockets of ${instrumentsPerSocket}`,
        ),
        message,
      )
      await client.unsubscribe(fitting.slice(0, 1))
      assert.equal((await client.subscribe(extra, 'LTP')).status, 'success')
      await until('the place to be taken', () => {
        rig.simulator.tickOnce()
        return client.items.some(({ symbol }) => symbol === extra[0]!.symbol)
      })
      assert.equal(pairs(rig), capacity)
      assert.equal(rig.simulator.stats().sockets, socketsMax)
      assert.ok(!rig.logs.some(({ msg }) => msg === 'broker says'))
    },
  },
  {
    id: 'L-02',
    title: 'hundreds of instruments are asked for in messages that the broker takes',
    proves: 'after a reconnect everything comes back at once, whatever its number',
    async run(subject, context) {
      const broker = await startBroker(context, subject, { instruments: MANY })
      const wants = await wantsOf(context, broker, () => true)
      const count = Math.min(wants(1).length, subject.spec.feed.instrumentsPerSocket)
      const line = await DrivenLine.open(context, broker)
      for (const mode of [3, 1] as const) {
        const all = wants(mode).slice(0, count)
        line.want(all)
        await until(`${count} instruments in mode ${mode}`, () => {
          // Brokers who want pauses between messages get them from a faster clock.
          line.putForward(PAUSE_MS)
          return pairs(broker) === count
        })
        await until('all to be answered', () => {
          const answered = new Set(line.ticks.map(({ segment, token }) => `${segment} ${token}`))
          return all.every(({ segment, token }) => answered.has(`${segment} ${token}`))
        })
        line.ticks.length = 0
      }
      line.want(wants(0).slice(0, count))
      await until('nothing to be subscribed', () => {
        line.putForward(PAUSE_MS)
        return pairs(broker) === 0
      })
      assert.deepEqual([line.ended, line.notices, line.rejects], [null, [], []])
      const longest = Math.max(...line.sent.map((message) => Buffer.byteLength(message)))
      assert.ok(longest <= MESSAGE_BYTES_MAX, `a message of ${longest} bytes`)
    },
  },
]
