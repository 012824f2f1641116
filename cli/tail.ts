import { once } from 'node:events'
import { unpack } from 'msgpackr'
import WebSocket from 'ws'
import { MODE_NAMES } from '../codecs/tick.ts'
import {
  BAD_USAGE,
  CliError,
  columns,
  defineCommand,
  FAILED,
  NO_ENGINE,
  OK,
  oneOf,
} from './command.ts'
import { CONFIG_OPTION, configFor } from './config-options.ts'
import { findEngine, hostToReach } from './running-engine.ts'

const REDRAW_EVERY_MS = 250
const SYMBOLS_MAX = 1000

interface Target {
  readonly exchange: string
  readonly symbol: string
}

/** A tick or an event, as the msgpack stream carries it. */
type Item = Readonly<Record<string, unknown>>

function targetOf(text: string): Target {
  const at = text.indexOf(':')
  const [exchange, symbol] = [text.slice(0, at), text.slice(at + 1)]
  if (at > 0 && symbol !== '') return { exchange, symbol }
  throw new CliError(
    BAD_USAGE,
    `${JSON.stringify(text)} is not EXCHANGE:SYMBOL, such as NSE:RELIANCE`,
  )
}

/** Where to connect and with which key: what the user gave, else the engine that runs on the data folder. */
async function endpoint(values: Readonly<Record<string, unknown>>) {
  const key = (values['api-key'] as string | undefined) ?? process.env.TICKPLANT_API_KEY
  if (typeof values.url === 'string') {
    if (key !== undefined) return { url: values.url, key }
    throw new CliError(BAD_USAGE, '--url needs --api-key, or TICKPLANT_API_KEY in the environment')
  }
  const engine = await findEngine(configFor(values).config.data_dir)
  if (engine !== null) {
    return { url: `ws://${hostToReach(engine.websocket)}`, key: key ?? engine.apiKey }
  }
  throw new CliError(
    NO_ENGINE,
    'no engine is running on this data folder; start one with `tickplant start`, or name one with --url',
  )
}

async function connect(url: string): Promise<WebSocket> {
  let socket: WebSocket
  try {
    socket = new WebSocket(url, { perMessageDeflate: false })
    await once(socket, 'open')
  } catch (error) {
    throw new CliError(NO_ENGINE, `cannot connect to ${url}: ${(error as Error).message}`)
  }
  return socket
}

const isTick = (item: Item) => item.type === undefined
const jsonLines = (items: readonly Item[]) =>
  items.map((item) => `${JSON.stringify(item)}\n`).join('')

/**
 * Prints each tick as one JSON line, and each event as one on stderr, so that a pipe gets ticks only. A paused reader
 * pauses the stream of the socket, not the memory.
 */
function printLines(socket: WebSocket): (items: readonly Item[]) => void {
  return (items) => {
    const events = items.filter((item) => !isTick(item))
    if (events.length > 0) process.stderr.write(jsonLines(events))
    if (process.stdout.write(jsonLines(items.filter(isTick))) || socket.isPaused) return
    socket.pause()
    process.stdout.once('drain', () => socket.resume())
  }
}

const TABLE = ['ltp', 'ltq', 'volume', 'bid', 'ask', 'open', 'high', 'low', 'close', 'seq'] as const

/** Draws the latest tick of each instrument again and again, in place. */
function drawTable(): (items: readonly Item[]) => void {
  const rows = new Map<string, Item>()
  const notes: string[] = []
  const timer = setInterval(() => {
    const cells = [...rows].map(([name, tick]) => [
      name,
      ...TABLE.map((key) => String(tick[key] ?? '')),
      new Date(Number(tick.receiveTime) / 1000).toISOString().slice(11, 23),
    ])
    const table = columns([
      ['INSTRUMENT', ...TABLE.map((key) => key.toUpperCase()), 'RECEIVED (UTC)'],
      ...cells,
    ])
    process.stdout.write(`\x1b[H\x1b[J${[...table, '', ...notes.slice(-5)].join('\n')}\n`)
  }, REDRAW_EVERY_MS)
  timer.unref()
  return (items) => {
    for (const item of items) {
      if (isTick(item)) rows.set(`${item.exchange}:${item.symbol}`, item)
      else notes.push(JSON.stringify(item))
    }
    notes.splice(0, notes.length - 5)
  }
}

interface Reply {
  readonly type?: string
  readonly status?: string
  readonly message?: string
  readonly subscriptions?: readonly {
    symbol: string
    exchange: string
    status: string
    message?: string
  }[]
}

/** Reads a reply; throws what the user must know. Returns true when ticks may follow. */
function readReply(reply: Reply): boolean {
  if (reply.status === 'error') throw new CliError(FAILED, `the engine says: ${reply.message}`)
  if (reply.type !== 'subscribe') return false
  const failed = (reply.subscriptions ?? []).filter(({ status }) => status === 'error')
  for (const { message } of failed) process.stderr.write(`tickplant: ${message}\n`)
  if (failed.length === reply.subscriptions?.length) {
    throw new CliError(FAILED, 'nothing to tail: no instrument could be subscribed')
  }
  return true
}

/** Streams until the user or the engine ends it. Resolves with the exit code. */
function stream(socket: WebSocket, show: (items: readonly Item[]) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      try {
        if (isBinary) show(unpack(data) as Item[])
        else readReply(JSON.parse(data.toString()) as Reply)
      } catch (error) {
        socket.terminate()
        reject(error)
      }
    })
    socket.on('error', reject)
    socket.on('close', (code, reason) => {
      const why = `${code} ${reason.toString()}`.trim()
      reject(new CliError(FAILED, `the engine closed the connection: ${why}`))
    })
    const end = () => {
      socket.removeAllListeners('close')
      socket.terminate()
      resolve(OK)
    }
    process.once('SIGINT', end)
    process.once('SIGTERM', end)
  })
}

export const command = defineCommand({
  usage: ['EXCHANGE:SYMBOL... [--mode ltp|quote|depth] [--json]'],
  positionalsMax: SYMBOLS_MAX,
  options: {
    mode: { type: 'string', value: 'MODE', help: 'ltp, quote (the default) or depth.' },
    json: {
      type: 'boolean',
      help: 'One tick a line as JSON, events on stderr; so too when the output is no terminal.',
    },
    url: { type: 'string', value: 'URL', help: 'Another engine, such as ws://127.0.0.1:8765.' },
    'api-key': {
      type: 'string',
      value: 'KEY',
      help: 'API key; found by itself for an engine of this folder.',
    },
    'data-dir': {
      type: 'string',
      value: 'FOLDER',
      help: 'Data folder instead of the configured one.',
    },
    ...CONFIG_OPTION,
  },
  async run({ values, positionals }) {
    if (positionals.length === 0) {
      throw new CliError(BAD_USAGE, 'name at least one instrument, such as NSE:RELIANCE')
    }
    const symbols = positionals.map(targetOf)
    const mode = oneOf('mode', values.mode ?? 'quote', MODE_NAMES.slice(1))
    const { url, key } = await endpoint(values)
    const socket = await connect(url)
    const asLines = values.json === true || process.stdout.isTTY !== true
    const streaming = stream(socket, asLines ? printLines(socket) : drawTable())
    socket.send(
      JSON.stringify({ action: 'authenticate', api_key: key, format: 'msgpack', events: true }),
    )
    socket.send(JSON.stringify({ action: 'subscribe', symbols, mode }))
    return streaming
  },
})
