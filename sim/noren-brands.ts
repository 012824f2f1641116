// What differs between the brokers that run Noren under a name of their own.

export type NorenBroker = 'shoonya' | 'flattrade' | 'zebu'

export interface NorenBrand {
  readonly broker: NorenBroker
  readonly restPath: string
  readonly feedPath: string
  /** `oauth`: GenAcsTok, checksum of client id, secret, code; `pi`: apitoken, checksum of key, code, secret. */
  readonly signIn: 'oauth' | 'pi'
  /** What the configuration of an engine calls the app's key and its secret. */
  readonly keyName: string
  readonly secretName: string
  readonly user: string
  readonly key: string
  /** Operations that carry their session as `jKey` in the body; the others as a Bearer header. */
  takesJKey(operation: string): boolean
  /** Whether there is an answer to `h`, `o`, `uo`, and to `u` and `ud`. */
  readonly acksHeartbeat: boolean
  readonly acksOrders: boolean
  readonly acksOrdersEnd: boolean
  readonly acksUnsubscribe: boolean
  /** The trading symbol of an index: a code (`NIFTY INDEX`) or the name that is displayed (`Nifty 50`). */
  readonly indexSymbols: 'code' | 'name'
  /** Whether indices of BSE are in the master; where not, only SENSEX and BANKEX are on the feed. */
  readonly listsBseIndices: boolean
  /** The Symbol of a contract at BSE: its product code (`BSXFUT`) or what it is written on. */
  readonly bfoSymbols: 'product' | 'underlying'
}

const CHARTS = new Set(['TPSeries', 'EODChartData'])

const OAUTH = {
  restPath: '/NorenWClientAPI',
  feedPath: '/NorenWSAPI/',
  signIn: 'oauth',
  keyName: 'client_id',
  secretName: 'secret',
  indexSymbols: 'code',
  listsBseIndices: false,
  bfoSymbols: 'product',
} as const

export const NOREN_BRANDS: Readonly<Record<NorenBroker, NorenBrand>> = {
  shoonya: {
    ...OAUTH,
    broker: 'shoonya',
    user: 'FA00001',
    key: 'FA00001_U',
    takesJKey: (operation) => CHARTS.has(operation),
    acksHeartbeat: false,
    acksOrders: true,
    acksOrdersEnd: true,
    acksUnsubscribe: true,
  },
  flattrade: {
    broker: 'flattrade',
    restPath: '/PiConnectAPI',
    feedPath: '/PiConnectWSAPI/',
    signIn: 'pi',
    keyName: 'api_key',
    secretName: 'api_secret',
    user: 'FT000001',
    key: 'sim_api_key',
    takesJKey: () => true,
    acksHeartbeat: true,
    acksOrders: false,
    acksOrdersEnd: true,
    acksUnsubscribe: false,
    indexSymbols: 'name',
    listsBseIndices: true,
    bfoSymbols: 'underlying',
  },
  zebu: {
    ...OAUTH,
    broker: 'zebu',
    user: 'Z00001',
    key: 'Z00001_U',
    takesJKey: () => false,
    acksHeartbeat: false,
    acksOrders: false,
    acksOrdersEnd: false,
    acksUnsubscribe: false,
  },
}
