// The addresses that brokers call when an order changes. Anybody may call them, and nothing is believed that the
// broker's own proof does not cover.
import type { Config } from '../../config/schema.ts'
import { nowMs } from '../clock.ts'
import type { Feed } from '../feed/feed.ts'
import type { Logger } from '../observe/log.ts'
import { LogSampler } from '../observe/log-sampler.ts'
import type { OrderEvents } from '../orders/order-events.ts'
import type { ApiRoute } from './answerer.ts'
import { jsonReply, type Reply } from './reply.ts'

const LINES_PER_MINUTE = 3

export interface PostbackParts {
  readonly config: Pick<Config, 'brokers'>
  readonly feeds: readonly Feed[]
  readonly events: Pick<OrderEvents, 'message'>
  readonly log: Logger
}

/** What a call is answered, by the reason for which it is not taken. */
const STATUS_OF = { malformed: 400, forged: 403, foreign: 403 } as const

const refuse = (status: number, error: string): Reply => jsonReply(status, { error })

/** A route for each broker that sends postbacks. */
export function postbackRoutes({ config, feeds, events, log }: PostbackParts): ApiRoute[] {
  const sampler = new LogSampler(LINES_PER_MINUTE)
  return feeds.flatMap((feed): ApiRoute[] => {
    const { id: broker, spec } = feed
    if ('unsupported' in spec.orders || 'unsupported' in spec.orders.postback) return []
    const { postback } = spec.orders
    const { credentials } = config.brokers[broker]!
    const answer = (body: string | null): Reply => {
      if (body === null) return refuse(413, 'the body is too large')
      if (!credentials[postback.needs]) {
        const key = `brokers.${broker}.${postback.needs}`
        return refuse(503, `postbacks cannot be proven without ${key}`)
      }
      const user = feed.userId || credentials.user_id
      const known = user ? { ...credentials, user_id: user } : credentials
      const reading = postback.read(body, known)
      if ('record' in reading) {
        events.message(broker, reading.record, 'postback')
        return jsonReply(200, { status: 'success' })
      }
      const { refused, why } = reading
      const heldBack = sampler.admit(`${broker} ${refused}`, nowMs())
      if (heldBack !== null) log.warn({ broker, refused, why, heldBack }, 'postback refused')
      return refuse(STATUS_OF[refused], why)
    }
    return [{ method: 'POST', path: `/postback/${broker}`, answer: ({ body }) => answer(body) }]
  })
}
