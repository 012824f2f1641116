// OpenAlgo's WebSocket protocol: what a client may ask and what it is answered. Long work is a generator that
// yields between slices, so that a client with thousands of symbols does not hold the loop; the messages of one
// client are worked off strictly one after another.
import { nowMs } from '../clock.ts'
import type { Feed } from '../feed/feed.ts'
import type { Client } from './client.ts'
import {
  actionOf,
  errorReply,
  type Message,
  type ProtocolContext,
  requestId,
  type Work,
} from './reply.ts'
import { subscribe, unsubscribe } from './subscriptions.ts'

type Handler = (client: Client, message: Message, context: ProtocolContext) => object | Work

const ACTIONS: Readonly<Record<string, { readonly needsKey: boolean; readonly run: Handler }>> = {
  authenticate: { needsKey: false, run: authenticate },
  auth: { needsKey: false, run: authenticate },
  subscribe: { needsKey: true, run: subscribe },
  unsubscribe: { needsKey: true, run: unsubscribe },
  unsubscribe_all: { needsKey: true, run: unsubscribe },
  subscribe_orders: { needsKey: true, run: subscribeOrders },
  unsubscribe_orders: { needsKey: true, run: unsubscribeOrders },
  get_broker_info: { needsKey: true, run: brokerInfo },
  get_supported_brokers: { needsKey: false, run: supportedBrokers },
  ping: { needsKey: false, run: pong },
}

/** Starts the work that a text frame asks for. */
export function* handleText(client: Client, text: string, context: ProtocolContext): Work {
  let message: Message
  try {
    message = JSON.parse(text) as Message
  } catch {
    return errorReply('INVALID_JSON', 'Invalid JSON message')
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return errorReply('INVALID_JSON', 'A message must be a JSON object')
  }
  const name = actionOf(message)
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
  if (action === undefined) {
    return errorReply('INVALID_ACTION', `Invalid action: ${name.slice(0, 80)}`, message)
  }
  if (action.needsKey && client.keyId === null) {
    return errorReply('NOT_AUTHENTICATED', 'You must authenticate first', message)
  }
  const outcome = action.run(client, message, context)
  return isWork(outcome) ? yield* outcome : outcome
}

function isWork(outcome: object | Work): outcome is Work {
  return Symbol.iterator in outcome
}

function authenticate(client: Client, message: Message, context: ProtocolContext): object {
  const failed = (text: string) => ({
    type: 'auth',
    ...errorReply('AUTHENTICATION_ERROR', text, message),
  })
  const key = message.api_key ?? message.apikey ?? message.token
  if (typeof key !== 'string' || key === '') return failed('API key is required')
  const record = context.verifyKey(key)
  if (record === null) return failed('Invalid API key')
  if (!record.scopes.includes('read')) return failed('This API key may not read market data')
  const wanted = message.broker
  const source = wanted === undefined ? context.supply : context.sources.get(String(wanted))
  if (source === undefined) {
    return errorReply('BROKER_ERROR', 'No broker configuration found for user', message)
  }
  const format = message.format ?? 'json'
  if (format !== 'json' && format !== 'msgpack') {
    const text = `Invalid format '${String(format).slice(0, 40)}'; expected 'json' or 'msgpack'`
    return errorReply('INVALID_PARAMETERS', text, message)
  }
  // Encoding and broker belong to a subscription, so what was held before goes.
  if (client.source !== source || client.isPacked !== (format === 'msgpack')) client.release()
  client.keyId = record.id
  client.keyName = record.name
  client.source = source
  client.isPacked = format === 'msgpack'
  client.wantsEvents = message.events === true
  return {
    type: 'auth',
    status: 'success',
    message: 'Authentication successful',
    broker: source.feed.id,
    user_id: source.feed.userId || record.name,
    supported_features: { ltp: true, quote: true, depth: true },
    ...(message.format === undefined ? {} : { format }),
    ...(message.events === undefined ? {} : { events: client.wantsEvents }),
    ...requestId(message),
  }
}

/** Order updates of all brokers that the client streams from, until it leaves. */
function subscribeOrders(client: Client, message: Message, context: ProtocolContext): object {
  const source = client.source!
  const feeds = [...context.sources.values()].map(({ feed }) => feed)
  const isAny = feeds.some((feed) => source.includes(feed) && hasOrders(feed))
  if (!isAny) {
    const { orders } = source.feed.spec
    const why = 'unsupported' in orders ? orders.unsupported : 'no broker has them'
    return errorReply('BROKER_ERROR', `Order updates are not available: ${why}`, message)
  }
  client.wantsOrders = true
  return {
    type: 'subscribe_orders',
    status: 'success',
    message: 'Subscribed to order updates',
    ...requestId(message),
  }
}

const hasOrders = ({ spec }: Feed) => !('unsupported' in spec.orders)

function unsubscribeOrders(client: Client, message: Message): object {
  client.wantsOrders = false
  return {
    type: 'unsubscribe_orders',
    status: 'success',
    message: 'Unsubscribed from order updates',
    ...requestId(message),
  }
}

function brokerInfo(client: Client, message: Message): object {
  const { feed } = client.source!
  return {
    type: 'broker_info',
    status: 'success',
    broker: feed.id,
    adapter_status: feed.isConnected ? 'connected' : 'disconnected',
    user_id: feed.userId || client.keyName,
    ...requestId(message),
  }
}

function supportedBrokers(_client: Client, message: Message, context: ProtocolContext): object {
  const brokers = [...context.brokerIds].sort()
  return {
    type: 'supported_brokers',
    status: 'success',
    brokers,
    count: brokers.length,
    ...requestId(message),
  }
}

function pong(_client: Client, message: Message): object {
  const { timestamp, _pingId } = message
  return {
    type: 'pong',
    status: 'success',
    server_timestamp: nowMs(),
    ...(timestamp === undefined ? {} : { client_timestamp: timestamp }),
    ...(_pingId === undefined ? {} : { _pingId }),
    ...requestId(message),
  }
}
