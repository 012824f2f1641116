// What a client of the feed may ask, and what becomes of it. Upstox Market Data Feed V3:
// `{"guid":"…","method":"sub","data":{"mode":"full","instrumentKeys":["NSE_EQ|INE002A01018"]}}` in a binary frame.
import type { Subscriptions } from './subscriptions.ts'
import type { UpstoxCatalogue } from './upstox-catalogue.ts'
import { FULL_D5, FULL_D30, LTPC, OPTION_GREEKS, type RequestMode } from './upstox-wire.ts'

const MODES: Readonly<Record<string, RequestMode>> = {
  ltpc: LTPC,
  full: FULL_D5,
  option_greeks: OPTION_GREEKS,
  full_d30: FULL_D30,
}

/** Keys that a connection takes, by mode: when all its keys have that mode, and beside others. */
const LIMITS: Readonly<Record<RequestMode, { readonly alone: number; readonly mixed: number }>> = {
  [LTPC]: { alone: 5000, mixed: 2000 },
  [FULL_D5]: { alone: 2000, mixed: 1500 },
  [OPTION_GREEKS]: { alone: 3000, mixed: 2000 },
  // More beside others than alone would make no sense, so the smaller number holds always.
  [FULL_D30]: { alone: 50, mixed: 50 },
}
const REQUEST_MODES = [LTPC, FULL_D5, OPTION_GREEKS, FULL_D30] as const
/** More than the limits let in at once. */
export const KEYS_MAX = 6000

/** What a list of subscriptions calls a mode: never 0, which says there is none. */
export type ListMode = 1 | 2 | 3 | 4
export type KeyList = Subscriptions<ListMode>
const listMode = (mode: RequestMode) => (mode + 1) as ListMode

/** The mode of an instrument at a place of a list. */
export function modeAt(subscriptions: KeyList, place: number): RequestMode {
  return (subscriptions.modeAt(place) - 1) as RequestMode
}

/** The mode of an instrument in a list; it must be there. */
export function modeOf(subscriptions: KeyList, instrument: number): RequestMode {
  return (subscriptions.modeOf(instrument) - 1) as RequestMode
}

export interface Request {
  readonly guid: string
  readonly method: 'sub' | 'unsub' | 'change_mode'
  /** Undefined for `unsub`. */
  readonly mode: RequestMode | undefined
  readonly keys: readonly string[]
}

/** Why a request was not carried out, as its text frame tells it. */
export interface Failure {
  readonly guid: string
  readonly method: string
  readonly status: 'failed'
  readonly error: { readonly code: string; readonly message: string }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
const textOr = (value: unknown, other: string) => (typeof value === 'string' ? value : other)

function failed(guid: string, method: string, code: string, message: string): Failure {
  return { guid, method, status: 'failed', error: { code, message } }
}

/** Reads a request, or tells what is wrong with it. */
export function readRequest(text: string): Request | Failure {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return failed('', '', 'invalid_request', 'The request is not JSON')
  }
  const { guid: guidGiven, method: methodGiven, data: dataGiven } = isRecord(message) ? message : {}
  const guid = textOr(guidGiven, '')
  const method = textOr(methodGiven, '')
  const refuse = (code: string, what: string) => failed(guid, method, code, what)
  if (guid === '') return refuse('invalid_request', 'A guid is wanted')
  if (method !== 'sub' && method !== 'unsub' && method !== 'change_mode') {
    return refuse('invalid_method', 'The method must be sub, unsub or change_mode')
  }
  const { mode: modeGiven, instrumentKeys: keys } = isRecord(dataGiven) ? dataGiven : {}
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) {
    return refuse('invalid_request', 'instrumentKeys must be a list of instrument keys')
  }
  if (method === 'unsub') return { guid, method, mode: undefined, keys }
  const name = textOr(modeGiven, '')
  if (!Object.hasOwn(MODES, name)) {
    return refuse('invalid_mode', 'The mode must be ltpc, full, option_greeks or full_d30')
  }
  return { guid, method, mode: MODES[name], keys }
}

/** Whether a list keeps to the limits once these instruments are in it in this mode. */
function fits(subscriptions: KeyList, places: ReadonlySet<number>, mode: RequestMode) {
  const counts = [0, 0, 0, 0]
  for (let place = 0; place < subscriptions.count; place++) {
    const instrument = subscriptions.instrumentAt(place)
    if (!places.has(instrument)) counts[modeAt(subscriptions, place)]! += 1
  }
  counts[mode]! += places.size
  const isMixed = counts.filter((count) => count > 0).length > 1
  return REQUEST_MODES.every((each) => {
    const { alone, mixed } = LIMITS[each]
    return counts[each]! <= (isMixed ? mixed : alone)
  })
}

/**
 * Carries out a request whole or not at all: gives the instruments to send a snapshot of, or what was wrong.
 * Removing what is not there is no fault.
 */
export function carryOut(
  { guid, method, mode, keys }: Request,
  catalogue: UpstoxCatalogue,
  subscriptions: KeyList,
): readonly number[] | Failure {
  const places = new Set(keys.map((key) => catalogue.placeOf(key)))
  if (mode === undefined) {
    for (const place of places) subscriptions.remove(place)
    return []
  }
  const refuse = (code: string, what: string) => failed(guid, method, code, what)
  if (places.has(-1)) return refuse('invalid_instrument', 'Invalid instrument key')
  if (method === 'change_mode') {
    for (const place of places) {
      if (subscriptions.modeOf(place) === 0) {
        return refuse('not_subscribed', 'The instrument key is not subscribed')
      }
    }
  }
  if (!fits(subscriptions, places, mode)) {
    return refuse('limit_exceeded', 'Instrument keys beyond the limit of this connection')
  }
  for (const place of places) {
    if (subscriptions.modeOf(place) === 0) subscriptions.add(place, listMode(mode))
    else subscriptions.setMode(place, listMode(mode))
  }
  return [...places]
}
