// The vocabulary of the protocol's handlers: requests, work, and the replies they share.
import type { KeyRecord } from '../auth/keys.ts'
import type { Source } from './source.ts'

export interface ProtocolContext {
  /** Where the ticks of those come from who ask for no broker. */
  readonly supply: Source
  /** By the broker that a client may ask for. */
  readonly sources: ReadonlyMap<string, Source>
  /** The record of an API key, or null. */
  readonly verifyKey: (key: string) => KeyRecord | null
  /** Ids of all brokers that this build knows. */
  readonly brokerIds: readonly string[]
  readonly symbolsPerClientMax: number
}

export type Message = Readonly<Record<string, unknown>>
/** Long work in slices; returns the reply. */
export type Work = Generator<void, object, void>
/** What a handler returns when it has replied by itself. */
export const REPLIED = Object.freeze({})

/** An error reply: without `type`, by which OpenAlgo's clients know it. */
export function errorReply(code: string, message: string, request?: Message): object {
  return { status: 'error', code, message, ...requestId(request) }
}

/** The request's id, to be spread into its reply; nothing where it has none. */
export function requestId(request?: Message): object {
  const id = request?.request_id
  return id === undefined || id === null ? {} : { request_id: id }
}

/** What a request asks for: `action`, or `type` where that is missing. */
export function actionOf(message: Message): string {
  return String(message.action || message.type || '')
}
