// Hours of the Indian day, at which lists come out and sessions end. Indian time has been 5:30 ahead of UTC, without
// summer time, since 1945.
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const INDIA_AHEAD_MS = 330 * MINUTE_MS

function minutesOf(timeOfDay: string): number {
  const [hours, minutes] = timeOfDay.split(':').map(Number) as [number, number]
  return hours * 60 + minutes
}

/** The last time at or before `nowMs` (epoch ms) at which it was `timeOfDay`, `HH:MM`, in India. */
export function lastTimeMs(timeOfDay: string, nowMs: number): number {
  const offsetMs = minutesOf(timeOfDay) * MINUTE_MS - INDIA_AHEAD_MS
  return Math.floor((nowMs - offsetMs) / DAY_MS) * DAY_MS + offsetMs
}

/** The first time after `nowMs` at which it is `timeOfDay` in India. */
export function nextTimeMs(timeOfDay: string, nowMs: number): number {
  return lastTimeMs(timeOfDay, nowMs) + DAY_MS
}

/** When it is `timeOfDay` in India on a day, which is counted from 1970; epoch ms. */
export function timeOnDayMs(timeOfDay: string, day: number): number {
  return day * DAY_MS + minutesOf(timeOfDay) * MINUTE_MS - INDIA_AHEAD_MS
}

/** A time as people in India write it: `2026-08-04 06:00 IST`. */
export function indianText(ms: number): string {
  return `${new Date(ms + INDIA_AHEAD_MS).toISOString().slice(0, 16).replace('T', ' ')} IST`
}
