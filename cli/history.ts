import { writeFile } from 'node:fs/promises'
import { indianTime } from '../engine/orders/journal-record.ts'
import { ACCOUNT_OPTIONS, AccountApi, print, understood } from './account/api.ts'
import { historyAnswer } from './account/rows.ts'
import { BAD_USAGE, CliError, defineCommand, OK, required } from './command.ts'
import { instrumentOf } from './instrument.ts'

const DATE = /^\d{4}-\d{2}-\d{2}$/
const COLUMNS = ['timestamp', 'open', 'high', 'low', 'close', 'volume', 'oi'] as const
/** Of days, weeks and longer the date alone means something; its epoch is midnight in UTC. */
const BY_DATE = /^[DWMQY]$/

function dateOf(name: string, text: string | undefined): string {
  const date = required(name, text)
  if (DATE.test(date)) return date
  throw new CliError(
    BAD_USAGE,
    `${name} is ${JSON.stringify(date)}; it must be a day such as 2026-08-25`,
  )
}

function timeOf(seconds: number, interval: string): string {
  const ms = seconds * 1000
  return BY_DATE.test(interval)
    ? new Date(ms).toISOString().slice(0, 10)
    : indianTime(ms).replace('.000', '')
}

export const command = defineCommand({
  usage: ['EXCHANGE:SYMBOL --from YYYY-MM-DD --to YYYY-MM-DD [--interval 5m] [--csv FILE]'],
  positionalsMax: 1,
  options: {
    interval: {
      type: 'string',
      value: 'INTERVAL',
      help: 'Of one candle: 1m, 5m, 15m, 1h, D (the default) and what else the broker has.',
    },
    from: { type: 'string', value: 'YYYY-MM-DD', help: 'The first day.' },
    to: { type: 'string', value: 'YYYY-MM-DD', help: 'The last day, included.' },
    csv: { type: 'string', value: 'FILE', help: 'Where to, instead of the output.' },
    ...ACCOUNT_OPTIONS,
  },
  async run({ values, positionals: [name] }) {
    const { interval = 'D', csv, json } = values
    if (json && csv !== undefined) {
      throw new CliError(BAD_USAGE, '--json and --csv do not go together; give one of them')
    }
    const fields = {
      ...instrumentOf(required('the instrument', name)),
      interval,
      start_date: dateOf('--from', values.from),
      end_date: dateOf('--to', values.to),
    }
    const api = await AccountApi.open(values)
    const body = await api.call({ path: 'history', fields })
    if (json) {
      print(JSON.stringify(body, null, 2))
      return OK
    }
    const { data } = understood(historyAnswer, body)
    const rows = data.map((candle) =>
      [timeOf(candle.timestamp, interval), ...COLUMNS.map((column) => candle[column])].join(),
    )
    const text = [['time', ...COLUMNS].join(), ...rows].map((row) => `${row}\n`).join('')
    if (csv === undefined) process.stdout.write(text)
    else {
      await writeFile(csv, text)
      print(`${rows.length} candles in ${csv}`)
    }
    return OK
  },
})
