// The only list of brokers. A worker thread loads its own broker and no other.
import { pathToFileURL } from 'node:url'
import { type BrokerSpec, defineBroker } from './broker.ts'

export { MANDATORY_INDICES } from './index-names.ts'

type Loader = () => Promise<{ default: BrokerSpec }>

export const BROKERS: Readonly<Record<string, Loader>> = {
  zerodha: () => import('./zerodha/spec.ts'),
}

/**
 * Loads a broker by its id, or from a module file outside the project, whose default export passes the same
 * check. Throws an error that names the id and what is known.
 */
export async function loadBroker(id: string, moduleFile?: string): Promise<BrokerSpec> {
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
