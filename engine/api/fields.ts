// Fields of OpenAlgo's requests as zod schemas, with the words in which OpenAlgo refuses them.
import { z } from 'zod'

const EXCHANGES = [
  ...['NSE', 'NFO', 'CDS', 'BSE', 'BFO', 'BCD', 'MCX', 'NCDEX', 'NCO'],
  ...['NSE_INDEX', 'BSE_INDEX', 'MCX_INDEX', 'GLOBAL_INDEX', 'CRYPTO'],
] as const
const DERIVATIVE_EXCHANGES = ['NFO', 'BFO', 'MCX', 'CDS', 'NCO', 'BCD', 'NCDEX', 'CRYPTO'] as const
/** Longer than any symbol, and than any search that could find one. */
const TEXT_LENGTH_MAX = 256

/** The message for a value of the wrong type. */
const wrong =
  (otherwise: string) =>
  ({ input }: { readonly input?: unknown }) => {
    if (input === undefined) return 'Missing data for required field.'
    return input === null ? 'Field may not be null.' : otherwise
  }

const text = () => z.string({ error: wrong('Not a valid string.') })

const choice = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, {
    error: ({ input }) => {
      if (typeof input !== 'string') return wrong('Not a valid string.')({ input })
      return `Must be one of: ${values.join(', ')}.`
    },
  })

/** What a schema of numbers takes, and text that spells one. */
function spelled<Numbers extends z.ZodType<number>>(
  numbers: Numbers,
  form: RegExp,
  message: string,
) {
  return z
    .union([numbers, z.string().regex(form, message)], { error: wrong(message) })
    .transform(Number)
}

const number = () => spelled(z.number(), /^[+-]?\d{1,15}(\.\d{1,15})?$/, 'Not a valid number.')

const integer = (min: number, max: number) => {
  const range = `Must be greater than or equal to ${min} and less than or equal to ${max}.`
  return spelled(z.int(), /^[+-]?\d{1,15}$/, 'Not a valid integer.').refine(
    (value) => value >= min && value <= max,
    range,
  )
}

const boolean = () => z.boolean({ error: wrong('Not a valid boolean.') })

const shortText = () =>
  text().max(TEXT_LENGTH_MAX, `Longer than maximum length ${TEXT_LENGTH_MAX}.`)

/** The fields by the names of OpenAlgo's API, with what each means. */
export const FIELDS = {
  apikey: text()
    .min(1, 'Length must be between 1 and 256.')
    .max(256, 'Length must be between 1 and 256.')
    .meta({ description: 'API key with scope read' }),
  broker: text()
    .optional()
    .meta({ description: 'Whose instruments; the first configured broker where nothing is said' }),
  exchange: choice(EXCHANGES).meta({ description: 'Exchange code' }),
  derivativeExchange: choice(DERIVATIVE_EXCHANGES).meta({ description: 'Exchange of derivatives' }),
  symbol: shortText().meta({ description: 'Symbol in the common format', example: 'NIFTY' }),
  query: shortText().meta({
    description: 'Words in any order; each must match symbol, broker symbol, name, token or strike',
    example: 'NIFTY 24000 CE',
  }),
  instrumenttype: choice(['futures', 'options']),
  format: choice(['json', 'csv']).default('json'),
  underlying: shortText().meta({
    description: 'Underlying, or one of its futures, whose expiry then counts',
    example: 'NIFTY',
  }),
  expiryDate: shortText().optional().meta({ description: 'DDMMMYY', example: '30DEC25' }),
  strikeCount: integer(1, 100)
    .nullish()
    .meta({ description: 'Strikes on each side of the price; needs price. All without it' }),
  price: number()
    .refine((value) => value > 0, 'Must be greater than 0.')
    .nullish()
    .meta({ description: 'Price of the underlying in rupees, by which strikes are labelled' }),
  withQuotes: boolean().default(false).meta({ description: 'Only false can be answered' }),
  withGreeks: boolean().default(false).meta({ description: 'Only false can be answered' }),
  interestRate: number()
    .refine(
      (value) => value >= 0 && value <= 100,
      'Must be greater than or equal to 0 and less than or equal to 100.',
    )
    .nullish()
    .meta({ description: 'For Greeks' }),
}

/** Field → what is wrong with it, as OpenAlgo tells it. */
export function describeIssues(error: z.ZodError): Record<string, string[]> {
  const messages: Record<string, string[]> = {}
  const add = (field: string, message: string) => {
    messages[field] = [...(messages[field] ?? []), message]
  }
  for (const issue of error.issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) add(key.slice(0, TEXT_LENGTH_MAX), 'Unknown field.')
    } else if (issue.path.length === 0) add('_schema', 'Invalid input type.')
    else add(String(issue.path[0]), issue.message)
  }
  return Object.fromEntries(Object.entries(messages).sort(([a], [b]) => (a < b ? -1 : 1)))
}
