// The only list of brokers. A worker thread loads its own broker and no other.
import { pathToFileURL } from 'node:url'
import type { BrokerSpec } from './broker.ts'
import { defineBroker } from './define-broker.ts'

export { GTT_TYPES } from './gtt.ts'
export { MANDATORY_INDICES } from './index-names.ts'
export {
  ACTIONS,
  ERROR_CODES,
  ORDER_STATUSES,
  PRICE_TYPES,
  PRODUCTS,
  VALIDITIES,
} from './orders.ts'

type Loader = () => Promise<{ default: BrokerSpec }>

export const BROKERS: Readonly<Record<string, Loader>> = {
  zerodha: () => import('./zerodha/spec.ts'),
  shoonya: () => import('./shoonya/spec.ts'),
  flattrade: () => import('./flattrade/spec.ts'),
  zebu: () => import('./zebu/spec.ts'),
  upstox: () => import('./upstox/spec.ts'),
}

/** The description with the feed of a plan in place of the usual one. */
function withPlan(spec: BrokerSpec, plan: string): BrokerSpec {
  const plans = spec.plans ?? {}
  if (Object.hasOwn(plans, plan)) return { ...spec, feed: plans[plan]! }
  const known = Object.keys(plans)
  const choice = known.length === 0 ? 'it has none' : `it has: ${known.join(', ')}`
  throw new Error(`broker ${spec.id} has no plan ${plan}; ${choice}`)
}

/**
 * Loads a broker by its id, or from a module file outside the project, whose default export passes the same
 * check; with the feed of a plan where one is named. Throws an error that names what is unknown, and what is known.
 */
export async function loadBroker(
  id: string,
  moduleFile?: string,
  plan?: string,
): Promise<BrokerSpec> {
  const spec = await loadSpec(id, moduleFile)
  return plan === undefined ? spec : withPlan(spec, plan)
}

async function loadSpec(id: string, moduleFile: string | undefined): Promise<BrokerSpec> {
  if (moduleFile !== undefined) {
    const loaded = (await import(pathToFileURL(moduleFile).href)) as { default: BrokerSpec }
    const spec = defineBroker(loaded.default)
    if (spec.id !== id) throw new Error(`broker ${id}: ${moduleFile} describes ${spec.id}`)
    return spec
  }
  const load = Object.hasOwn(BROKERS, id) ? BROKERS[id] : undefined
  if (!load) throw new Error(`unknown broker ${id}; known: ${Object.keys(BROKERS).join(', ')}`)
  return (await load()).default
}
