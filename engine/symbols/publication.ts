// When a broker's list of the day is there. Indian time has been 5:30 ahead of UTC, without summer time, since 1945.
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const INDIA_AHEAD_MS = 330 * MINUTE_MS

function minutesOf(publishedAt: string): number {
  const [hours, minutes] = publishedAt.split(':').map(Number) as [number, number]
  return hours * 60 + minutes
}

/** The last publication at or before a time (epoch ms); `publishedAt` is `HH:MM` in Indian time. */
export function lastPublicationMs(publishedAt: string, nowMs: number): number {
  const offsetMs = minutesOf(publishedAt) * MINUTE_MS - INDIA_AHEAD_MS
  return Math.floor((nowMs - offsetMs) / DAY_MS) * DAY_MS + offsetMs
}

/** The first publication after a time (epoch ms). */
export function nextPublicationMs(publishedAt: string, nowMs: number): number {
  return lastPublicationMs(publishedAt, nowMs) + DAY_MS
}
