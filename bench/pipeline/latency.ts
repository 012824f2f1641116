// Latencies in microseconds: recorded into an HdrHistogram, and summed up.
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js'

const US_MAX = 60_000_000
const DIGITS = 3

/** Percentiles in µs. */
export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** An empty histogram of 1 µs to a minute, three digits. */
export const histogram = (): Histogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: US_MAX,
    numberOfSignificantValueDigits: DIGITS,
    bitBucketSize: 32,
  })

/** Records so many equal latencies; what is out of range counts as its end. */
export function record(into: Histogram, us: number, count = 1): void {
  into.recordValueWithCount(Math.min(US_MAX, Math.max(1, Math.round(us))), count)
}

export function percentiles(of: Histogram): Percentiles {
  return {
    count: of.totalCount,
    p50: of.getValueAtPercentile(50),
    p90: of.getValueAtPercentile(90),
    p99: of.getValueAtPercentile(99),
    p999: of.getValueAtPercentile(99.9),
    max: of.totalCount === 0 ? 0 : of.maxValue,
  }
}

/** HdrHistogram's own compressed text (V2), which its tools read, and back. */
export const packHistogram = (of: Histogram): string => encodeIntoCompressedBase64(of)
export const unpackHistogram = (text: string): Histogram => decodeFromCompressedBase64(text, 32)

/** All recordings of several histograms in one. */
export function joined(packed: readonly string[]): Histogram {
  const all = histogram()
  for (const text of packed) all.add(unpackHistogram(text))
  return all
}
