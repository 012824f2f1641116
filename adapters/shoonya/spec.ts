// Shoonya (Finvasia): NorenOMS with OAuth.
import { unsupported } from '../broker.ts'
import { defineBroker } from '../define-broker.ts'
import { feed } from '../families/noren/feed.ts'
import { zippedLists } from '../families/noren/instruments.ts'
import { oauthSignIn } from '../families/noren/sign-in.ts'

export default defineBroker({
  id: 'shoonya',
  name: 'Shoonya',
  family: 'noren',
  hosts: {
    rest: 'https://api.shoonya.com/NorenWClientAPI',
    feed: 'wss://api.shoonya.com/NorenWSAPI/',
    login: 'https://api.shoonya.com',
  },
  exchanges: ['NSE', 'BSE', 'NFO', 'BFO', 'CDS', 'MCX', 'NSE_INDEX', 'BSE_INDEX'],
  signIn: oauthSignIn,
  instruments: zippedLists({
    NSE: 'cash',
    BSE: 'cash',
    NFO: 'derivatives',
    BFO: 'derivatives',
    CDS: 'derivatives',
    MCX: 'derivatives',
  }),
  feed,
  orders: unsupported('its orders are not part of this version'),
})
