// OpenAlgo's endpoints about the server itself: whether it is there, what it has, and in which mode it runs.
import { z } from 'zod'
import { okOf, RestFailure } from './failures.ts'
import { FIELDS, flag } from './fields.ts'
import { accountOf, type OrderContext, refuseInOneText } from './order-context.ts'
import { jsonReply } from './reply.ts'
import { type Endpoint, endpoint } from './rest.ts'

const { apikey, broker } = FIELDS
const request = z.strictObject({ apikey, broker })
const status = z.literal('success')

const pingEndpoint = (context: OrderContext) =>
  endpoint({
    name: 'ping',
    method: 'POST',
    summary: 'Whether key and session are good',
    request,
    success: z.object({
      data: z.object({ broker: z.string(), message: z.literal('pong') }),
      status,
    }),
    async answer({ broker }) {
      const id = okOf(await context.gateway.ready({ broker }), accountOf(context, broker))
      return jsonReply(200, { data: { broker: id, message: 'pong' }, status: 'success' })
    },
  })

/** Lists of /intervals by the letter at the end of an interval. */
const UNITS = {
  days: 'D',
  hours: 'h',
  minutes: 'm',
  months: 'M',
  seconds: 's',
  weeks: 'W',
} as const

/** Intervals by their unit, short ones first. */
function byUnit(intervals: readonly string[]): Record<keyof typeof UNITS, string[]> {
  const lists = Object.entries(UNITS).map(([name, unit]) => {
    const own = intervals.filter((interval) => interval.endsWith(unit))
    const length = (interval: string) => Number.parseInt(interval, 10) || 1
    return [name, own.sort((one, other) => length(one) - length(other))]
  })
  return Object.fromEntries(lists)
}

const intervalsEndpoint = (context: OrderContext) =>
  endpoint({
    name: 'intervals',
    method: 'POST',
    summary: 'The intervals of candles that the broker has',
    request,
    success: z.object({
      data: z.object({
        days: z.array(z.string()),
        hours: z.array(z.string()),
        minutes: z.array(z.string()),
        months: z.array(z.string()),
        seconds: z.array(z.string()),
        weeks: z.array(z.string()),
      }),
      status,
    }),
    refusals: { 501: 'The broker has no history' },
    async answer({ broker }) {
      const intervals = okOf(
        await context.gateway.intervals({ broker }),
        accountOf(context, broker),
      )
      return jsonReply(200, { data: byUnit(intervals), status: 'success' })
    },
  })

/** There is no sandbox: all calls go to the broker, and none is kept in a log of rehearsals. */
const LIVE = { analyze_mode: false, mode: 'live', total_logs: 0 } as const
const live = {
  analyze_mode: z.literal(false),
  mode: z.literal('live'),
  total_logs: z.literal(0),
}

const analyzerEndpoint = () =>
  endpoint({
    name: 'analyzer',
    method: 'POST',
    summary: 'The mode, which is always live',
    refuseFields: refuseInOneText,
    request,
    success: z.object({ data: z.object(live), status }),
    answer: () => jsonReply(200, { data: LIVE, status: 'success' }),
  })

const toggleEndpoint = () =>
  endpoint({
    name: 'analyzer/toggle',
    method: 'POST',
    scope: 'trade',
    summary: 'Stays in live mode; there is no other',
    request: z.strictObject({ apikey, mode: flag(), broker }),
    success: z.object({
      data: z.object({
        analyze_mode: live.analyze_mode,
        message: z.string(),
        mode: live.mode,
        total_logs: live.total_logs,
      }),
      status,
    }),
    refusals: { 501: 'Analyze mode was asked for' },
    refuseFields: refuseInOneText,
    answer({ mode }) {
      if (mode) {
        const message =
          'There is no analyze mode: every order goes to the broker. The mode stays live'
        throw new RestFailure(501, message)
      }
      const { analyze_mode, total_logs } = LIVE
      const message = 'Analyzer mode switched to live'
      const data = { analyze_mode, message, mode: LIVE.mode, total_logs }
      return jsonReply(200, { data, status: 'success' })
    },
  })

/** OpenAlgo's endpoints about the server itself. */
export function utilityEndpoints(context: OrderContext): Endpoint[] {
  return [pingEndpoint(context), intervalsEndpoint(context), analyzerEndpoint(), toggleEndpoint()]
}
