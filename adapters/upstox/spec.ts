// Upstox: Developer API version 2 and 3, Market Data Feed version 3.
import { unsupported } from '../broker.ts'
import { defineBroker } from '../define-broker.ts'
import { feed, plusFeed } from './feed.ts'
import { instruments, REST } from './instruments.ts'
import { signIn } from './sign-in.ts'

export default defineBroker({
  id: 'upstox',
  name: 'Upstox',
  family: 'own',
  hosts: {
    rest: REST,
    feed: 'wss://api.upstox.com/v3/feed/market-data-feed',
  },
  exchanges: [
    'NSE',
    'BSE',
    'NFO',
    'BFO',
    'CDS',
    'BCD',
    'MCX',
    'NSE_INDEX',
    'BSE_INDEX',
    'GLOBAL_INDEX',
  ],
  signIn,
  instruments,
  feed,
  plans: { plus: plusFeed },
  orders: unsupported('its orders are not part of this version'),
})
