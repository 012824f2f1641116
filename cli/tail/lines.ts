import { type Item, isTick, type Show } from './stream.ts'

const jsonLines = (items: readonly Item[]) =>
  items.map((item) => `${JSON.stringify(item)}\n`).join('')

/** Prints each tick as one JSON line, and each event as one on stderr, so that a pipe gets ticks only. */
export function printLines(): Show {
  return (items) => {
    const events = items.filter((item) => !isTick(item))
    if (events.length > 0) process.stderr.write(jsonLines(events))
    if (events.length === items.length) return true
    return process.stdout.write(jsonLines(items.filter(isTick)))
  }
}
