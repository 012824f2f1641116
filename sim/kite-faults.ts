// Carries a call out with the fault that was set for it.

import type { Fault, FaultKind } from './faults.ts'
import {
  ANSWERED,
  type Call,
  type Reply,
  type RestContext,
  type Route,
  replyOf,
  send,
  success,
} from './kite-call.ts'
import { Refusal } from './kite-sessions.ts'

const STATUS_BY_ERROR: Readonly<Record<string, number>> = {
  TokenException: 403,
  PermissionException: 403,
  UserException: 403,
  OrderException: 400,
  InputException: 400,
  MarginException: 400,
  HoldingException: 400,
  NetworkException: 503,
  DataException: 502,
  GeneralException: 500,
}
const GARBAGE_BYTES = 64
const TIMED_OUT = 'Request timed out. Please check the order book and confirm before placing again.'
const PAGE =
  '<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n' +
  '<body><center><h1>504 Gateway Time-out</h1></center></body>\r\n</html>\r\n'

const wait = (context: RestContext, delayMs: number) =>
  new Promise<void>((resolve) => context.later(delayMs, resolve))

/** Ends the connection as a broken network does. */
function reset({ request }: Call): void {
  request.socket.resetAndDestroy()
}

function refusalOf(fault: Fault, status: number, message: string): Refusal {
  const errorType = fault.errorType ?? 'NetworkException'
  const byError = fault.errorType === undefined ? undefined : STATUS_BY_ERROR[fault.errorType]
  return new Refusal(fault.status ?? byError ?? status, errorType, fault.message ?? message)
}

function sendError(call: Call, fault: Fault, status: number, message: string): void {
  const refusal = refusalOf(fault, status, message)
  if (!fault.html) send(call.response, replyOf(refusal))
  else call.response.writeHead(refusal.status, { 'content-type': 'text/html' }).end(PAGE)
}

/** What a handler answers; a Refusal becomes its envelope. */
async function replyTo(route: Route, call: Call): Promise<Reply | null> {
  try {
    const data = await route.handle(call)
    return data === ANSWERED ? null : success(data)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return replyOf(error)
  }
}

type Mishap = (call: Call, fault: Fault, reply: () => Promise<Reply | null>) => Promise<void>

async function sendReply({ response }: Call, reply: Reply | null): Promise<void> {
  if (reply !== null) send(response, reply)
}

const MISHAPS: Readonly<Partial<Record<FaultKind, Mishap>>> = {
  async delay(call, { delayMs = 0 }, reply) {
    await wait(call.context, delayMs)
    await sendReply(call, await reply())
  },
  async 'delay-after'(call, { delayMs = 0 }, reply) {
    const answer = await reply()
    await wait(call.context, delayMs)
    await sendReply(call, answer)
  },
  async 'reset-before'(call) {
    reset(call)
  },
  async 'reset-after'(call, _fault, reply) {
    await reply()
    reset(call)
  },
  async 'error-before'(call, fault) {
    sendError(call, fault, 503, 'Service unavailable.')
  },
  async 'error-after'(call, fault, reply) {
    await reply()
    sendError(call, fault, 504, TIMED_OUT)
  },
  async garbage(call, _fault, reply) {
    await reply()
    const { random } = call.context.faults
    const bytes = Uint8Array.from({ length: GARBAGE_BYTES }, () => random.below(256))
    call.response.writeHead(200, { 'content-type': 'application/json' }).end(bytes)
  },
  async truncated(call, _fault, reply) {
    const text = (await reply())?.text ?? ''
    const whole = Buffer.from(text)
    const headers = { 'content-type': 'application/json', 'content-length': whole.length }
    call.response.writeHead(200, headers)
    call.response.write(whole.subarray(0, whole.length >> 1), () => call.response.destroy())
  },
  async empty(call, _fault, reply) {
    await reply()
    call.response.writeHead(200, { 'content-type': 'application/json', 'content-length': 0 }).end()
  },
  async throttle(call, { message = 'Too many requests' }) {
    send(call.response, replyOf(new Refusal(429, 'NetworkException', message)))
  },
  async expire(call) {
    call.context.sessions.expireAll()
    const message = 'Incorrect `api_key` or `access_token`.'
    send(call.response, replyOf(new Refusal(403, 'TokenException', message)))
  },
  async network(call, fault) {
    sendError(call, fault, 503, 'Gateway timed out. The order system cannot be reached.')
  },
}

/** Replies first and takes effect later. With `ok` the client gets the id of an order that is not in the book yet. */
async function answerLate(route: Route, call: Call, fault: Fault): Promise<void> {
  const { context } = call
  const { delayMs = 0, reply = 'reset' } = fault
  const later = (change: () => void) => context.later(delayMs, change)
  if (reply === 'ok') return sendReply(call, await replyTo(route, { ...call, postpone: later }))
  later(() => void replyTo(route, call))
  if (reply === 'reset') reset(call)
  else sendError(call, fault, 504, TIMED_OUT)
}

/** Answers a call of a route, with a fault where one is due. */
export async function carryOut(route: Route, call: Call): Promise<void> {
  const { operation } = route
  const fault = operation === undefined ? undefined : call.context.faults.take(operation)
  if (fault === undefined) return sendReply(call, await replyTo(route, call))
  if (fault.do === 'late') return answerLate(route, call, fault)
  await MISHAPS[fault.do]!(call, fault, () => replyTo(route, call))
}
