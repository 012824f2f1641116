// The broker's own client library, connected to the bench's broker.
import { KiteTicker, type KiteTickerParams } from 'kiteconnect'
import { tokens } from '../pipeline/market.ts'

/** What the bench reads of kiteconnect's ticks. */
export interface KiteTick {
  readonly instrument_token: number
  readonly volume_traded?: number
}

/** Subscribes to all instruments of the bench in quote mode and resolves when that is said. */
export function openTicker(
  feedUrl: string,
  onTicks: (ticks: readonly KiteTick[]) => void,
): Promise<void> {
  // Its declarations leave the root out.
  const params: KiteTickerParams & { root: string } = {
    api_key: 'bench',
    access_token: 'bench',
    root: feedUrl,
  }
  const ticker = new KiteTicker(params)
  return new Promise((resolve) => {
    ticker.on('ticks', onTicks)
    ticker.on('connect', () => {
      ticker.subscribe([...tokens])
      ticker.setMode(ticker.modeQuote, [...tokens])
      resolve()
    })
    ticker.connect()
  })
}
