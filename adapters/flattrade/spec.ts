// Flattrade: NorenOMS under the name Pi Connect, with a sign-in and lists of its own.
import { unsupported } from '../broker.ts'
import { defineBroker } from '../define-broker.ts'
import { feed } from '../families/noren/feed.ts'
import { HOSTS } from './hosts.ts'
import { instruments } from './instruments.ts'
import { signIn } from './sign-in.ts'

export default defineBroker({
  id: 'flattrade',
  name: 'Flattrade',
  family: 'noren',
  hosts: HOSTS,
  exchanges: ['NSE', 'BSE', 'NFO', 'BFO', 'CDS', 'MCX', 'NSE_INDEX', 'BSE_INDEX'],
  signIn,
  instruments,
  feed,
  orders: unsupported('its orders are not part of this version'),
})
