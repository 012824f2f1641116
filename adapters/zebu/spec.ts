// Zebu (MYNT): NorenOMS with OAuth.
import { unsupported } from '../broker.ts'
import { defineBroker } from '../define-broker.ts'
import { feed } from '../families/noren/feed.ts'
import { zippedLists } from '../families/noren/instruments.ts'
import { oauthSignIn } from '../families/noren/sign-in.ts'

export default defineBroker({
  id: 'zebu',
  name: 'Zebu',
  family: 'noren',
  hosts: {
    rest: 'https://go.mynt.in/NorenWClientAPI',
    feed: 'wss://go.mynt.in/NorenWSAPI/',
    login: 'https://go.mynt.in',
  },
  exchanges: ['NSE', 'BSE', 'NFO', 'BFO', 'CDS', 'MCX', 'NSE_INDEX', 'BSE_INDEX'],
  signIn: oauthSignIn,
  instruments: zippedLists({
    NSE: 'cash',
    BSE: 'cash',
    NFO: 'derivatives',
    BFO: 'bfo',
    CDS: 'derivatives',
    MCX: 'derivatives',
  }),
  feed,
  orders: unsupported('its orders are not part of this version'),
})
