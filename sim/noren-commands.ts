// What a client of Noren's socket may say, one JSON object a message: `{"t":"t","k":"NSE|22#BSE|508123"}`.
import type { NorenMarket } from './noren-market.ts'
import { BOOK, type Channel, TOUCHLINE } from './noren-wire.ts'

export type Command =
  | { readonly does: 'sign in'; readonly user: unknown; readonly token: unknown }
  | { readonly does: 'subscribe' | 'unsubscribe'; readonly channel: Channel; readonly keys: string }
  | { readonly does: 'heartbeat' | 'follow orders' | 'leave orders' }

const KEY = /^([A-Z]+)\|(\d{1,9})$/

/** Reads a message; null for what these servers do not answer. */
export function readCommand(text: string): Command | null {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof message !== 'object' || message === null) return null
  const { t, k, uid, actid, accesstoken } = message as Record<string, unknown>
  const keys = typeof k === 'string' ? k : ''
  switch (t) {
    case 'a':
      return { does: 'sign in', user: uid === actid ? uid : null, token: accesstoken }
    case 't':
      return { does: 'subscribe', channel: TOUCHLINE, keys }
    case 'd':
      return { does: 'subscribe', channel: BOOK, keys }
    case 'u':
      return { does: 'unsubscribe', channel: TOUCHLINE, keys }
    case 'ud':
      return { does: 'unsubscribe', channel: BOOK, keys }
    case 'h':
      return { does: 'heartbeat' }
    case 'o':
      return { does: 'follow orders' }
    case 'uo':
      return { does: 'leave orders' }
    default:
      return null
  }
}

/** Place of `NSE|22` in the market, or -1. */
export function placeOfKey(key: string, market: NorenMarket): number {
  const [, exchange, token] = KEY.exec(key) ?? []
  return exchange === undefined ? -1 : market.find(exchange, Number(token))
}

/** Places of the instruments of `NSE|22#BSE|508123`; what does not exist is left out silently. */
export function placesOfKeys(keys: string, market: NorenMarket): number[] {
  return keys
    .split('#')
    .map((key) => placeOfKey(key, market))
    .filter((place) => place >= 0)
}
