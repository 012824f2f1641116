// Placing, changing and cancelling orders. Kite Connect v3, "Orders".
import type { HttpRequest, Session } from '../broker.ts'
import type { CancelAsk, ModifyAsk, OrderTerms, PlaceAsk, PriceType, Write } from '../orders.ts'
import { headersOf, readWrite } from './envelope.ts'

/** After-market, cover, iceberg and auction orders are other varieties. */
const VARIETY = 'regular'
/** Kite works out how far from the market such an order may trade; without a protection it refuses it. */
const AUTOMATIC = '-1'
const PROTECTED: readonly PriceType[] = ['MARKET', 'SL-M']

function formOf(terms: OrderTerms): Record<string, string> {
  const { priceType, quantity, price, triggerPrice, disclosedQuantity, validity } = terms
  return {
    order_type: priceType,
    quantity: String(quantity),
    // Kite does not take an empty price.
    price: String(price),
    trigger_price: String(triggerPrice),
    disclosed_quantity: String(disclosedQuantity),
    validity,
    ...(PROTECTED.includes(priceType) ? { market_protection: AUTOMATIC } : {}),
  }
}

const orderUrl = (root: string, orderId: string) =>
  `${root}/orders/${VARIETY}/${encodeURIComponent(orderId)}`

export const place: Write<PlaceAsk> = {
  request(hosts, session: Session, ask): HttpRequest {
    const { instrument, action, product, tag, algoId } = ask
    return {
      method: 'POST',
      url: `${hosts.rest}/orders/${VARIETY}`,
      headers: headersOf(session),
      form: {
        exchange: instrument.brokerExchange,
        tradingsymbol: instrument.brokerSymbol,
        transaction_type: action,
        product,
        ...formOf(ask),
        tag,
        ...(algoId === undefined ? {} : { algo_id: algoId }),
      },
    }
  },
  read: (reply) => readWrite(reply, 'order_id', null),
}

export const modify: Write<ModifyAsk> = {
  request: (hosts, session, ask) => ({
    method: 'PUT',
    url: orderUrl(hosts.rest, ask.orderId),
    headers: headersOf(session),
    form: formOf(ask),
  }),
  read: (reply, ask) => readWrite(reply, 'order_id', ask.orderId),
}

export const cancel: Write<CancelAsk> = {
  request: (hosts, session, ask) => ({
    method: 'DELETE',
    url: orderUrl(hosts.rest, ask.orderId),
    headers: headersOf(session),
  }),
  read: (reply, ask) => readWrite(reply, 'order_id', ask.orderId),
}
