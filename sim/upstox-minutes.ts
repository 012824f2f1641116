// One-minute bars of what the feed has sent. Upstox Market Data Feed V3, OHLC with the interval `I1`.

const MINUTE_MS = 60_000

interface Bar {
  minute: number
  open: number
  high: number
  low: number
  close: number
  volume: number
  /** Volume of the day when the bar began. */
  volumeBefore: number
}

const begin = (minute: number, price: number, volumeBefore: number): Bar => {
  return { minute, open: price, high: price, low: price, close: price, volume: 0, volumeBefore }
}

/** One bar as the feed tells it; times epoch ms. */
export interface MinuteBar {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  readonly startMs: number
}

export class MinuteBars {
  readonly #running = new Map<number, Bar>()
  readonly #last = new Map<number, Bar>()

  /** Takes a price and the volume of the day after it. */
  add(instrument: number, nowMs: number, price: number, dayVolume: number): void {
    const minute = Math.floor(nowMs / MINUTE_MS)
    let bar = this.#running.get(instrument)
    if (bar === undefined || bar.minute !== minute) {
      if (bar !== undefined) this.#last.set(instrument, bar)
      bar = begin(minute, price, bar === undefined ? dayVolume : bar.volumeBefore + bar.volume)
      this.#running.set(instrument, bar)
    }
    if (price > bar.high) bar.high = price
    if (price < bar.low) bar.low = price
    bar.close = price
    // The day's volume starts again when it passes what the market holds.
    if (dayVolume < bar.volumeBefore + bar.volume) bar.volumeBefore = dayVolume - bar.volume
    bar.volume = dayVolume - bar.volumeBefore
  }

  /** The last whole minute, or the running one before there is any; there must have been a price. */
  last(instrument: number): MinuteBar {
    const bar = this.#last.get(instrument) ?? this.#running.get(instrument)!
    return {
      open: bar.open,
      high: bar.high,
      low: bar.low,
      close: bar.close,
      volume: bar.volume,
      startMs: bar.minute * MINUTE_MS,
    }
  }
}
