// Fields of OpenAlgo's requests as zod schemas, with the words in which OpenAlgo refuses them.
import { z } from 'zod'
import type { Messages } from './rest.ts'

const EXCHANGES = [
  ...['NSE', 'NFO', 'CDS', 'BSE', 'BFO', 'BCD', 'MCX', 'NCDEX', 'NCO'],
  ...['NSE_INDEX', 'BSE_INDEX', 'MCX_INDEX', 'GLOBAL_INDEX', 'CRYPTO'],
] as const
const DERIVATIVE_EXCHANGES = ['NFO', 'BFO', 'MCX', 'CDS', 'NCO', 'BCD', 'NCDEX', 'CRYPTO'] as const
/** Longer than any symbol, and than any search that could find one. */
const TEXT_LENGTH_MAX = 256

/** So many faults of one request are told: a body that is full of them must not hold up others. */
const FAULTS_MAX = 100

const MISSING = 'Missing data for required field.'
const NULL = 'Field may not be null.'

/** The message for a value of the wrong type. */
const wrong =
  (otherwise: string) =>
  ({ input }: { readonly input?: unknown }) => {
    if (input === undefined) return MISSING
    return input === null ? NULL : otherwise
  }

/** A text of any length: bodies are short. */
export const text = () => z.string({ error: wrong('Not a valid string.') })

/** One of these words; `otherwise` says what is wrong with another. */
export const choice = <const Values extends readonly [string, ...string[]]>(
  values: Values,
  otherwise = `Must be one of: ${values.join(', ')}.`,
) =>
  z.enum(values, {
    error: ({ input }) => {
      return typeof input === 'string' ? otherwise : wrong('Not a valid string.')({ input })
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

/** As clients of many languages write numbers; longer ones than anybody means are none. */
const NUMBER = /^\s{0,9}[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})([eE][+-]?\d{1,2})?\s{0,9}$/

/** A number, or a text that spells one. */
export const number = () => spelled(z.number(), NUMBER, 'Not a valid number.')

/** A whole number, or a text that spells one; `range` says what is wrong with one that is out of it. */
export const integer = (
  min: number,
  max: number,
  range = `Must be greater than or equal to ${min} and less than or equal to ${max}.`,
) => {
  const message = 'Not a valid integer.'
  return spelled(z.int({ error: wrong(message) }), /^[+-]?\d{1,15}$/, message).refine(
    (value) => value >= min && value <= max,
    range,
  )
}

/** Words that OpenAlgo takes for true and false. */
const FLAGS: readonly (readonly [flag: boolean, words: readonly unknown[]])[] = [
  [true, [true, 1, 'true', 'True', 'TRUE', '1', 'on', 'yes', 't', 'y']],
  [false, [false, 0, 'false', 'False', 'FALSE', '0', 'off', 'no', 'f', 'n']],
]

/** True or false, or a word for it. */
export const flag = () =>
  z.preprocess((value) => FLAGS.find(([, words]) => words.includes(value))?.[0] ?? value, boolean())

const boolean = () => z.boolean({ error: wrong('Not a valid boolean.') })

/** A list; `otherwise` says what is wrong with one that is too short or too long, where common words do not. */
export const list = <Item extends z.ZodType>(
  item: Item,
  min: number,
  max: number,
  otherwise?: string,
) =>
  z
    .array(item, { error: wrong('Not a valid list.') })
    .min(min, otherwise ?? `Shorter than minimum length ${min}.`)
    .max(max, otherwise ?? `Longer than maximum length ${max}.`)

/** A text no longer than any name. */
export const shortText = () =>
  text().max(TEXT_LENGTH_MAX, `Longer than maximum length ${TEXT_LENGTH_MAX}.`)

/** The fields by the names of OpenAlgo's API, with what each means. */
export const FIELDS = {
  apikey: text()
    .min(1, 'Length must be between 1 and 256.')
    .max(256, 'Length must be between 1 and 256.')
    .meta({ description: 'API key of the scope that the call needs' }),
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
    .meta({ description: 'Strikes on each side of the price. All without it' }),
  price: number()
    .refine((value) => value > 0, 'Must be greater than 0.')
    .nullish()
    .meta({
      description:
        'Price of the underlying in rupees, by which strikes are labelled; the last one without it',
    }),
  withQuotes: boolean().default(true).meta({
    description: 'Whether the options are told with their quotes; 0 stands for all of them without',
  }),
  withGreeks: boolean().default(false).meta({ description: 'Only false can be answered' }),
  interestRate: number()
    .refine(
      (value) => value >= 0 && value <= 100,
      'Must be greater than or equal to 0 and less than or equal to 100.',
    )
    .nullish()
    .meta({ description: 'For Greeks' }),
}

interface Found {
  [field: string]: string[] | Found
}

/** Field → what is wrong with it, as OpenAlgo tells it; what is in lists and objects lies as deep in the answer. */
export function describeIssues(error: z.ZodError): Messages {
  const messages: Found = {}
  let faults = 0
  const add = (path: readonly PropertyKey[], message: string) => {
    faults += 1
    if (faults > FAULTS_MAX) return
    let place = messages
    for (const step of path.slice(0, -1)) {
      const next = place[String(step)]
      // What is wrong with the whole says enough.
      if (Array.isArray(next)) return
      place = next ?? own(place, String(step))
    }
    const last = String(path.at(-1)).slice(0, TEXT_LENGTH_MAX)
    const known = Object.hasOwn(place, last) ? place[last] : undefined
    if (known === undefined) Object.defineProperty(place, last, ownValue([message]))
    else if (Array.isArray(known)) known.push(message)
  }
  for (const { path, message, ...issue } of error.issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) add([...path, key], 'Unknown field.')
    } else if (issue.code === 'invalid_type' && issue.expected === 'object') {
      const missing = message === MISSING || message === NULL ? message : null
      if (path.length > 0 && missing !== null) add(path, missing)
      else add([...path, '_schema'], 'Invalid input type.')
    } else add(path, message)
  }
  return sorted(messages)
}

/** A field may be named as something that every object has. */
const ownValue = (value: unknown) => {
  return { value, enumerable: true, configurable: true, writable: true } as const
}

function own(place: Found, step: string): Found {
  if (Object.hasOwn(place, step)) return place[step] as Found
  const made: Found = {}
  Object.defineProperty(place, step, ownValue(made))
  return made
}

function sorted(messages: Found): Messages {
  const entries = Object.entries(messages).sort(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(
    entries.map(([field, told]) => [field, Array.isArray(told) ? told : sorted(told)]),
  )
}
