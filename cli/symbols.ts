import { BAD_USAGE, CliError, checkFits, defineCommand, OK, oneOf } from './command.ts'
import { CONFIG_OPTION, configFor, DATA_DIR_OPTION } from './config-options.ts'
import { openSymbols, type Symbols } from './symbols/access.ts'
import type { Asked } from './symbols/asked.ts'
import { importFile, status, sync } from './symbols/lists.ts'
import { chain, info, search } from './symbols/look.ts'

interface Action {
  /** The options that go with it, beside those that go with all. */
  readonly options: readonly string[]
  /** How many words may follow. */
  readonly wordsMax: number
  act(symbols: Symbols, asked: Asked): Promise<void>
}

const WORDS_MAX = 20
const ACTIONS: Readonly<Record<string, Action>> = {
  sync: { options: ['all', 'force'], wordsMax: 0, act: sync },
  import: { options: ['force', 'layout'], wordsMax: 1, act: importFile },
  search: { options: ['exchange'], wordsMax: WORDS_MAX, act: search },
  info: { options: [], wordsMax: 1, act: info },
  chain: { options: ['exchange', 'price', 'strikes'], wordsMax: 2, act: chain },
  status: { options: [], wordsMax: 0, act: status },
}
const OPTIONS_OF_ALL = ['broker', 'json', 'data-dir', 'config']

export const command = defineCommand({
  usage: [
    'sync [--broker ID | --all] [--force]',
    'import --broker ID FILE [--layout NAME] [--force]',
    'search WORD ... [--exchange CODE]',
    'info EXCHANGE:SYMBOL',
    'chain UNDERLYING DDMMMYY [--price RUPEES] [--strikes N]',
    'status',
  ],
  positionalsMax: WORDS_MAX + 1,
  options: {
    broker: {
      type: 'string',
      value: 'ID',
      help: 'The broker; may be left out where there is one only.',
    },
    all: { type: 'boolean', help: 'Sync every enabled broker, all at the same time.' },
    force: {
      type: 'boolean',
      help: 'Download even what has not changed, and take a list that lost most rows of an exchange.',
    },
    layout: {
      type: 'string',
      value: 'NAME',
      help: 'How the file is laid out, where its columns do not tell.',
    },
    exchange: { type: 'string', value: 'CODE', help: 'Look at this exchange only.' },
    price: { type: 'string', value: 'RUPEES', help: 'Label the strikes by this price.' },
    strikes: {
      type: 'string',
      value: 'N',
      help: 'Only so many strikes on each side of the price.',
    },
    json: { type: 'boolean', help: 'Print JSON.' },
    ...DATA_DIR_OPTION,
    ...CONFIG_OPTION,
  },
  async run({ values, positionals: [first, ...words] }) {
    const action = ACTIONS[oneOf('the action', first, Object.keys(ACTIONS))]!
    checkFits(action, OPTIONS_OF_ALL, values, words)
    const { broker, all = false, force = false, json: asJson = false } = values
    const { exchange, layout, price, strikes } = values
    if (all && broker !== undefined) {
      throw new CliError(BAD_USAGE, '--all and --broker do not go together')
    }
    const symbols = await openSymbols(configFor(values))
    await action.act(symbols, {
      words,
      broker,
      all,
      force,
      asJson,
      exchange,
      layout,
      price,
      strikes,
    })
    return OK
  },
})
