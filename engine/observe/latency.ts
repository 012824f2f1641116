import { build, type Histogram } from 'hdr-histogram-js'

const HIGHEST_US = 60_000_000
const DIGITS = 2

/** Percentiles of the time from socket to send, in µs. */
export interface LatencySummary {
  readonly count: number
  readonly p50Us: number
  readonly p90Us: number
  readonly p99Us: number
  readonly p999Us: number
  readonly maxUs: number
}

function histogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: DIGITS,
    bitBucketSize: 32,
  })
}

function summarise(of: Histogram): LatencySummary {
  return {
    count: of.totalCount,
    p50Us: of.getValueAtPercentile(50),
    p90Us: of.getValueAtPercentile(90),
    p99Us: of.getValueAtPercentile(99),
    p999Us: of.getValueAtPercentile(99.9),
    maxUs: of.totalCount === 0 ? 0 : of.maxValue,
  }
}

/** How long ticks take from the socket to the last send, since the start and since the last look. */
export class Latency {
  readonly #total = histogram()
  readonly #interval = histogram()

  /** Records the first `count` receive times (epoch µs, 0 skipped) as sent at `sentUs`. */
  record(receiveTimesUs: Float64Array, count: number, sentUs: number): void {
    let first = 0
    while (first < count) {
      const receivedUs = receiveTimesUs[first]!
      // The ticks of a frame have one receive time, and lie side by side.
      let next = first + 1
      while (next < count && receiveTimesUs[next] === receivedUs) next++
      if (receivedUs !== 0) {
        const us = Math.min(HIGHEST_US, Math.max(1, Math.round(sentUs - receivedUs)))
        this.#interval.recordValueWithCount(us, next - first)
      }
      first = next
    }
  }

  /** Percentiles since the start. */
  total(): LatencySummary {
    const all = histogram()
    all.add(this.#total)
    all.add(this.#interval)
    return summarise(all)
  }

  /** Percentiles since the last call of this method. */
  interval(): LatencySummary {
    const summary = summarise(this.#interval)
    this.#total.add(this.#interval)
    this.#interval.reset()
    return summary
  }
}
