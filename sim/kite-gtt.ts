// Good-till-triggered orders over REST. Kite Connect v3, "GTT orders".
import type { Account } from './account.ts'
import { indianTime } from './calendar.ts'
import type { Contract } from './contracts.ts'
import { Form } from './form.ts'
import { expiresMs, type Trigger, type TriggerLeg, type TriggerTerms } from './gtt.ts'
import type { Call, Route } from './kite-call.ts'
import { badInput, EXCHANGES, findContract, priceUnits, productsOf } from './kite-order-form.ts'
import { tidy, USER_ID } from './kite-records.ts'
import { Refusal } from './kite-sessions.ts'

const LEGS = { single: 1, 'two-leg': 2 } as const

export const GTT_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: /^\/gtt\/triggers$/,
    operation: 'placeGtt',
    kind: 'other',
    handle: place,
  },
  {
    method: 'PUT',
    path: /^\/gtt\/triggers\/(\w+)$/,
    operation: 'modifyGtt',
    kind: 'other',
    handle: modify,
  },
  {
    method: 'DELETE',
    path: /^\/gtt\/triggers\/(\w+)$/,
    operation: 'cancelGtt',
    kind: 'other',
    handle: remove,
  },
  {
    method: 'GET',
    path: /^\/gtt\/triggers$/,
    operation: 'gttBook',
    kind: 'other',
    handle: ({ context }) => [...context.triggers.all].map(triggerRow),
  },
  {
    method: 'GET',
    path: /^\/gtt\/triggers\/(\w+)$/,
    operation: 'gtt',
    kind: 'other',
    handle: (call) => triggerRow(find(call)),
  },
]

type Fields = Readonly<Record<string, unknown>>

function find({ context, parts }: Call): Trigger {
  const trigger = context.triggers.find(Number(parts[0]))
  if (trigger !== undefined) return trigger
  throw new Refusal(404, 'DataException', 'Trigger not found.')
}

function findActive(call: Call): Trigger {
  const trigger = find(call)
  if (trigger.status === 'active') return trigger
  throw new Refusal(400, 'InputException', `Trigger is ${trigger.status}.`)
}

/** A field that holds JSON. */
function readJson(form: Form, name: string): unknown {
  try {
    return JSON.parse(form.text(name))
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw badInput(`Invalid \`${name}\`: it is not JSON.`)
  }
}

function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw badInput(`Invalid \`${name}\`.`)
}

function oneOf<Value extends string>(fields: Fields, name: string, values: readonly Value[]) {
  const value = fields[name]
  if (values.includes(value as Value)) return value as Value
  throw badInput(`Invalid \`${name}\`.`)
}

function units(contract: Contract, value: unknown, name: string): number {
  if (typeof value !== 'number' || !(value > 0 && value < 1e7)) {
    throw badInput(`Invalid \`${name}\`.`)
  }
  return priceUnits(contract, value)
}

function readLeg(given: unknown, contract: Contract): TriggerLeg {
  const fields = fieldsOf(given, 'orders')
  const { exchange, tradingsymbol, quantity } = fields
  if (exchange !== contract.exchange || tradingsymbol !== contract.tradingsymbol) {
    throw badInput('Invalid `orders`: they must be of the instrument of the condition.')
  }
  oneOf(fields, 'order_type', ['LIMIT'])
  const isWhole = Number.isInteger(quantity) && (quantity as number) > 0
  if (!isWhole || (quantity as number) % contract.lotSize !== 0) {
    throw badInput(`Order quantity should be a multiple of lot size ${contract.lotSize}.`)
  }
  return {
    side: oneOf(fields, 'transaction_type', ['BUY', 'SELL']),
    product: oneOf(fields, 'product', productsOf(contract.exchange)),
    quantity: quantity as number,
    price: units(contract, fields.price, 'price'),
  }
}

/** Both legs lie around the last price, and a single one is not at it. */
function checkValues(values: readonly number[], last: number): void {
  const [low, high = Number.POSITIVE_INFINITY] = values as [number, number?]
  if (values.length === 1 && low === last) {
    throw badInput('Trigger price was too close to the last price.')
  }
  if (values.length === 2 && !(low < last && last < high)) {
    throw badInput('Trigger cannot be created: the last price must lie between the trigger values.')
  }
}

function readTerms(account: Account, body: string): TriggerTerms {
  const form = new Form(body, badInput)
  const type = form.oneOf('type', ['single', 'two-leg'] as const)
  const condition = fieldsOf(readJson(form, 'condition'), 'condition')
  const orders = readJson(form, 'orders')
  const exchange = oneOf(condition, 'exchange', EXCHANGES)
  const contract = findContract(account, exchange, String(condition.tradingsymbol))
  const given = condition.trigger_values
  if (!Array.isArray(given) || given.length !== LEGS[type]) {
    throw badInput('Invalid `trigger_values`.')
  }
  if (!Array.isArray(orders) || orders.length !== LEGS[type]) throw badInput('Invalid `orders`.')
  const values = given.map((value) => units(contract, value, 'trigger_values'))
  const last = condition.last_price
  if (typeof last !== 'number' || !(last > 0)) throw badInput('Invalid `last_price`.')
  const lastUnits = Math.round(last * contract.unitsPerRupee)
  checkValues(values, lastUnits)
  const legs = orders.map((order) => readLeg(order, contract))
  return { type, contract, values, last: lastUnits, legs }
}

/** Makes the change now or later, and tells the trigger's id. */
function change({ postpone }: Call, id: number, make: () => void): object {
  if (postpone === undefined) make()
  else postpone(make)
  return { trigger_id: id }
}

function place(call: Call): object {
  const { triggers, account, clock } = call.context
  if (triggers.isFull) throw badInput('Maximum allowed triggers exceeded.')
  const terms = readTerms(account, call.body)
  const id = triggers.nextId()
  return change(call, id, () => triggers.place(id, terms, clock()))
}

function modify(call: Call): object {
  const { triggers, account, clock } = call.context
  const trigger = findActive(call)
  const terms = readTerms(account, call.body)
  if (terms.contract !== trigger.terms.contract) throw badInput('Invalid `tradingsymbol`.')
  return change(call, trigger.id, () => {
    if (trigger.status === 'active') triggers.modify(trigger, terms, clock())
  })
}

function remove(call: Call): object {
  const { triggers, clock } = call.context
  const trigger = findActive(call)
  return change(call, trigger.id, () => {
    if (trigger.status === 'active') triggers.delete(trigger, clock())
  })
}

/** What became of a leg, as part of its order. */
function resultOf({ result, terms }: Trigger, at: number): object | null {
  if (result?.leg !== at) return null
  const { contract, legs } = terms
  const rupees = (value: number) => tidy(value / contract.unitsPerRupee)
  return {
    account_id: USER_ID,
    ...legRow(contract, legs[at]!),
    validity: 'DAY',
    meta: '{}',
    timestamp: indianTime(result.atMs),
    triggered_at: rupees(result.triggeredAt),
    order_result: {
      status: result.rejection === null ? 'success' : 'failed',
      order_id: result.orderId ?? '',
      rejection_reason: result.rejection ?? '',
    },
  }
}

function legRow(contract: Contract, { side, product, quantity, price }: TriggerLeg) {
  return {
    exchange: contract.exchange,
    tradingsymbol: contract.tradingsymbol,
    product,
    order_type: 'LIMIT',
    transaction_type: side,
    quantity,
    price: tidy(price / contract.unitsPerRupee),
  }
}

function triggerRow(trigger: Trigger): object {
  const { terms } = trigger
  const { contract } = terms
  const rupees = (value: number) => tidy(value / contract.unitsPerRupee)
  return {
    id: trigger.id,
    user_id: USER_ID,
    parent_trigger: null,
    type: terms.type,
    created_at: indianTime(trigger.createdMs),
    updated_at: indianTime(trigger.updatedMs),
    expires_at: indianTime(expiresMs(trigger)),
    status: trigger.status,
    condition: {
      exchange: contract.exchange,
      last_price: rupees(terms.last),
      tradingsymbol: contract.tradingsymbol,
      trigger_values: terms.values.map(rupees),
      instrument_token: contract.token,
    },
    orders: terms.legs.map((leg, at) => ({
      ...legRow(contract, leg),
      result: resultOf(trigger, at),
    })),
    meta: {},
  }
}
