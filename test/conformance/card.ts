// The conformance suite: numbered cards that every broker passes against its simulator. A card knows no broker; what
// differs comes from the broker's description and from its simulator.
import { after, describe, type TestContext, test } from 'node:test'
import type { BrokerSpec, Supported } from '../../adapters/broker.ts'
import { BROKERS } from '../../adapters/registry.ts'
import { SIMULATORS, type SimulatorModule } from '../../sim/registry.ts'
import type { Scope } from '../support/plant.ts'

/** The broker that a card is run for. */
export interface Subject {
  readonly spec: BrokerSpec
  readonly simulators: SimulatorModule
  /** Ends after the last card of an area: for what several cards share. */
  readonly scope: Scope
}

export interface Card {
  /** A letter for the area and two digits; a number is never given to another card. */
  readonly id: string
  readonly title: string
  readonly proves: string
  /** The part of the contract that it needs: without it the card is skipped, with the reason that the broker gives. */
  needs?(spec: BrokerSpec): Supported<object>
  run(subject: Subject, context: TestContext): Promise<void>
}

async function subjectOf(id: string, scope: Scope): Promise<Subject> {
  const [broker, simulators] = await Promise.all([BROKERS[id]!(), SIMULATORS[id]!()])
  return { spec: broker.default, simulators, scope }
}

/** Why a broker cannot play a card, or false where it must. */
export function reasonToSkip({ needs }: Pick<Card, 'needs'>, spec: BrokerSpec): string | false {
  const part = needs?.(spec)
  return part !== undefined && 'unsupported' in part ? String(part.unsupported) : false
}

/** Makes a test of each card for each broker. */
export async function runCards(cards: readonly Card[]): Promise<void> {
  for (const id of Object.keys(BROKERS)) {
    const undo: (() => unknown)[] = []
    const subject = await subjectOf(id, { after: (step) => undo.push(step) })
    describe(id, () => {
      after(async () => {
        for (const step of undo.reverse()) await step()
      })
      for (const card of cards) {
        const skip = reasonToSkip(card, subject.spec)
        test(`${card.id} ${card.title}`, { skip }, (context) => card.run(subject, context))
      }
    })
  }
}
