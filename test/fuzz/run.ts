// npm run fuzz -- --codec NAME --count N [--seed S]: holds a decoder to its oracle for as long as one likes.
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { describeFinding, holdToOracle } from './hold.ts'
import { TARGETS } from './targets.ts'

const FOUND = 1
const BAD_USAGE = 2
const COUNT_DEFAULT = 1_000_000
const SEED_LIMIT = 2 ** 32

function wholeNumber(option: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new TypeError(`--${option} must be a whole number from 0 up`)
}

function options() {
  const { values } = parseArgs({
    options: {
      codec: { type: 'string' },
      count: { type: 'string' },
      seed: { type: 'string' },
    },
  })
  const { codec = '' } = values
  if (!Object.hasOwn(TARGETS, codec)) {
    throw new TypeError(`--codec must be one of: ${Object.keys(TARGETS).join(', ')}`)
  }
  const count = wholeNumber('count', values.count, COUNT_DEFAULT)
  return { codec, count, seed: wholeNumber('seed', values.seed, randomInt(SEED_LIMIT)) }
}

async function main(): Promise<number> {
  let chosen: ReturnType<typeof options>
  try {
    chosen = options()
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    return BAD_USAGE
  }
  const { codec, seed } = chosen
  const { target } = await TARGETS[codec]!()
  const { frames, refused, ticked, seconds, finding } = holdToOracle(target, chosen)
  if (finding !== null) {
    process.stdout.write(describeFinding(codec, finding))
    return FOUND
  }
  const perSecond = Math.round(frames / seconds)
  process.stdout.write(
    `${codec}: ${frames} frames, seed ${seed}, ${perSecond} frames/s, ` +
      `${refused} refused, ${ticked} gave ticks\n`,
  )
  return 0
}

process.exitCode = await main()
