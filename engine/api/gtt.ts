// OpenAlgo's endpoints for orders that wait for a price.
import { z } from 'zod'
import type { GatewayAnswer } from '../orders/refusal.ts'
import { okOf, RestFailure } from './failures.ts'
import { choice, FIELDS, number, shortText, text } from './fields.ts'
import { listReply } from './list-reply.ts'
import { priceAt } from './numbers.ts'
import { accountOf, type OrderContext } from './order-context.ts'
import { fractionOf, idText } from './order-fields.ts'
import { jsonReply } from './reply.ts'
import { type Endpoint, endpoint, type Messages } from './rest.ts'
import { WRITE } from './write-endpoint.ts'

const { apikey, broker, exchange, symbol } = FIELDS
const NO_MIS = 'GTT supports only CNC (delivery) or NRML (overnight F&O); MIS is intraday-only.'

/** Text that stands for nothing in OpenAlgo's clients. */
const absentAsEmpty = <Type extends z.ZodType>(type: Type, absent: unknown) =>
  z.preprocess((value) => (value === '' ? absent : value), type)

const trigger = (name: string) =>
  absentAsEmpty(
    number()
      .refine((value) => value >= 0, `${name} must be non-negative.`)
      .nullish(),
    0,
  ).meta({ description: 'Rupees; 0 or nothing for none' })
const limit = () =>
  absentAsEmpty(number().nullish(), null).meta({ description: 'Rupees; for OCO only' })

const FIELDS_OF_GTT = {
  apikey,
  strategy: shortText(),
  trigger_type: text().meta({ description: 'SINGLE or OCO' }),
  exchange,
  symbol,
  action: choice(['BUY', 'SELL', 'buy', 'sell']),
  product: choice(['NRML', 'CNC'], NO_MIS),
  quantity: number().refine((value) => value > 0, 'Quantity must be a positive number.'),
  pricetype: choice(['LIMIT', 'MARKET']).default('LIMIT'),
  price: number()
    .refine((value) => value >= 0, 'Price must be a non-negative number.')
    .meta({ description: 'Rupees, for SINGLE; not used for OCO' }),
  triggerprice_sl: trigger('triggerprice_sl'),
  triggerprice_tg: trigger('triggerprice_tg'),
  stoploss: limit(),
  target: limit(),
  broker,
  client_order_id: shortText().optional(),
}
// What is not known is not looked at here, unlike everywhere else.
const placeFields = z.object({
  ...FIELDS_OF_GTT,
  expires_at: text().nullish().meta({ description: "Not used: the broker's own expiry holds" }),
})
const modifyFields = z.object({ ...FIELDS_OF_GTT, trigger_id: idText() })
const cancelFields = z.strictObject({
  apikey,
  strategy: shortText(),
  trigger_id: idText(),
  broker,
})
type GttFields = z.infer<typeof placeFields> | z.infer<typeof modifyFields>

/** What an order of two legs needs, with OpenAlgo's words for what is missing. */
const NEEDED = [
  ['triggerprice_sl', 'Required for OCO (stoploss trigger).'],
  ['stoploss', 'Required for OCO (stoploss leg limit).'],
  ['triggerprice_tg', 'Required for OCO (target trigger).'],
  ['target', 'Required for OCO (target leg limit).'],
] as const
const ORDER_OF_LEGS = 'Stoploss trigger must be less than target trigger (triggerprice_tg).'
const NO_TRIGGER = 'SINGLE GTT requires a positive triggerprice_sl or triggerprice_tg.'

function check(fields: GttFields): Messages | null {
  const type = fields.trigger_type.toUpperCase()
  const below = fields.triggerprice_sl ?? 0
  const above = fields.triggerprice_tg ?? 0
  if (type === 'OCO') {
    const missing = NEEDED.find(([name]) => !fields[name])
    if (missing !== undefined) return { [missing[0]]: [missing[1]] }
    if (below >= above) return { triggerprice_sl: [ORDER_OF_LEGS] }
  } else if (type !== 'SINGLE') return { trigger_type: ["Must be 'SINGLE' or 'OCO'."] }
  else if (below === 0 && above === 0) return { triggerprice_sl: [NO_TRIGGER] }
  return fractionOf(fields)
}

/** The gateway takes no null for what is absent. */
function asked({ apikey, stoploss, target, ...fields }: GttFields): object {
  return {
    ...fields,
    triggerprice_sl: fields.triggerprice_sl ?? 0,
    triggerprice_tg: fields.triggerprice_tg ?? 0,
    ...(stoploss ? { stoploss } : {}),
    ...(target ? { target } : {}),
  }
}

/** The answer; a broker that has no such orders is told of in OpenAlgo's words. */
function gttOf<Ok>(told: GatewayAnswer<Ok>, account: string | undefined): Ok {
  if ('error' in told && told.error.code === 'UNSUPPORTED' && account !== undefined) {
    const message = `GTT orders are not supported for broker '${account}' yet`
    throw new RestFailure(501, message, { broker: account, detail: told.error.message })
  }
  return okOf(told, account)
}

const SENT = z.object({ status: z.literal('success'), trigger_id: z.string() })
const REFUSALS = { ...WRITE.refusals, 501: 'The broker has no such orders' }

function writeEndpoint<Schema extends z.ZodObject>(
  context: OrderContext,
  name: string,
  summary: string,
  request: Schema,
  check: ((fields: z.infer<Schema>) => Messages | null) | null,
  send: (
    fields: z.infer<Schema>,
    caller: { keyId: string },
  ) => Promise<GatewayAnswer<{ orderid: string }>>,
): Endpoint {
  return endpoint({
    ...WRITE,
    name,
    summary,
    rate: 'order',
    refusals: REFUSALS,
    request,
    success: SENT,
    ...(check === null ? {} : { check }),
    async answer(fields, caller) {
      const told = await send(fields, caller)
      const account = accountOf(context, fields.broker as string | undefined)
      return jsonReply(200, { status: 'success', trigger_id: gttOf(told, account).orderid })
    },
  })
}

const bookEndpoint = (context: OrderContext) =>
  endpoint({
    name: 'gttorderbook',
    method: 'POST',
    summary: 'All orders that wait for a price, or did',
    refusals: { 501: 'The broker has no such orders' },
    request: z.strictObject({ apikey, broker }),
    success: z.object({
      data: z.array(
        z.object({
          created_at: z.string(),
          exchange: z.string(),
          expires_at: z.string(),
          last_price: z.number(),
          legs: z.array(
            z.object({
              action: z.string(),
              price: z.number(),
              pricetype: z.string(),
              product: z.string(),
              quantity: z.number(),
            }),
          ),
          status: z.enum(['active', 'triggered', 'cancelled', 'expired', 'rejected']),
          symbol: z.string(),
          trigger_id: z.string(),
          trigger_prices: z.array(z.number()),
          trigger_type: z.enum(['single', 'two-leg']),
          updated_at: z.string(),
        }),
      ),
      status: z.literal('success'),
    }),
    async answer({ broker }) {
      const told = await context.gateway.gttBook({ broker })
      const rows = gttOf(told, accountOf(context, broker))
      return listReply('{"data":', rows, writeGtt, ',"status":"success"}')
    },
  })

type Told = Awaited<ReturnType<OrderContext['gateway']['gttBook']>>
type GttRow = Extract<Told, { ok: unknown }>['ok'][number]

function writeGtt(row: GttRow): object {
  const { exchange } = row
  return {
    created_at: row.created_at,
    exchange,
    expires_at: row.expires_at,
    last_price: priceAt(exchange, row.last_price),
    legs: row.legs.map(({ action, price, pricetype, product, quantity }) => {
      return { action, price: priceAt(exchange, price), pricetype, product, quantity }
    }),
    status: row.status,
    symbol: row.symbol,
    trigger_id: row.trigger_id,
    trigger_prices: row.trigger_prices.map((price) => priceAt(exchange, price)),
    trigger_type: row.trigger_type,
    updated_at: row.updated_at,
  }
}

/** OpenAlgo's endpoints for orders that wait for a price. */
export function gttEndpoints(context: OrderContext): Endpoint[] {
  const { gateway } = context
  return [
    writeEndpoint(
      context,
      'placegttorder',
      'Place an order that waits for a price, or for one of two',
      placeFields,
      check,
      (fields, caller) => gateway.placeGtt(asked(fields), caller),
    ),
    writeEndpoint(
      context,
      'modifygttorder',
      'Change such an order; the fields are its whole new state',
      modifyFields,
      check,
      (fields, caller) => gateway.modifyGtt(asked(fields), caller),
    ),
    writeEndpoint(
      context,
      'cancelgttorder',
      'Cancel such an order, with both its legs',
      cancelFields,
      null,
      ({ apikey, ...fields }, caller) => gateway.cancelGtt(fields, caller),
    ),
    bookEndpoint(context),
  ]
}
