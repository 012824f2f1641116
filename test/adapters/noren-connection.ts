// A connection of a broker on NorenOMS without a socket, and what it sends and tells.
import assert from 'node:assert/strict'
import type { FeedConnection, FeedEffect, Want } from '../../adapters/broker.ts'
import { NOTHING } from '../../adapters/broker.ts'
import shoonya from '../../adapters/shoonya/spec.ts'
import { NOREN_SEGMENTS } from '../../codecs/noren-fields.ts'
import { type DecodedTick, describeTick, Tick, type TickSink } from '../../codecs/tick.ts'

export const NOW_MS = 1_787_390_123_000
export const SESSION = { userId: 'FA00001', accessToken: 'FAKE"TOKEN' }
export const NSE = NOREN_SEGMENTS.NSE!
export const NFO = NOREN_SEGMENTS.NFO!
export const OK = '{"t":"ak","s":"OK"}'
export const LIVE_MS = NOW_MS + 50

export const open = (spec = shoonya): FeedConnection => {
  const connection = spec.feed.connection(spec.hosts, SESSION)
  connection.start(NOW_MS)
  connection.onOpen(NOW_MS)
  return connection
}

export function recorder() {
  const ticks: (DecodedTick & { segment: number })[] = []
  const rejects: string[] = []
  const tick = new Tick(5)
  const sink: TickSink = {
    tick,
    emit: () => ticks.push({ segment: tick.segment, ...describeTick(tick) }),
    reject: (reason) => rejects.push(reason),
  }
  return { sink, ticks, rejects }
}

export const live = (): FeedConnection => {
  const connection = open()
  connection.onFrame(OK, LIVE_MS, recorder().sink)
  return connection
}

export const want = (token: number, mode: Want['mode'], segment = NSE): Want => {
  return { instrument: token + 1_000_000, segment, token, mode }
}

/** What the effects send, parsed. */
export function sent(effects: readonly FeedEffect[]): { t: string; k?: string }[] {
  return effects.flatMap((effect) =>
    effect.do === 'send' ? [JSON.parse(String(effect.data))] : [],
  )
}

export const wakeOf = (effects: readonly FeedEffect[]) => {
  const wake = effects.findLast((effect) => effect.do === 'wakeAt')
  return wake?.do === 'wakeAt' ? wake.atMs : undefined
}

/** Does what an engine does, until nothing waits: wakes when asked to, and keeps what is sent with its time. */
export function settle(connection: FeedConnection, first: readonly FeedEffect[], nowMs: number) {
  const messages = sent(first).map((message) => ({ atMs: nowMs, ...message }))
  let effects = first
  for (let wake = wakeOf(effects); wake !== undefined && wake < nowMs + 20_000; ) {
    effects = connection.onTimer(wake)
    for (const message of sent(effects)) messages.push({ atMs: wake, ...message })
    wake = wakeOf(effects)
  }
  return messages
}

/** Wants and sends everything that follows from it. */
export const wantNow = (connection: FeedConnection, delta: readonly Want[], nowMs = LIVE_MS) =>
  settle(connection, connection.want(delta, nowMs), nowMs).map(({ atMs: _, ...message }) => message)

export const text = (t: string, fields: object, e = 'NSE', tk = '11630') =>
  JSON.stringify({ t, e, tk, ...fields })

/** The ticks of frames. */
export function ticksOf(connection: FeedConnection, ...frames: string[]) {
  const { sink, ticks, rejects } = recorder()
  for (const frame of frames) assert.equal(connection.onFrame(frame, LIVE_MS, sink), NOTHING)
  assert.deepEqual(rejects, [])
  return ticks
}
