import { ACCOUNT_OPTIONS, AccountApi } from './account/api.ts'
import { orderBookAnswer, orderLines } from './account/rows.ts'
import { BAD_USAGE, CliError, checkFits, defineCommand, OK, oneOf } from './command.ts'
import { configFor } from './config-options.ts'
import { showJournal } from './orders/journal.ts'

const OPTIONS_OF_ALL = ['json', 'data-dir', 'config']
const LIST = { options: ['broker'], wordsMax: 0 }
const JOURNAL = { options: ['date'], wordsMax: 0 }
const DATE = /^\d{4}-\d{2}-\d{2}$/

export const command = defineCommand({
  usage: ['[--broker BROKER] [--json]', 'journal [--date YYYY-MM-DD] [--json]'],
  positionalsMax: 1,
  options: {
    ...ACCOUNT_OPTIONS,
    date: {
      type: 'string',
      value: 'YYYY-MM-DD',
      help: "The journal's day, in India; the newest that there is when left out.",
    },
    json: { type: 'boolean', help: 'Print as JSON; the journal as one object per line.' },
  },
  async run({ values, positionals: [action, ...words] }) {
    if (action === undefined) {
      checkFits(LIST, OPTIONS_OF_ALL, values, words)
      const api = await AccountApi.open(values)
      const wish = { path: 'orderbook', fields: {} }
      await api.show(wish, orderBookAnswer, ({ data }) => orderLines(data.orders))
      return OK
    }
    oneOf('the action', action, ['journal'])
    checkFits(JOURNAL, OPTIONS_OF_ALL, values, words)
    const { date, json: asJson = false } = values
    if (date !== undefined && !DATE.test(date))
      throw new CliError(
        BAD_USAGE,
        `--date is ${JSON.stringify(date)}; it must be a day such as 2026-08-25`,
      )
    return showJournal(configFor(values).config.data_dir, date, asJson)
  },
})
