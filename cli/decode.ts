import { createReadStream } from 'node:fs'
import { BROKERS, loadBroker } from '../adapters/registry.ts'
import { describeTick, Tick, type TickSink } from '../codecs/tick.ts'
import { BAD_USAGE, CliError, defineCommand, FAILED, OK, oneOf } from './command.ts'

const INPUT_MIB_MAX = 64

interface Frame {
  /** Counts the frames of the input, from 1. */
  readonly number: number
  /** Bytes of a binary frame, text of a text frame. */
  readonly content: Uint8Array | string
}

/** Prints what a decoder delivers: ticks as JSON lines on stdout, rejected bytes as lines on stderr. */
class Printer implements TickSink {
  readonly tick: Tick
  readonly #broker: string
  frameNumber = 0
  delivered = 0
  rejected = 0
  #lines: string[] = []

  constructor(broker: string, depthLevels: number) {
    this.#broker = broker
    this.tick = new Tick(depthLevels)
  }

  emit(): void {
    this.delivered += 1
    this.#lines.push(`${JSON.stringify({ broker: this.#broker, ...describeTick(this.tick) })}\n`)
  }

  reject(reason: string, offset: number): void {
    this.rejected += 1
    process.stderr.write(`frame ${this.frameNumber}, offset ${offset}: ${reason}\n`)
  }

  /** A text frame carries no ticks at a broker whose ticks are binary: only its type is told. */
  readText(text: string): void {
    let type: unknown
    try {
      type = (JSON.parse(text) as { type?: unknown } | null)?.type
    } catch {
      this.reject('the text frame is not JSON', 0)
      return
    }
    this.delivered += 1
    const told =
      typeof type === 'string'
        ? `text frame of type ${JSON.stringify(type)}`
        : 'text frame without a type'
    process.stderr.write(`frame ${this.frameNumber}: ${told}, no ticks\n`)
  }

  flush(): void {
    process.stdout.write(this.#lines.join(''))
    this.#lines = []
  }
}

/** The lines of a text input that hold a frame, with their numbers. */
function* frameLines(input: Buffer): Generator<{ line: string; lineNumber: number }> {
  let lineNumber = 0
  for (const raw of input.toString('utf8').split('\n')) {
    lineNumber += 1
    const line = raw.trim()
    if (line !== '' && !line.startsWith('#')) yield { line, lineNumber }
  }
}

/** A format with one encoded frame per line, in which blanks mean nothing. */
function encodedLines(encoding: 'hex' | 'base64', isWhole: (digits: string) => boolean) {
  return function* (input: Buffer): Generator<Frame> {
    let number = 0
    for (const { line, lineNumber } of frameLines(input)) {
      const digits = line.replaceAll(/\s/g, '')
      if (!isWhole(digits))
        throw new CliError(FAILED, `line ${lineNumber} is not valid ${encoding}`)
      number += 1
      yield { number, content: Buffer.from(digits, encoding) }
    }
  }
}

function isHex(digits: string): boolean {
  return digits.length % 2 === 0 && !/[^0-9a-f]/i.test(digits)
}

/** Padding may be left out, but must be right where it is there. */
function isBase64(digits: string): boolean {
  const bare = digits.replace(/={1,2}$/, '')
  const isPadded = bare.length < digits.length
  return (
    !/[^A-Za-z0-9+/]/.test(bare) && (isPadded ? digits.length % 4 === 0 : bare.length % 4 !== 1)
  )
}

const FORMATS: Readonly<Record<string, (input: Buffer) => Iterable<Frame>>> = {
  bin: (input) => [{ number: 1, content: input }],
  hex: encodedLines('hex', isHex),
  base64: encodedLines('base64', isBase64),
  *text(input) {
    let number = 0
    for (const { line } of frameLines(input)) {
      number += 1
      yield { number, content: line }
    }
  },
}

async function readInput(file: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of file === '-' ? process.stdin : createReadStream(file)) {
    bytes += (chunk as Buffer).length
    if (bytes > INPUT_MIB_MAX * 1024 * 1024) {
      throw new CliError(FAILED, `the input is larger than ${INPUT_MIB_MAX} MiB; split it`)
    }
    chunks.push(chunk as Buffer)
  }
  if (bytes === 0) throw new CliError(FAILED, 'the input is empty')
  return Buffer.concat(chunks)
}

export const command = defineCommand({
  usage: ['--broker ID [--format FORMAT] FILE', '--broker ID [--format FORMAT] -'],
  positionalsMax: 1,
  options: {
    broker: {
      type: 'string',
      value: 'ID',
      help: `The broker whose feed it is: ${Object.keys(BROKERS).join(', ')}.`,
    },
    format: {
      type: 'string',
      value: 'FORMAT',
      help: 'bin: one frame, the default; hex, base64: a binary frame per line; text: a text frame per line.',
    },
  },
  async run({ values, positionals: [file] }) {
    const broker = oneOf('--broker', values.broker, Object.keys(BROKERS))
    const format = oneOf('--format', values.format ?? 'bin', Object.keys(FORMATS))
    if (file === undefined) throw new CliError(BAD_USAGE, 'the file is missing; - reads from stdin')
    const { feed } = await loadBroker(broker)
    const printer = new Printer(broker, feed.depthLevels)
    for (const { number, content } of FORMATS[format]!(await readInput(file))) {
      printer.frameNumber = number
      if (typeof content === 'string') printer.readText(content)
      else feed.decode(content, printer)
      printer.flush()
    }
    return printer.delivered === 0 && printer.rejected > 0 ? FAILED : OK
  },
})
