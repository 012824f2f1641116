// What cards do with a client: subscribe, let the market tick, and look at what came.
import assert from 'node:assert/strict'
import { until } from '../support/plant.ts'
import type { Message, StreamClient } from '../support/stream-client.ts'
import { type Rig, ticksOf } from './bench.ts'
import type { TwinInstrument } from './twin.ts'

const LABELS = { ltp: 'LTP', quote: 'Quote', depth: 'Depth' } as const
export type ModeName = keyof typeof LABELS

type Side = readonly { readonly price: number; readonly quantity: number }[]
type Book = { readonly buy: Side; readonly sell: Side }
const bookOf = (tick: Message) => tick.depth as Book

export const lastOf = (client: StreamClient, instrument: TwinInstrument) =>
  ticksOf(client, instrument).at(-1)

/** Ticks everything until each of the instruments has shown another tick that `suits`. */
export async function tickUntil(
  rig: Rig,
  client: StreamClient,
  instruments: readonly TwinInstrument[],
  suits: (tick: Message) => boolean = () => true,
): Promise<void> {
  const before = instruments.map((each) => ticksOf(client, each).length)
  const isThere = (each: TwinInstrument, at: number) =>
    ticksOf(client, each).slice(before[at]!).some(suits)
  await until(`ticks of ${instruments.map(({ symbol }) => symbol)}`, () => {
    rig.simulator.tickOnce()
    return instruments.every(isThere)
  })
}

/** Subscribes and waits until the broker was asked, and answers. */
export async function subscribe(
  rig: Rig,
  client: StreamClient,
  instruments: readonly TwinInstrument[],
  mode: ModeName,
): Promise<void> {
  const reply = await client.subscribe(instruments, LABELS[mode])
  assert.equal(reply.status, 'success', JSON.stringify(reply))
  await tickUntil(rig, client, instruments, (tick) => tick.mode === mode)
}

export const eventsOf = ({ items }: StreamClient, type: string) =>
  items.filter((item) => item.type === type)

/** All ticks of an instrument count on, by ones, within one epoch. */
export function checkSeqs(client: StreamClient, instrument: TwinInstrument): void {
  const ticks = ticksOf(client, instrument)
  const seqs = ticks.map(({ seq }) => Number(seq))
  for (const [at, seq] of seqs.entries()) {
    if (at > 0) assert.equal(seq, seqs[at - 1]! + 1, `${instrument.symbol}: ${seqs}`)
  }
  assert.equal(new Set(ticks.map(({ epoch }) => epoch)).size, 1)
}

/** Both sides have levels, no more than there may be, best first, and the best ones are the bid and the ask. */
export function checkBook({ symbol }: TwinInstrument, tick: Message, levelsMax: number): void {
  const { buy, sell } = bookOf(tick)
  for (const [side, sign] of [[buy, -1] as const, [sell, 1] as const]) {
    assert.ok(side.length > 0 && side.length <= levelsMax, `${symbol}: ${side.length} levels`)
    for (const [level, { price, quantity }] of side.entries()) {
      assert.ok(price > 0 && quantity > 0, `${symbol}: ${JSON.stringify(side)}`)
      if (level > 0) assert.ok((price - side[level - 1]!.price) * sign > 0, JSON.stringify(side))
    }
  }
  assert.ok(buy[0]!.price < sell[0]!.price, `${symbol}: bid ${buy[0]!.price}`)
  assert.deepEqual([tick.bid, tick.bidQty], [buy[0]!.price, buy[0]!.quantity], symbol)
  assert.deepEqual([tick.ask, tick.askQty], [sell[0]!.price, sell[0]!.quantity], symbol)
}
