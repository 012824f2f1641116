// Another index while ticks flow: none is lost, none is given to another instrument, and no number changes hands.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { unpack } from 'msgpackr'
import { syncInstruments } from '../../engine/symbols/sync.ts'
import type { Instrument } from '../../sim/instruments.ts'
import { csvChunks } from '../../sim/kite-csv.ts'
import { BROKER, type Plant, startPlant, until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'

const TICKS_PER_SECOND = 50_000
/** Those of five seconds, in which a busy machine comes round to read them: none may be lost for want of room. */
const RING_SLOTS = 262_144
/** Ticks to see under each list before the next one comes. */
const TICKS_PER_LIST = 25_000
const SHARES = 120
/** Offset of the previous close in a Kite quote packet, and how many of its units make a rupee. */
const CLOSE_AT = 40
const PAISE = 100
const QUOTE_BYTES = 44

interface PackedTick {
  readonly symbol: string
  readonly token: string
  readonly seq: number
  readonly close: number
  readonly type?: string
  readonly lost?: number
}

/** Which token a tick was sent under, told by its previous close, whatever name a list gives to the token. */
class Closes {
  readonly #tokens = new Map<number, number>()

  /** Notes a packet as the broker sent it. */
  readonly note = (token: number, packet: Uint8Array) => {
    if (packet.length !== QUOTE_BYTES) return
    const { buffer, byteOffset } = packet
    this.#tokens.set(new DataView(buffer, byteOffset).getInt32(CLOSE_AT) / PAISE, token)
  }

  /** The token under which the broker sent a tick with this close. */
  tokenOf(close: number): number {
    return this.#tokens.get(close)!
  }
}

/** A list: the simulated one, in which some shares go by other tokens and some are left out. */
interface List {
  readonly shares: readonly Instrument[]
  readonly tokens: ReadonlyMap<string, number>
  readonly symbols: ReadonlyMap<number, string>
}

function listOf(shares: readonly Instrument[]): List {
  return {
    shares,
    tokens: new Map(shares.map(({ tradingsymbol, token }) => [tradingsymbol, token])),
    symbols: new Map(shares.map(({ tradingsymbol, token }) => [token, tradingsymbol])),
  }
}

/** The shares with each one's token given to the one that stands `by` places after it. */
function turned(shares: readonly Instrument[], by: number): Instrument[] {
  return shares.map((share, at) => {
    const from = shares[(at + shares.length - by) % shares.length]!
    return { ...share, token: from.token }
  })
}

/** Checks every tick as it comes. */
class Watch {
  ticks = 0
  readonly faults: string[] = []
  readonly seqs = new Map<string, number>()
  readonly #closes: Closes
  readonly #lists: List[]
  #list = 0

  constructor(closes: Closes, lists: List[]) {
    this.#closes = closes
    this.#lists = lists
  }

  get list(): number {
    return this.#list
  }

  readonly take = (data: Buffer, isBinary: boolean) => {
    if (!isBinary) return
    for (const item of unpack(data) as PackedTick[]) {
      if (item.type !== undefined) this.#fault(item.type === 'gap', 'gap', item)
      else this.#takeTick(item)
    }
  }

  #takeTick(tick: PackedTick): void {
    this.ticks += 1
    const sentAs = this.#closes.tokenOf(tick.close)
    this.#fault(tick.token !== String(sentAs), `was sent under token ${sentAs}`, tick)
    // Once a tick of the next list has come, none of the list before may follow.
    if (this.#symbolOf(sentAs, this.#list) !== tick.symbol) this.#list += 1
    const symbol = this.#symbolOf(sentAs, this.#list)
    this.#fault(symbol !== tick.symbol, `is ${symbol} in list ${this.#list}`, tick)
    const before = this.seqs.get(tick.symbol) ?? 0
    this.#fault(before > 0 && tick.seq !== before + 1, `came after seq ${before}`, tick)
    this.seqs.set(tick.symbol, tick.seq)
  }

  #symbolOf(token: number, list: number): string | undefined {
    return this.#lists[list]?.symbols.get(token)
  }

  #fault(isFault: boolean, why: string, item: PackedTick): void {
    if (isFault && this.faults.length < 10) this.faults.push(`${JSON.stringify(item)} ${why}`)
  }
}

async function start(context: TestContext) {
  const closes = new Closes()
  const options = { ratePerSecond: TICKS_PER_SECOND, onPacket: closes.note }
  const plant = await startPlant(context, options, { 'engine.ring_slots': RING_SLOTS })
  return { closes, plant }
}

/** Syncs a list in which these shares stand for all of their names, and goes on with it. */
async function swapTo(plant: Plant, { shares }: List, names: ReadonlySet<string>) {
  const others = plant.simulator.instruments.filter(
    ({ segment, tradingsymbol }) => segment !== 'NSE' || !names.has(tradingsymbol),
  )
  const file = join(plant.dataDir, 'list.csv')
  writeFileSync(file, [...csvChunks([...shares, ...others])].join(''))
  const storeFolder = join(plant.dataDir, 'store')
  const index = await syncInstruments({ storeFolder, broker: BROKER, source: { file } })
  return plant.engine.feeds[0]!.useIndex(index)
}

test('under 50,000 ticks a second lists are swapped and no tick is lost or mis-assigned', async (context) => {
  const { closes, plant } = await start(context)
  const feed = plant.engine.feeds[0]!
  const all = plant.simulator.instruments.filter(
    ({ segment, instrumentType }) => segment === 'NSE' && instrumentType === 'EQ',
  )
  // The last price of the day before tells a share: those that have it to themselves.
  const client = await StreamClient.open(context, plant, { format: 'msgpack', events: true })
  client.socket.removeAllListeners('message')
  const firstCloses = new Map<string, number>()
  const probe = (data: Buffer, isBinary: boolean) => {
    if (!isBinary) return
    for (const { type, symbol, close } of unpack(data) as PackedTick[]) {
      if (type === undefined) firstCloses.set(symbol, close)
    }
  }
  client.socket.on('message', probe)
  const names = (shares: readonly Instrument[]) =>
    shares.map(({ tradingsymbol }) => ({ exchange: 'NSE', symbol: tradingsymbol }))
  client.send({ action: 'subscribe', symbols: names(all), mode: 'Quote' })
  await until('a tick of every share', () => firstCloses.size === all.length)
  const byClose = new Map(all.map((share) => [firstCloses.get(share.tradingsymbol)!, share]))
  const shares = [...byClose.values()].slice(0, SHARES)
  assert.equal(shares.length, SHARES, 'the simulator lists too few shares that differ')
  client.send({ action: 'unsubscribe', symbols: names(all), mode: 'Quote' })
  await until('nothing is subscribed', () => plant.simulator.stats().subscribedPairs === 0)
  client.socket.off('message', probe)
  assert.equal(feed.wantedCount, 0)

  const [gone] = shares
  const lists = [
    shares,
    turned(shares, 1),
    turned(shares, 3).slice(1),
    turned(shares, 7),
    shares,
  ].map(listOf)
  const watch = new Watch(closes, lists)
  client.socket.on('message', watch.take)
  client.send({ action: 'subscribe', symbols: names(shares), mode: 'Quote' })
  await until('the first ticks', () => watch.ticks > TICKS_PER_LIST)

  const numberOf = ({ tradingsymbol }: Instrument) => feed.catalogue.find('NSE', tradingsymbol)
  const numbers = shares.map(numberOf)
  const everySymbol = Array.from({ length: feed.catalogue.size }, (_, at) =>
    feed.catalogue.symbolOf(at),
  )
  const names_ = new Set(shares.map(({ tradingsymbol }) => tradingsymbol))
  for (const [at, list] of lists.entries()) {
    if (at === 0) continue
    const before = lists[at - 1]!.shares.length
    const { moved, vanished, returned } = await swapTo(plant, list, names_)
    const counts = [moved.length, vanished.length, returned.length]
    assert.deepEqual(counts, EXPECTED_COUNTS[at], `list ${at} after ${before} shares`)
    const pairs = list.shares.length
    await until('what the broker is asked for', () => {
      return plant.simulator.stats().subscribedPairs === pairs
    })
    // Ticks of the list before may still be on their way to the client until then.
    await until(`the first tick of list ${at}`, () => watch.list === at)
    const ticksBefore = watch.ticks
    const goneBefore = watch.seqs.get(gone!.tradingsymbol)
    await until(`ticks of list ${at}`, () => watch.ticks > ticksBefore + TICKS_PER_LIST, 20_000)
    assert.deepEqual(watch.faults, [])
    assert.equal(watch.list, at)
    assert.deepEqual(shares.map(numberOf), numbers)
    everySymbol.forEach((symbol, number) => {
      assert.equal(feed.catalogue.symbolOf(number), symbol)
    })
    const goneTicks = watch.seqs.get(gone!.tradingsymbol)! - goneBefore!
    assert.equal(goneTicks === 0, at === 2, `${goneTicks} ticks of the share of list 2`)
  }
  const { skipped, behind, packetsPerSecond } = plant.simulator.stats()
  context.diagnostic(`${watch.ticks} ticks, ${packetsPerSecond}/s at the end; ${behind} behind`)
  assert.equal(skipped, 0)
  assert.deepEqual([feed.reader.lost, feed.counters().disconnects], [0, 0])
  const line = plant.logs.find(({ msg }) => String(msg).startsWith('the broker no longer lists'))
  assert.deepEqual(line?.symbols, [`NSE:${gone!.tradingsymbol}`])
})

/** Instruments moved, vanished and returned, by the number of the list. */
const EXPECTED_COUNTS = [
  [0, 0, 0],
  [SHARES, 0, 0],
  [SHARES - 1, 1, 0],
  [SHARES - 1, 0, 1],
  [SHARES, 0, 0],
]
