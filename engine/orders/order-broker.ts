// A broker of this engine as the gateway needs it.
import type { BrokerSpec, Session } from '../../adapters/broker.ts'
import type { BrokerConfig } from '../../config/schema.ts'
import type { Feed } from '../feed/feed.ts'
import { Catalogue } from '../symbols/catalogue.ts'
import { Details } from '../symbols/details.ts'
import type { Lookup } from '../symbols/lookup/lookup.ts'
import { LookupError } from '../symbols/lookup/lookup-error.ts'
import { TokenIndex } from '../symbols/token-index.ts'
import type { Instruments } from './admission.ts'
import type { OrderBroker } from './desk.ts'
import { limitsOf } from './limits.ts'

/** The shared blocks of one generation. */
export interface InstrumentBlocks {
  readonly catalogue: SharedArrayBuffer
  readonly tokens: SharedArrayBuffer
  readonly details: SharedArrayBuffer
}

export interface OrderBrokerParts {
  readonly spec: BrokerSpec
  readonly config: BrokerConfig
  readonly feed: Pick<Feed, 'router'>
  readonly lookup: Pick<Lookup, 'ask'>
  readonly blocks: InstrumentBlocks
  readonly session: () => Session | null
}

/** Makes the gateway's view of a broker; `useIndex` takes it over to a new generation, all of it at once. */
export function orderBrokerOf(
  parts: OrderBrokerParts,
): OrderBroker & { useIndex(blocks: InstrumentBlocks): void } {
  const { spec, config, feed, lookup, session } = parts
  let instruments = openBlocks(parts.blocks)
  return {
    spec,
    limits: limitsOf(config.limits),
    staticIpAcknowledged: config.static_ip_acknowledged ?? false,
    algoId: config.algo_id ?? null,
    session,
    instruments: () => instruments,
    lastPrice: (instrument) => feed.router.lastPrice(instrument),
    async findName(exchange, brokerSymbol) {
      // A book is worth more with the broker's names than not at all.
      const found = await lookup
        .ask(spec.id, 'brokerSymbol', { exchange, brokerSymbol })
        .catch((error: unknown) => {
          if (error instanceof LookupError) return null
          throw error
        })
      return found === null ? null : { exchange: found.exchange, symbol: found.symbol }
    },
    useIndex(blocks) {
      instruments = openBlocks(blocks)
    },
  }
}

function openBlocks({ catalogue, tokens, details }: InstrumentBlocks): Instruments {
  return {
    catalogue: new Catalogue(catalogue),
    tokens: new TokenIndex(tokens),
    details: new Details(details),
  }
}
