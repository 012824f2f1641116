// A broker from outside: CSV with columns of its own, tokens that repeat between segments, and rows that do harm.
import { type BrokerSpec, type InstrumentRow, unsupported } from '../../adapters/broker.ts'
import { shareOf } from './row.ts'

const spec: BrokerSpec = {
  id: 'second',
  name: 'Second',
  family: 'own',
  hosts: { rest: 'http://127.0.0.1', feed: 'ws://127.0.0.1' },
  exchanges: ['NSE', 'NFO'],
  signIn: {
    credentials: [{ name: 'access_token', secret: true, needed: 'always', help: 'Any text.' }],
    steps: [],
  },
  instruments: {
    files: () => [],
    publishedAt: '06:00',
    layouts: {
      all: {
        format: 'csv',
        columns: ['token', 'segment', 'exchange', 'symbol'],
        row([token, segment, exchange, symbol]): InstrumentRow | string {
          if (symbol === 'BREAK') throw new Error('this row breaks the adapter')
          // In a worker this ends the thread.
          if (symbol === 'EXIT') process.exit()
          if (symbol === 'KILL') process.kill(process.pid, 'SIGKILL')
          return shareOf(exchange!, symbol!, Number(token), Number(segment))
        },
      },
    },
  },
  feed: {
    instrumentsPerSocket: 1,
    socketsMax: 1,
    depthLevels: 5,
    silenceMsMax: 1000,
    connection() {
      throw new Error('this broker has no feed')
    },
    decode() {},
  },
  orders: unsupported('this broker has no orders'),
}
export default spec
