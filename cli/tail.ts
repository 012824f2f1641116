import { once } from 'node:events'
import { MODE_NAMES } from '../codecs/tick.ts'
import { BAD_USAGE, CliError, defineCommand, NO_ENGINE, OK, oneOf } from './command.ts'
import { CONFIG_OPTION, configFor, DATA_DIR_OPTION } from './config-options.ts'
import { instrumentOf } from './instrument.ts'
import { findEngine, hostToReach } from './running-engine.ts'
import { printLines } from './tail/lines.ts'
import type { Instrument, Items } from './tail/stream.ts'
import { drawTable } from './tail/table.ts'
import { type WebSocketSource, webSocketItems } from './tail/websocket.ts'

const INSTRUMENTS_MAX = 1000
const ZEROMQ_TRANSPORTS = ['tcp://', 'ipc://']

type Given = Readonly<Record<string, unknown>>

/** Where to connect and with which key: what the user gave, else the engine that runs on the data folder. */
async function webSocketSource(values: Given): Promise<WebSocketSource> {
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

/** Throws a CliError for options that do not go together. */
function checkOptions(values: Given, isInstrumentNamed: boolean): void {
  const { zmq } = values
  if (zmq === undefined) {
    if (values.curve !== undefined) throw new CliError(BAD_USAGE, '--curve goes with --zmq only')
    if (isInstrumentNamed) return
    throw new CliError(BAD_USAGE, 'name at least one instrument, such as NSE:RELIANCE')
  }
  const other = ['url', 'api-key'].find((name) => values[name] !== undefined)
  if (other !== undefined) {
    throw new CliError(BAD_USAGE, `--${other} is for the WebSocket and does not go with --zmq`)
  }
  if (ZEROMQ_TRANSPORTS.some((transport) => String(zmq).startsWith(transport))) return
  throw new CliError(
    BAD_USAGE,
    `--zmq is ${JSON.stringify(zmq)}; it must begin with tcp:// or ipc://, such as tcp://127.0.0.1:5555`,
  )
}

async function itemsOf(
  values: Given,
  instruments: readonly Instrument[],
  mode: string,
  signal: AbortSignal,
): Promise<Items> {
  if (values.zmq === undefined) {
    return webSocketItems(await webSocketSource(values), instruments, mode, signal)
  }
  const { readCurveKeys, zeromqItems } = await import('./tail/zeromq.ts')
  const curve = values.curve === undefined ? null : await readCurveKeys(String(values.curve))
  return zeromqItems({ endpoint: String(values.zmq), curve }, instruments, mode, signal)
}

export const command = defineCommand({
  usage: [
    'EXCHANGE:SYMBOL... [--mode ltp|quote|depth] [--json]',
    '--zmq ENDPOINT [EXCHANGE:SYMBOL...] [--mode ltp|quote|depth] [--json] [--curve FILE]',
  ],
  positionalsMax: INSTRUMENTS_MAX,
  options: {
    mode: { type: 'string', value: 'MODE', help: 'ltp, quote (the default) or depth.' },
    json: {
      type: 'boolean',
      help: 'One tick a line as JSON, events on stderr; so too when the output is no terminal.',
    },
    zmq: {
      type: 'string',
      value: 'ENDPOINT',
      help: 'Over ZeroMQ, such as tcp://127.0.0.1:5555; all that flows when no instrument is named.',
    },
    curve: {
      type: 'string',
      value: 'FILE',
      help: 'Keys for an engine with CURVE, as `tickplant keys curve add` prints them.',
    },
    url: { type: 'string', value: 'URL', help: 'Another engine, such as ws://127.0.0.1:8765.' },
    'api-key': {
      type: 'string',
      value: 'KEY',
      help: 'API key; found by itself for an engine of this folder.',
    },
    ...DATA_DIR_OPTION,
    ...CONFIG_OPTION,
  },
  async run({ values, positionals }) {
    checkOptions(values, positionals.length > 0)
    const instruments = positionals.map(instrumentOf)
    const mode = oneOf('mode', values.mode ?? 'quote', MODE_NAMES.slice(1))
    const ended = new AbortController()
    const { signal } = ended
    for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => ended.abort())
    try {
      const items = await itemsOf(values, instruments, mode, signal)
      const asLines = values.json === true || process.stdout.isTTY !== true
      const show = asLines ? printLines() : drawTable()
      for await (const some of items) {
        if (!show(some)) await once(process.stdout, 'drain', { signal })
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
    return OK
  },
})
