// Good-till-triggered orders. Kite Connect v3, "GTT": the condition and the orders travel as JSON inside a form.
import type { Hosts, HttpRequest, Session } from '../broker.ts'
import type { CancelGttAsk, GttRecord, GttType, ModifyGttAsk, PlaceGttAsk } from '../gtt.ts'
import { ACTIONS, type Read, type Write } from '../orders.ts'
import {
  type Fields,
  fieldsOf,
  headersOf,
  idOf,
  instrumentOf,
  listOf,
  numberOf,
  numberOr0,
  oneOf,
  readData,
  readWrite,
  rowsOf,
  textOf,
  textOrNull,
} from './envelope.ts'

const TYPES: Readonly<Record<GttType, string>> = { SINGLE: 'single', OCO: 'two-leg' }

/** What is not here still waits: an order must not vanish because of a word that is new. */
const STATUSES: Readonly<Record<string, GttRecord['status']>> = {
  active: 'active',
  triggered: 'triggered',
  disabled: 'cancelled',
  cancelled: 'cancelled',
  deleted: 'cancelled',
  expired: 'expired',
  rejected: 'rejected',
}

const triggersUrl = ({ rest }: Hosts) => `${rest}/gtt/triggers`
const triggerUrl = (hosts: Hosts, id: string) => `${triggersUrl(hosts)}/${encodeURIComponent(id)}`

/** Kite takes only LIMIT orders here, and tells from the last price on which side of it a trigger lies. */
function formOf({ instrument, type, action, product, legs, lastPrice }: PlaceGttAsk) {
  const named = { exchange: instrument.brokerExchange, tradingsymbol: instrument.brokerSymbol }
  const condition = {
    ...named,
    trigger_values: legs.map(({ triggerPrice }) => triggerPrice),
    last_price: lastPrice,
  }
  const orders = legs.map(({ quantity, price }) => ({
    ...named,
    transaction_type: action,
    quantity,
    order_type: 'LIMIT',
    product,
    price,
  }))
  return {
    type: TYPES[type],
    condition: JSON.stringify(condition),
    orders: JSON.stringify(orders),
  }
}

export const placeGtt: Write<PlaceGttAsk> = {
  request: (hosts, session, ask) => ({
    method: 'POST',
    url: triggersUrl(hosts),
    headers: headersOf(session),
    form: formOf(ask),
  }),
  read: (reply) => readWrite(reply, 'trigger_id', null),
}

export const modifyGtt: Write<ModifyGttAsk> = {
  request: (hosts, session, ask) => ({
    method: 'PUT',
    url: triggerUrl(hosts, ask.triggerId),
    headers: headersOf(session),
    form: formOf(ask),
  }),
  read: (reply, ask) => readWrite(reply, 'trigger_id', ask.triggerId),
}

export const cancelGtt: Write<CancelGttAsk> = {
  request: (hosts, session, ask) => ({
    method: 'DELETE',
    url: triggerUrl(hosts, ask.triggerId),
    headers: headersOf(session),
  }),
  read: (reply, ask) => readWrite(reply, 'trigger_id', ask.triggerId),
}

function gttRecord(fields: Fields, name: string): GttRecord {
  const condition = fieldsOf(fields.condition, `${name}.condition`)
  const triggers = listOf(condition.trigger_values, `${name}.condition.trigger_values`)
  const orders = listOf(fields.orders, `${name}.orders`)
  const orderOf = (at: number) => fieldsOf(orders[at], `${name}.orders[${at}]`)
  const first = orderOf(0)
  const time = (key: string) => textOrNull(fields[key], `${name}.${key}`) ?? ''
  const word = textOf(fields.status, `${name}.status`).toLowerCase()
  return {
    ...instrumentOf(condition, `${name}.condition`),
    triggerId: idOf(fields.id, `${name}.id`),
    type: oneOf(fields.type, Object.values(TYPES), `${name}.type`) === 'single' ? 'SINGLE' : 'OCO',
    status: Object.hasOwn(STATUSES, word) ? STATUSES[word]! : 'active',
    lastPrice: numberOr0(condition.last_price, `${name}.condition.last_price`),
    action: oneOf(first.transaction_type, ACTIONS, `${name}.orders[0].transaction_type`),
    product: textOf(first.product, `${name}.orders[0].product`),
    legs: triggers.map((trigger, at) => ({
      triggerPrice: numberOf(trigger, `${name}.condition.trigger_values[${at}]`),
      price: numberOr0(orderOf(at).price, `${name}.orders[${at}].price`),
      quantity: numberOf(orderOf(at).quantity, `${name}.orders[${at}].quantity`),
    })),
    createdAt: time('created_at'),
    updatedAt: time('updated_at'),
    expiresAt: time('expires_at'),
  }
}

export const gttBook: Read<null, readonly GttRecord[]> = {
  request: (hosts: Hosts, session: Session): HttpRequest => ({
    method: 'GET',
    url: triggersUrl(hosts),
    headers: headersOf(session),
  }),
  read: (reply) => readData(reply, (data) => rowsOf(data, 'data', gttRecord)),
}
