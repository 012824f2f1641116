// An engine on a fake broker, and a client that sees everything of it.
import type { Flags } from '../../config/sources.ts'
import { type Plant, type Scope, startEngineWith, until } from '../support/plant.ts'
import { type Message, type Name, StreamClient } from '../support/stream-client.ts'
import type { FakeServer } from './fakes/fake-server.ts'

/** Holds characters that a URL must escape. */
export const ACCESS_TOKEN = 'fake-secret/+7f3a=='

export interface FakePlant extends Omit<Plant, 'simulator'> {
  readonly client: StreamClient
}

/** Starts an engine on a fake broker, and a msgpack client of it that asked for events. */
export async function startFakePlant(
  context: Scope,
  server: FakeServer,
  flags: Flags = {},
): Promise<FakePlant> {
  const plant = await startEngineWith(context, { ...server.flags(ACCESS_TOKEN), ...flags })
  return { ...plant, client: await openClient(context, plant, server.id) }
}

/** A msgpack client of one broker that asked for events. */
export async function openClient(
  context: Scope,
  plant: Pick<Plant, 'websocketUrl' | 'engine'>,
  broker: string,
): Promise<StreamClient> {
  return StreamClient.open(context, plant, { broker, format: 'msgpack', events: true })
}

/** The ticks of one symbol so far. */
export function ticksOf({ items }: StreamClient, { exchange, symbol }: Name): Message[] {
  return items.filter(
    (item) => item.type === undefined && item.symbol === symbol && item.exchange === exchange,
  )
}

/** Waits for the tick of a symbol that has these values, and returns it. */
export async function tickWith(
  client: StreamClient,
  name: Name,
  values: Message,
): Promise<Message> {
  const wanted = Object.entries(values)
  return until(`a tick of ${name.symbol} with ${JSON.stringify(values)}`, () =>
    ticksOf(client, name).find((tick) => wanted.every(([key, value]) => tick[key] === value)),
  )
}

/** The gap events so far. */
export function gapsOf({ items }: StreamClient): Message[] {
  return items.filter(({ type }) => type === 'gap')
}

/** Waits until so many gaps have come, and returns the last one. */
export async function gapNumber(client: StreamClient, count: number): Promise<Message> {
  return until(`${count} gaps`, () => gapsOf(client)[count - 1])
}
