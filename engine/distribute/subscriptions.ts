// Subscribing and unsubscribing: from the instruments that a request names to what the client holds.
import type { Mode } from '../../codecs/tick.ts'
import type { Feed } from '../feed/feed.ts'
import { type Client, modesIn } from './client.ts'
import { MODE_LABELS, readMode } from './mode.ts'
import {
  actionOf,
  errorReply,
  type Message,
  type ProtocolContext,
  REPLIED,
  requestId,
  type Work,
} from './reply.ts'
import type { Source } from './source.ts'

const SLICE = 128
const DEPTH_DEFAULT = 5
const MODE_DEFAULT = 2

interface Item {
  readonly symbol: string
  readonly exchange: string
  readonly mode: unknown
}

/** The instruments a request names, in the array or the single form; items without symbol or exchange are left out. */
function itemsOf(message: Message): { items: Item[]; isArray: boolean } | null {
  const list = message.symbols ?? message.instruments
  if (Array.isArray(list) && list.length > 0) {
    const items = list.filter((item) => isName(item?.symbol) && isName(item?.exchange)) as Item[]
    return { items, isArray: true }
  }
  const { symbol, exchange, mode } = message
  if (!isName(symbol) || !isName(exchange)) return null
  return { items: [{ symbol, exchange, mode }], isArray: false }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Subscribes to what a request names; replies by itself, so that the last values come after the reply. */
export function* subscribe(client: Client, message: Message, context: ProtocolContext): Work {
  const source = client.source!
  const mode = readMode(message.mode ?? MODE_DEFAULT)
  if ('error' in mode) return errorReply('INVALID_MODE', mode.error, message)
  const request = itemsOf(message)
  if (request === null) {
    return errorReply('INVALID_PARAMETERS', 'At least one symbol must be specified', message)
  }
  const max = context.symbolsPerClientMax
  if (request.items.length > max) {
    const text = `${request.items.length} symbols in one request; at most ${max} are allowed`
    return errorReply('INVALID_PARAMETERS', text, message)
  }
  const depth = readDepth(message)
  const subscriptions: object[] = []
  const added: Added[] = []
  let isPartial = false
  for (const item of request.items) {
    if (subscriptions.length % SLICE === SLICE - 1) yield
    const { symbol, exchange } = item
    const itemMode = modeOfItem(item, mode.mode)
    const outcome = hold(client, source, exchange, symbol, itemMode, max)
    if ('error' in outcome) {
      isPartial = true
      subscriptions.push(failure(item, outcome.error, source.feed.id))
      continue
    }
    const { instrument, feed } = outcome
    added.push({ instrument, mode: itemMode, feed, seq: feed.router.lastSeq(instrument) })
    subscriptions.push({
      symbol,
      exchange,
      status: 'success',
      mode: MODE_LABELS[itemMode],
      depth: Math.min(depth, feed.spec.feed.depthLevels),
      broker: feed.id,
    })
  }
  client.reply({
    type: 'subscribe',
    status: isPartial ? 'partial' : 'success',
    subscriptions,
    message: 'Subscription processing complete',
    broker: source.feed.id,
    ...requestId(message),
  })
  yield* sendSnapshots(client, added)
  return REPLIED
}

interface Added {
  readonly instrument: number
  readonly mode: Mode
  readonly feed: Feed
  /** Seq of the last value when the client came; 0 where there was none. */
  readonly seq: number
}

/** Sends the last values that the client came too late for; a tick that flowed meanwhile stands for its own. */
function* sendSnapshots(client: Client, added: readonly Added[]) {
  let sent = 0
  for (const { instrument, mode, feed, seq } of added) {
    if (++sent % SLICE === 0) yield
    const isHeld = ((client.held.get(instrument) ?? 0) & (1 << mode)) !== 0
    if (isHeld && seq > 0 && feed.router.lastSeq(instrument) === seq) {
      feed.router.sendSnapshot(instrument, mode, client, feed.scratch)
    }
  }
}

function failure(item: Item, message: string, broker: string): object {
  return { symbol: item.symbol, exchange: item.exchange, status: 'error', message, broker }
}

function readDepth(message: Message): number {
  const depth = message.depth ?? message.depth_level
  return typeof depth === 'number' && depth >= 1 ? Math.floor(depth) : DEPTH_DEFAULT
}

function modeOfItem(item: Item, fallback: Mode): Mode {
  if (item.mode === undefined) return fallback
  const mode = readMode(item.mode)
  return 'error' in mode ? fallback : mode.mode
}

/** Adds one instrument and mode to what the client holds; holding it already is success too. */
function hold(
  client: Client,
  source: Source,
  exchange: string,
  symbol: string,
  mode: Mode,
  symbolsMax: number,
): { instrument: number; feed: Feed } | { error: string } {
  const instrument = source.find(exchange, symbol)
  if (instrument < 0) {
    const shown = `${symbol.slice(0, 80)} not found for exchange ${exchange.slice(0, 20)}`
    return { error: `Symbol ${shown}` }
  }
  const bits = client.held.get(instrument) ?? 0
  if ((bits & (1 << mode)) !== 0) return { instrument, feed: source.feedOf(instrument) }
  if (bits === 0 && client.held.size >= symbolsMax) {
    return { error: `This client holds ${symbolsMax} symbols, which is the most allowed` }
  }
  const feed = source.hold(instrument, mode, client)
  if (feed === null) {
    const { id, spec } = source.feedOf(instrument)
    const { socketsMax, instrumentsPerSocket } = spec.feed
    const limit = `${socketsMax} sockets of ${instrumentsPerSocket} instruments`
    return { error: `The capacity of ${id} is spent (${limit}); unsubscribe others first` }
  }
  client.held.set(instrument, bits | (1 << mode))
  return { instrument, feed }
}

/** Leaves what a request names, or everything. */
export function* unsubscribe(client: Client, message: Message): Work {
  const source = client.source!
  const successful: object[] = []
  const failed: object[] = []
  const leave = (item: Pick<Item, 'symbol' | 'exchange'>, modes: readonly Mode[], n: number) => {
    const { symbol, exchange } = item
    const broker = n < 0 ? source.feed.id : source.feedOf(n).id
    for (const mode of modes) letGo(client, source, n, mode)
    successful.push({ symbol, exchange, status: 'success', broker })
  }
  if (actionOf(message) === 'unsubscribe_all') {
    for (const [instrument, bits] of [...client.held]) {
      if (successful.length % SLICE === SLICE - 1) yield
      const { catalogue } = source.feedOf(instrument)
      const symbol = catalogue.symbolOf(instrument)
      const exchange = catalogue.exchangeOf(instrument)
      leave({ symbol, exchange }, modesIn(bits), instrument)
    }
  } else {
    const request = itemsOf(message)
    if (request === null) {
      const text = 'Either symbols or unsubscribe_all is required'
      return errorReply('INVALID_PARAMETERS', text, message)
    }
    if (!request.isArray && message.mode !== undefined) {
      const mode = readMode(message.mode)
      if ('error' in mode) return errorReply('INVALID_MODE', mode.error, message)
    }
    for (const item of request.items) {
      if (successful.length % SLICE === SLICE - 1) yield
      // Also an instrument that the broker no longer lists can be left.
      const instrument = source.known(item.exchange, item.symbol)
      const given = item.mode ?? message.mode
      const mode = given === undefined ? null : readMode(given)
      if (mode === null) leave(item, modesIn(client.held.get(instrument) ?? 0), instrument)
      else if ('error' in mode) failed.push(failure(item, mode.error, source.feed.id))
      else leave(item, [mode.mode], instrument)
    }
  }
  const some = successful.length > 0 ? 'partial' : 'error'
  return {
    type: 'unsubscribe',
    status: failed.length === 0 ? 'success' : some,
    message: 'Unsubscription processing complete',
    successful,
    failed,
    broker: source.feed.id,
    ...requestId(message),
  }
}

function letGo(client: Client, source: Source, instrument: number, mode: Mode): void {
  const bits = client.held.get(instrument) ?? 0
  if ((bits & (1 << mode)) === 0) return
  const rest = bits & ~(1 << mode)
  if (rest === 0) client.held.delete(instrument)
  else client.held.set(instrument, rest)
  source.release(instrument, mode, client)
}
