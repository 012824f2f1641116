// What a client of the feed may say, and what becomes of it. Kite Connect v3, WebSocket:
// `{"a":"subscribe","v":[738561]}`, `{"a":"unsubscribe","v":[738561]}`, `{"a":"mode","v":["full",[738561]]}`.
import type { InstrumentTable } from './instruments.ts'
import { FULL, type KiteMode, LTP, QUOTE } from './kite-wire.ts'
import type { Subscriptions } from './subscriptions.ts'

/** `mode` is what the message asks for, QUOTE where it names none. */
export interface Command {
  readonly action: 'subscribe' | 'unsubscribe' | 'mode'
  readonly mode: KiteMode
  readonly tokens: readonly number[]
}

const MODES: Readonly<Record<string, KiteMode>> = { ltp: LTP, quote: QUOTE, full: FULL }
/** Tokens that an error message lists. */
const TOKENS_TOLD = 5

const isToken = (value: unknown) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff

const areTokens = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every(isToken)

/** Reads a text message; gives the command, or what is wrong with it. */
export function readCommand(text: string): Command | string {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return 'Invalid message: it is not JSON'
  }
  const { a: action, v: value } = (message ?? {}) as Record<string, unknown>
  if (action === 'subscribe' || action === 'unsubscribe') {
    if (!areTokens(value)) return 'Invalid `v`: a list of instrument tokens'
    return { action, mode: QUOTE, tokens: value }
  }
  if (action !== 'mode') return 'Invalid `a`: subscribe, unsubscribe or mode'
  const [name, tokens] = Array.isArray(value) ? value : []
  const mode = Object.hasOwn(MODES, String(name)) ? MODES[String(name)] : undefined
  if (mode === undefined) return 'Invalid mode: ltp, quote or full'
  if (!areTokens(tokens)) return 'Invalid `v`: a mode and a list of instrument tokens'
  return { action, mode, tokens }
}

/** `done`: nothing to tell; `changed`: new or in another mode; `idle`: not subscribed; `surplus`: over the limit. */
type Effect = 'done' | 'changed' | 'idle' | 'surplus'
type Action = (subscriptions: Subscriptions<KiteMode>, instrument: number, mode: KiteMode) => Effect

const ACTIONS: Readonly<Record<Command['action'], Action>> = {
  subscribe(subscriptions, instrument, mode) {
    if (subscriptions.modeOf(instrument) !== 0) return 'done'
    if (subscriptions.full) return 'surplus'
    subscriptions.add(instrument, mode)
    return 'changed'
  },
  unsubscribe(subscriptions, instrument) {
    subscriptions.remove(instrument)
    return 'done'
  },
  mode(subscriptions, instrument, mode) {
    const before = subscriptions.modeOf(instrument)
    if (before === 0) return 'idle'
    subscriptions.setMode(instrument, mode)
    return before === mode ? 'done' : 'changed'
  },
}

const listed = (tokens: readonly number[]) => {
  const more = tokens.length - TOKENS_TOLD
  return tokens.slice(0, TOKENS_TOLD).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** Does what a client asks for: instruments to send a snapshot of, and what could not be done, in words. */
export function obey(
  { action, mode, tokens }: Command,
  table: InstrumentTable,
  subscriptions: Subscriptions<KiteMode>,
): { changed: number[]; faults: string[] } {
  const unknown: number[] = []
  const changed: number[] = []
  const affected = { done: [], changed: [], idle: [], surplus: [] } as Record<Effect, number[]>
  for (const token of tokens) {
    const instrument = table.indexOf(token)
    if (instrument < 0) {
      unknown.push(token)
      continue
    }
    const effect = ACTIONS[action](subscriptions, instrument, mode)
    affected[effect].push(token)
    if (effect === 'changed') changed.push(instrument)
  }
  const { idle, surplus } = affected
  const faults: string[] = []
  if (unknown.length > 0) faults.push(`Invalid instrument token: ${listed(unknown)}`)
  if (idle.length > 0) faults.push(`Instrument token not subscribed: ${listed(idle)}`)
  if (surplus.length > 0) {
    faults.push(`Instrument limit of this connection reached, not subscribed: ${listed(surplus)}`)
  }
  return { changed, faults }
}
