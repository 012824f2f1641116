// The brokers of one thread, each with its connections.
import type { BrokerSpec, Session } from '../../adapters/broker.ts'
import type { OrdersSpec } from '../../adapters/orders.ts'
import { loadBroker } from '../../adapters/registry.ts'
import { secretHider } from '../feed/secrets.ts'
import { BrokerClient } from './broker-client.ts'
import type { BrokerPlan, LinePlan, ThreadNote } from './plan.ts'

/** One broker as a thread calls it. */
export interface BrokerLine {
  readonly plan: BrokerPlan
  readonly spec: BrokerSpec
  /** Null where the broker takes no orders. */
  readonly orders: OrdersSpec | null
  readonly client: BrokerClient
  hiderFor(session: Session): (text: string) => string
}

/** Loads the brokers of a plan; connections are opened when they are needed. */
export async function openLines(
  plan: LinePlan,
  tell: (note: ThreadNote) => void,
): Promise<ReadonlyMap<string, BrokerLine>> {
  const lines = await Promise.all(plan.brokers.map((broker) => openLine(plan, broker, tell)))
  return new Map(lines.map((line) => [line.plan.id, line]))
}

async function openLine(
  { localAddress, probeIntervalMs, warmConnections }: LinePlan,
  plan: BrokerPlan,
  tell: (note: ThreadNote) => void,
): Promise<BrokerLine> {
  const spec = await loadBroker(plan.id, plan.brokerModule, plan.plan)
  const client = new BrokerClient({
    root: plan.hosts.rest,
    localAddress,
    probeIntervalMs,
    warmConnections,
    onProbe(problem) {
      if (problem === null)
        tell({
          level: 'info',
          text: 'the broker can be reached again',
          fields: { broker: plan.id },
        })
      else
        tell({
          level: 'warn',
          text: 'the broker cannot be reached',
          fields: { broker: plan.id, problem },
        })
    },
  })
  return {
    plan,
    spec,
    orders: 'unsupported' in spec.orders ? null : spec.orders,
    client,
    hiderFor: (session) => secretHider(spec.signIn.credentials, session),
  }
}
