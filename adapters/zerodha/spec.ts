// Zerodha: Kite Connect version 3.
import { defineBroker } from '../define-broker.ts'
import { feed } from './feed.ts'
import { instruments } from './instruments.ts'
import { orders } from './orders.ts'
import { signIn } from './sign-in.ts'

export default defineBroker({
  id: 'zerodha',
  name: 'Zerodha',
  family: 'own',
  hosts: {
    rest: 'https://api.kite.trade',
    feed: 'wss://ws.kite.trade',
    login: 'https://kite.zerodha.com',
  },
  exchanges: [
    'NSE',
    'BSE',
    'NFO',
    'BFO',
    'CDS',
    'BCD',
    'MCX',
    'NCO',
    'NSE_INDEX',
    'BSE_INDEX',
    'MCX_INDEX',
    'GLOBAL_INDEX',
  ],
  signIn,
  instruments,
  feed,
  orders,
})
