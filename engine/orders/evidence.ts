// What a broker's books say about a write that got no clear reply. Null: nothing yet.
import type { CancelGttAsk, GttRecord, ModifyGttAsk, PlaceGttAsk } from '../../adapters/gtt.ts'
import type { WriteName } from '../../adapters/order-rules.ts'
import type { CancelAsk, ModifyAsk, OrderRecord } from '../../adapters/orders.ts'
import type { Outcome, WriteTask } from './write.ts'

export type BookName = 'orderBook' | 'gttBook'

/** The book that tells of a write. */
export const BOOK_OF = {
  place: 'orderBook',
  modify: 'orderBook',
  cancel: 'orderBook',
  placeGtt: 'gttBook',
  modifyGtt: 'gttBook',
  cancelGtt: 'gttBook',
} as const satisfies Record<WriteName, BookName>

/** A broker's clock may run behind ours by so much, and shows whole seconds. */
export const CLOCK_SLACK_MS = 2000
const BROKER_TIME = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})?$/

const accepted = (id: string): Outcome => ({ outcome: 'accepted', id })
const rejected = (message: string): Outcome => {
  return { outcome: 'rejected', refusal: { code: 'ORDER_ERROR', message } }
}

/** An order book, by what orders are known by. */
export interface OrderIndex {
  readonly byTag: ReadonlyMap<string, OrderRecord>
  readonly byId: ReadonlyMap<string, OrderRecord>
}

/** Indexes an order book, once for all writes that it may tell of. */
export function indexOrders(records: readonly OrderRecord[]): OrderIndex {
  const byTag = new Map<string, OrderRecord>()
  for (const record of records) if (record.tag !== null) byTag.set(record.tag, record)
  return { byTag, byId: new Map(records.map((record) => [record.orderId, record])) }
}

/** An order of ours carries the intent's id as its tag, whenever it turns up. */
export function evidenceOfPlace(intentId: string, { byTag }: OrderIndex): Outcome | null {
  const record = byTag.get(intentId)
  if (record === undefined) return null
  if (record.status !== 'rejected') return accepted(record.orderId)
  return rejected(record.statusMessage ?? 'the order book says rejected')
}

type Terms = Pick<OrderRecord, 'priceType' | 'quantity' | 'validity' | 'price' | 'triggerPrice'>

const ENDED = ['complete', 'rejected', 'cancelled']

function hasTerms(record: Terms, asked: Terms): boolean {
  const { priceType } = asked
  const isPriced = priceType === 'LIMIT' || priceType === 'SL'
  const isTriggered = priceType === 'SL' || priceType === 'SL-M'
  return (
    record.priceType === priceType &&
    record.quantity === asked.quantity &&
    record.validity === asked.validity &&
    (!isPriced || record.price === asked.price) &&
    (!isTriggered || record.triggerPrice === asked.triggerPrice)
  )
}

function evidenceOfModify(
  ask: ModifyAsk,
  { byId }: OrderIndex,
  isOnlyChange: boolean,
): Outcome | null {
  const record = byId.get(ask.orderId)
  if (record === undefined) return null
  if (hasTerms(record, ask)) return accepted(ask.orderId)
  // Another change may have taken the place of this one after it was made.
  if (!ENDED.includes(record.status) || !isOnlyChange) return null
  return rejected(`the order ended as ${record.status}, without the change`)
}

function evidenceOfCancel(ask: CancelAsk, { byId }: OrderIndex): Outcome | null {
  const record = byId.get(ask.orderId)
  if (record === undefined || !ENDED.includes(record.status)) return null
  if (record.status === 'cancelled') return accepted(ask.orderId)
  return rejected(`the order ended as ${record.status} before the cancel`)
}

/** What an order book says about a write of orders. `isOnlyChange`: no other change of its order was ever sent. */
export function evidenceOfOrders(
  { name, ask, intentId }: WriteTask,
  book: OrderIndex,
  isOnlyChange: boolean,
): Outcome | null {
  if (name === 'place') return evidenceOfPlace(intentId, book)
  if (name === 'modify') return evidenceOfModify(ask as ModifyAsk, book, isOnlyChange)
  return evidenceOfCancel(ask as CancelAsk, book)
}

/** Epoch ms of a time as brokers write it, Indian where no zone is told; NaN where it is none. */
export function brokerTimeMs(text: string): number {
  const [, date, time, zone = '+05:30'] = BROKER_TIME.exec(text) ?? []
  return date === undefined ? Number.NaN : Date.parse(`${date}T${time}${zone}`)
}

function hasLegs(record: GttRecord, ask: PlaceGttAsk): boolean {
  const text = (legs: GttRecord['legs']) =>
    legs
      .map(({ triggerPrice, price, quantity }) => `${triggerPrice} ${price} ${quantity}`)
      .sort()
      .join()
  return record.type === ask.type && text(record.legs) === text(ask.legs)
}

/** GTTs carry no tag: one that is the same in all, came since, and belongs to no other write, is the one. */
function evidenceOfPlaceGtt(
  ask: PlaceGttAsk,
  intentAtMs: number,
  records: readonly GttRecord[],
  isTaken: (triggerId: string) => boolean,
): Outcome | null {
  const { brokerExchange, brokerSymbol } = ask.instrument
  const record = records.find(
    (each) =>
      each.brokerExchange === brokerExchange &&
      each.brokerSymbol === brokerSymbol &&
      each.action === ask.action &&
      each.product === ask.product &&
      hasLegs(each, ask) &&
      brokerTimeMs(each.createdAt) >= intentAtMs - CLOCK_SLACK_MS &&
      !isTaken(each.triggerId),
  )
  if (record === undefined) return null
  if (record.status === 'rejected') return rejected('the list of GTTs says rejected')
  return accepted(record.triggerId)
}

/**
 * What a list of GTTs says about a write of them. `isTaken` tells ids that other writes account for; `isOnlyChange`: no
 * other change of its GTT was ever sent.
 */
export function evidenceOfGtts(
  { name, ask }: WriteTask,
  intentAtMs: number,
  records: readonly GttRecord[],
  isTaken: (triggerId: string) => boolean,
  isOnlyChange: boolean,
): Outcome | null {
  if (name === 'placeGtt') {
    return evidenceOfPlaceGtt(ask as PlaceGttAsk, intentAtMs, records, isTaken)
  }
  const { triggerId } = ask as ModifyGttAsk | CancelGttAsk
  const record = records.find((each) => each.triggerId === triggerId)
  // That it is not listed does not say that this write did it.
  if (record === undefined) return null
  const isDone =
    name === 'cancelGtt' ? record.status === 'cancelled' : hasLegs(record, ask as ModifyGttAsk)
  if (isDone) return accepted(triggerId)
  if (record.status === 'active') return null
  if (name === 'modifyGtt' && !isOnlyChange) return null
  return rejected(`the GTT is ${record.status}, without the change`)
}
