// Reads Upstox's frames with protobufjs and a schema written from the published table, and a client that collects
// them: what the simulator is held against. It knows nothing of the simulator's sources but how to start it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import protobuf from 'protobufjs'
import { WebSocket } from 'ws'
import {
  startUpstoxSimulator,
  type UpstoxOptions,
  type UpstoxSimulator,
} from '../../sim/upstox-server.ts'
import { until } from './kite-reader.ts'

const SCHEMA = `
syntax = "proto3";
message FeedResponse {
  enum Type { initial_feed = 0; live_feed = 1; market_info = 2; }
  Type type = 1;
  map<string, Feed> feeds = 2;
  int64 currentTs = 3;
  MarketInfo marketInfo = 4;
}
message Feed {
  enum RequestMode { ltpc = 0; full_d5 = 1; option_greeks = 2; full_d30 = 3; }
  oneof FeedUnion {
    LTPC ltpc = 1;
    FullFeed fullFeed = 2;
    FirstLevelWithGreeks firstLevelWithGreeks = 3;
  }
  RequestMode requestMode = 4;
}
message FullFeed { oneof FullFeedUnion { MarketFullFeed marketFF = 1; IndexFullFeed indexFF = 2; } }
message DoubleValue { double value = 1; }
message LTPC { double ltp = 1; int64 ltt = 2; int64 ltq = 3; double cp = 4; DoubleValue iep = 5; }
message MarketFullFeed {
  LTPC ltpc = 1; MarketLevel marketLevel = 2; OptionGreeks optionGreeks = 3; MarketOHLC marketOHLC = 4;
  double atp = 5; int64 vtt = 6; double oi = 7; double iv = 8; double tbq = 9; double tsq = 10;
  double iep = 11; double rp = 12; int64 ieq = 13; int64 iiqTotal = 14; int64 iiqM = 15; bool casEligible = 16;
}
message IndexFullFeed { LTPC ltpc = 1; MarketOHLC marketOHLC = 2; }
message FirstLevelWithGreeks {
  LTPC ltpc = 1; Quote firstDepth = 2; OptionGreeks optionGreeks = 3; int64 vtt = 4; double oi = 5; double iv = 6;
}
message MarketLevel { repeated Quote bidAskQuote = 1; }
message Quote { int64 bidQ = 1; double bidP = 2; int64 askQ = 3; double askP = 4; }
message MarketOHLC { repeated OHLC ohlc = 1; }
message OHLC {
  string interval = 1; double open = 2; double high = 3; double low = 4; double close = 5; int64 vol = 6; int64 ts = 7;
}
message OptionGreeks { double delta = 1; double theta = 2; double gamma = 3; double vega = 4; double rho = 5; }
message MarketInfo {
  enum MarketStatus {
    PRE_OPEN_START = 0; PRE_OPEN_END = 1; NORMAL_OPEN = 2; NORMAL_CLOSE = 3; CLOSING_START = 4; CLOSING_END = 5;
  }
  map<string, MarketStatus> segmentStatus = 1;
  map<string, StatusInfo> casMarketStatus = 2;
  map<string, StatusInfo> preOpenSessionStatus = 3;
}
message StatusInfo { string status = 1; int64 updatedTime = 2; }
`
const FeedResponse = protobuf.parse(SCHEMA).root.lookupType('FeedResponse')

export interface ReadLtpc {
  ltp?: number
  ltt?: number
  ltq?: number
  cp?: number
}
export interface ReadLevel {
  bidQ?: number
  bidP?: number
  askQ?: number
  askP?: number
}
export interface ReadFull {
  ltpc?: ReadLtpc
  marketLevel?: { bidAskQuote: ReadLevel[] }
  optionGreeks?: Record<string, number>
  marketOHLC?: { ohlc: (Record<string, number> & { interval: string })[] }
  atp?: number
  vtt?: number
  oi?: number
  iv?: number
  tbq?: number
  tsq?: number
}
export interface ReadFeed {
  ltpc?: ReadLtpc
  fullFeed?: { marketFF?: ReadFull; indexFF?: ReadFull }
  firstLevelWithGreeks?: ReadFull & { firstDepth: ReadLevel }
  requestMode?: string
}
export interface ReadFrame {
  type?: string
  feeds?: Record<string, ReadFeed>
  currentTs?: number
  marketInfo?: { segmentStatus: Record<string, string> }
}

/** The fields that are on the wire, by their names; whole numbers as numbers, enums as names. */
export function readFrame(bytes: Uint8Array): ReadFrame {
  return FeedResponse.toObject(FeedResponse.decode(bytes), { longs: Number, enums: String })
}

/** A simulator that ticks only when told, and closes with the test. */
export async function startUpstox(
  t: TestContext,
  options: Partial<UpstoxOptions> = {},
): Promise<UpstoxSimulator> {
  const upstox = await startUpstoxSimulator({
    seed: 11,
    ratePerSecond: 0,
    instruments: 500,
    today: '2026-08-18',
    ...options,
  })
  t.after(() => upstox.close())
  return upstox
}

/** The keys of the first instruments of some segments, or of all. */
export const keysOf = (upstox: UpstoxSimulator, count: number, segments?: readonly string[]) =>
  upstox.instruments
    .filter(({ exchange }) => segments?.includes(exchange) ?? true)
    .slice(0, count)
    .map(({ token }) => String(token))

export const bearer = (upstox: UpstoxSimulator, accessToken = upstox.accessToken) => ({
  authorization: `Bearer ${accessToken}`,
})

/** Asks for a single-use address of the feed. */
export async function feedAddress(upstox: UpstoxSimulator): Promise<string> {
  const reply = await fetch(`${upstox.restUrl}/v3/feed/market-data-feed/authorize`, {
    headers: bearer(upstox),
  })
  const { status, data } = (await reply.json()) as {
    status: string
    data: Record<string, string>
  }
  assert.equal(status, 'success')
  assert.equal(data.authorizedRedirectUri, data.authorized_redirect_uri)
  return data.authorized_redirect_uri!
}

export interface ReadFailure {
  guid: string
  method: string
  status: string
  error: { code: string; message: string }
}

/** A client that keeps everything it gets. */
export class FeedClient {
  readonly socket: WebSocket
  readonly frames: ReadFrame[] = []
  readonly rawFrames: Buffer[] = []
  readonly texts: ReadFailure[] = []
  #requests = 0

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) {
        this.rawFrames.push(data)
        this.frames.push(readFrame(data))
      } else this.texts.push(JSON.parse(String(data)))
    })
  }

  /** Every instrument's message so far, in the order of their coming. */
  get feeds(): (ReadFeed & { key: string; type: string | undefined })[] {
    return this.frames.flatMap(({ type, feeds }) =>
      Object.entries(feeds ?? {}).map(([key, feed]) => ({ key, type, ...feed })),
    )
  }

  /** Sends a request as a binary frame and gives its guid. */
  ask(method: string, instrumentKeys: readonly string[], mode?: string): string {
    const guid = `guid-${this.#requests++}`
    const data = mode === undefined ? { instrumentKeys } : { mode, instrumentKeys }
    this.socket.send(Buffer.from(JSON.stringify({ guid, method, data })))
    return guid
  }

  async feedsReach(count: number): Promise<void> {
    await until(() => this.feeds.length >= count, `${count} feeds`)
  }

  async textsReach(count: number): Promise<void> {
    await until(() => this.texts.length >= count, `${count} texts`)
  }

  /** Subscribes and takes the snapshots, one for each key. */
  async subscribe(keys: readonly string[], mode = 'full'): Promise<void> {
    const before = this.feeds.length
    this.ask('sub', keys, mode)
    await this.feedsReach(before + keys.length)
  }
}

/** Connects by a new single-use address, or by the one given, and waits until the socket is open. */
export async function connect(upstox: UpstoxSimulator, address?: string): Promise<FeedClient> {
  const client = new FeedClient(new WebSocket(address ?? (await feedAddress(upstox))))
  await once(client.socket, 'open')
  return client
}

/** Tries to connect where it must not be possible; gives the HTTP status. */
export async function refusal(address: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(address, { headers })
  socket.on('open', () => socket.emit('error', new Error('the upgrade was accepted')))
  const [, response] = await once(socket, 'unexpected-response')
  response.resume()
  return response.statusCode as number
}
