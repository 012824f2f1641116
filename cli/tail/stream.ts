// What lies between the two sources of `tail` and its two displays.

/** A tick, or an event, which has a `type`: by the names of msgpack or of OpenAlgo's JSON, as the engine sent it. */
export type Item = Readonly<Record<string, unknown>>

/** Items in their order, those that came together at once. Ends by throwing: what the user must know, or an abort. */
export type Items = AsyncIterable<readonly Item[]>

/** Shows items; false when the reader of stdout must first take what was written. */
export type Show = (items: readonly Item[]) => boolean

export interface Instrument {
  readonly exchange: string
  readonly symbol: string
}

export const isTick = (item: Item) => item.type === undefined
