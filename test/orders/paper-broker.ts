// A broker of this project's own making, for tests of what lies between core and broker: plain JSON, and a server with
// faults to order (paper-server.ts). Loaded as a module from outside, in the test and in the threads.
import { type HttpReply, type HttpRequest, unsupported } from '../../adapters/broker.ts'
import { defineBroker } from '../../adapters/define-broker.ts'
import {
  type OrdersSpec,
  PRICE_TYPES,
  PRODUCTS,
  type Read,
  type ReadReply,
  VALIDITIES,
  type Write,
  type WriteReply,
} from '../../adapters/orders.ts'
import { describeFake } from '../feed/fakes/describe-fake.ts'

type Call<Ask> = (ask: Ask) => Pick<HttpRequest, 'method' | 'json'> & { readonly path: string }

function requestOf<Ask>(call: Call<Ask>): Write<Ask>['request'] {
  return (hosts, session, ask) => {
    const { method, path, json } = call(ask)
    const headers = { authorization: session.accessToken }
    return { method, url: `${hosts.rest}${path}`, headers, ...(json === undefined ? {} : { json }) }
  }
}

function readWrite(reply: HttpReply): WriteReply {
  const { id, no, text } = JSON.parse(reply.body)
  if (reply.status === 200 && id !== undefined) return { outcome: 'accepted', id }
  if (no !== undefined) return { outcome: 'rejected', refusal: { code: no, message: text } }
  return { outcome: 'unknown', why: `HTTP ${reply.status}` }
}

const write = <Ask>(call: Call<Ask>): Write<Ask> => ({ request: requestOf(call), read: readWrite })

function readAnswer<Answer>(reply: HttpReply): ReadReply<Answer> {
  const { answer, no, text } = JSON.parse(reply.body)
  if (answer !== undefined) return { answer }
  return { refusal: { code: no, message: text } }
}

const read = <Ask, Answer>(call: Call<Ask>): Read<Ask, Answer> => ({
  request: requestOf(call),
  read: readAnswer<Answer>,
})

const get = (path: string) => () => ({ method: 'GET' as const, path })

const orders: OrdersSpec = {
  products: PRODUCTS,
  priceTypes: PRICE_TYPES,
  validities: VALIDITIES,
  exchanges: ['NSE', 'BSE'],
  rules: {
    ordersPerSecondMax: 10,
    needsStaticIp: false,
    needsMarketProtection: false,
    takesAlgoId: false,
    tagLengthMax: 20,
    modificationsMax: 25,
  },
  quotas: [],
  postback: unsupported('it sends none'),
  writes: {
    place: write((json) => ({ method: 'POST', path: '/orders', json })),
    modify: write((json) => ({ method: 'PUT', path: `/orders/${json.orderId}`, json })),
    cancel: write(({ orderId }) => ({ method: 'DELETE', path: `/orders/${orderId}` })),
    placeGtt: write((json) => ({ method: 'POST', path: '/gtts', json })),
    modifyGtt: write((json) => ({ method: 'PUT', path: `/gtts/${json.triggerId}`, json })),
    cancelGtt: unsupported('GTTs of paper stay'),
  },
  reads: {
    orderBook: read(get('/orders')),
    orderStatus: unsupported('look at the order book'),
    tradeBook: read(get('/trades')),
    positions: read(get('/positions')),
    holdings: read(get('/holdings')),
    funds: read(get('/funds')),
    margin: unsupported('paper needs none'),
    quotes: { ...read(get('/quotes')), instrumentsMax: 10 },
    history: { ...read(get('/history')), intervals: { D: { daysMax: 100 } } },
    gttBook: read(get('/gtts')),
  },
}

// A crash of the adapter's making, where a test asks for one.
const { read: readPlace, request: requestPlace } = orders.writes.place
const writes: OrdersSpec['writes'] = {
  ...orders.writes,
  place: {
    request(hosts, session, ask) {
      if (ask.instrument.symbol === 'UNWRITABLE') throw new Error('unwritable')
      return requestPlace(hosts, session, ask)
    },
    read(reply, ask) {
      if (ask.instrument.symbol === 'CRASH') setImmediate(() => crash())
      if (ask.instrument.symbol === 'GLUTTON') eat()
      return readPlace(reply, ask)
    },
  },
}

function eat(): void {
  const eaten: unknown[] = []
  for (;;) eaten.push(new Array(1_000_000).fill(0.5))
}

function crash(): never {
  throw new Error('crashed as the test asked')
}

export default defineBroker({
  ...describeFake('paper', {
    silenceMsMax: 1000,
    connection: () => {
      throw new Error('paper has no feed')
    },
  }),
  orders: { ...orders, writes },
})
