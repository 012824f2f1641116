// OpenAlgo's Python client, replayed: each frame as its json.dumps writes it, each reply to the byte, and the keys that
// it reads of each mode. Requests and replies are from the documentation of OpenAlgo's WebSocket server.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { sharesOf, startPlant, until } from '../support/plant.ts'
import { type Message, StreamClient } from '../support/stream-client.ts'

const plant = await startPlant({ after })
const [one, other] = sharesOf(plant, 2).map(({ symbol }) => symbol) as [string, string]
const bothTokens = sharesOf(plant, 2).map(({ token }) => token)

const AUTHENTICATED =
  '{"type":"auth","status":"success","message":"Authentication successful","broker":"zerodha","user_id":"local",' +
  '"supported_features":{"ltp":true,"quote":true,"depth":true}}'
const LABELS = { 1: 'LTP', 2: 'Quote', 3: 'Depth' } as const
type Mode = keyof typeof LABELS
const MODES = [1, 2, 3] as const
const READS = {
  1: ['ltp', 'timestamp', 'ltt'],
  2: [
    ...['open', 'high', 'low', 'close', 'ltp', 'volume', 'last_trade_quantity', 'avg_trade_price'],
    ...['change', 'change_percent', 'timestamp'],
  ],
  3: ['depth', 'ltp', 'timestamp'],
} as const

const authenticate = (key: string) => `{"action": "authenticate", "api_key": "${key}"}`
const names = (mode: string) =>
  [one, other].map((symbol) => `{"symbol": "${symbol}", "exchange": "NSE"${mode}}`).join(', ')
const subscribe = (mode: Mode) =>
  `{"action": "subscribe", "symbols": [${names('')}], "mode": ${mode}, "depth": 5}`
const unsubscribe = (mode: Mode) =>
  `{"action": "unsubscribe", "symbols": [${names(`, "mode": ${mode}`)}]}`

function subscribed(mode: Mode): string {
  const told = `"status":"success","mode":"${LABELS[mode]}","depth":5,"broker":"zerodha"`
  const items = [one, other].map((symbol) => `{"symbol":"${symbol}","exchange":"NSE",${told}}`)
  return (
    `{"type":"subscribe","status":"success","subscriptions":[${items}],` +
    '"message":"Subscription processing complete","broker":"zerodha"}'
  )
}

function unsubscribed(): string {
  const items = [one, other].map(
    (symbol) => `{"symbol":"${symbol}","exchange":"NSE","status":"success","broker":"zerodha"}`,
  )
  return (
    '{"type":"unsubscribe","status":"success","message":"Unsubscription processing complete",' +
    `"successful":[${items}],"failed":[],"broker":"zerodha"}`
  )
}

/** Sends a frame and answers with the text of its reply. */
async function exchange(client: StreamClient, frame: string): Promise<string> {
  const reply = await client.ask(frame)
  return client.rawTexts[client.texts.indexOf(reply)]!
}

/** The client's sign-in and one subscription for each mode, as on every connection. */
async function comeIn(client: StreamClient): Promise<void> {
  assert.equal(await exchange(client, authenticate(plant.engine.localKey)), AUTHENTICATED)
  for (const mode of MODES) assert.equal(await exchange(client, subscribe(mode)), subscribed(mode))
  const before = client.tickCount
  plant.simulator.tickOnce(bothTokens)
  // The first ticks of a mode may still be on their way.
  await until('a tick of both in each mode', () => {
    const came = client.ticks.slice(before)
    return [one, other].every((symbol) =>
      MODES.every((mode) => came.some((each) => each.symbol === symbol && each.mode === mode)),
    )
  })
}

function checkFrames(client: StreamClient): void {
  for (const symbol of [one, other]) {
    for (const mode of MODES) {
      const frame = client.ticks.findLast((each) => each.symbol === symbol && each.mode === mode)
      assert.ok(frame, `${symbol} in mode ${mode}`)
      const data = frame.data as Message
      for (const key of READS[mode]) assert.ok(key in data, `${key} in mode ${mode}`)
      assert.ok(Number.isSafeInteger(data.timestamp))
      if (mode !== 3) continue
      const { buy, sell } = data.depth as { buy: Message[]; sell: Message[] }
      assert.deepEqual([buy.length, sell.length], [5, 5])
      for (const level of [...buy, ...sell]) {
        assert.deepEqual(
          Object.values(level).map((value) => typeof value),
          Array(3).fill('number'),
        )
      }
    }
  }
}

test('the Python client signs in, subscribes in all modes, is pinged back, comes again and leaves', async (context) => {
  const first = await StreamClient.connect(context, plant.websocketUrl)
  await comeIn(first)
  checkFrames(first)
  const ponged = once(first.socket, 'pong')
  first.socket.ping('\x01\x02\x03\x04')
  const [pong] = await ponged
  assert.equal(String(pong), '\x01\x02\x03\x04')
  first.socket.terminate()

  const second = await StreamClient.connect(context, plant.websocketUrl)
  await comeIn(second)
  checkFrames(second)
  assert.equal(
    await exchange(second, '{"action": "subscribe_orders"}'),
    '{"type":"subscribe_orders","status":"success","message":"Subscribed to order updates"}',
  )
  for (const mode of MODES) {
    assert.equal(await exchange(second, unsubscribe(mode)), unsubscribed())
  }
  const left = second.tickCount
  plant.simulator.tickOnce(bothTokens)
  await exchange(second, '{"action": "unsubscribe_orders"}')
  assert.equal(second.tickCount, left)
})
