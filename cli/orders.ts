import { BAD_USAGE, CliError, checkFits, defineCommand, oneOf } from './command.ts'
import { CONFIG_OPTION, configFor, DATA_DIR_OPTION } from './config-options.ts'
import { showJournal } from './orders/journal.ts'

const ACTIONS = { journal: { options: ['date', 'json'], wordsMax: 0 } }
const OPTIONS_OF_ALL = ['data-dir', 'config']
const DATE = /^\d{4}-\d{2}-\d{2}$/

export const command = defineCommand({
  usage: ['journal [--date YYYY-MM-DD] [--json]'],
  positionalsMax: 1,
  options: {
    date: {
      type: 'string',
      value: 'YYYY-MM-DD',
      help: 'The day, in India; the newest that there is when left out.',
    },
    json: { type: 'boolean', help: 'Print one JSON object per line.' },
    ...DATA_DIR_OPTION,
    ...CONFIG_OPTION,
  },
  async run({ values, positionals: [action, ...words] }) {
    oneOf('the action', action, Object.keys(ACTIONS))
    checkFits(ACTIONS.journal, OPTIONS_OF_ALL, values, words)
    const { date, json: asJson = false } = values
    if (date !== undefined && !DATE.test(date))
      throw new CliError(
        BAD_USAGE,
        `--date is ${JSON.stringify(date)}; it must be a day such as 2026-08-25`,
      )
    return showJournal(configFor(values).config.data_dir, date, asJson)
  },
})
