// The bare relay: `ws` in and uWebSockets.js out, without a look at what passes. What any plant in Node must cost.
// A process of its own; its parent tells it the feed's URL and what to subscribe to there.
import WebSocket from 'ws'
import { listen, loadUWebSockets, type WebSocketHandle } from '../../engine/distribute/uws.ts'

const IDLE_TIMEOUT_S = 960
const PAYLOAD_BYTES_MAX = 4096

export interface RelayStart {
  readonly do: 'start'
  readonly feedUrl: string
  readonly commands: readonly string[]
}

const uws = loadUWebSockets()
const clients = new Set<WebSocketHandle<object>>()
const app = uws.App().ws<object>('/*', {
  compression: uws.DISABLED,
  maxPayloadLength: PAYLOAD_BYTES_MAX,
  maxBackpressure: 0,
  idleTimeout: IDLE_TIMEOUT_S,
  sendPingsAutomatically: false,
  upgrade(response, request, context) {
    response.upgrade({}, request.getHeader('sec-websocket-key'), '', '', context)
  },
  open: (client) => void clients.add(client),
  message() {},
  close: (client) => void clients.delete(client),
})
const { port } = listen(uws, app, '127.0.0.1', 0, 'relay')

process.on('message', ({ feedUrl, commands }: RelayStart) => {
  const feed = new WebSocket(feedUrl, { perMessageDeflate: false })
  feed.on('open', () => {
    for (const command of commands) feed.send(command)
    process.send!({ port })
  })
  feed.on('message', (frame: Buffer) => {
    for (const client of clients) client.send(frame, true)
  })
})
for (const end of ['SIGTERM', 'disconnect']) process.on(end, () => process.exit(0))
