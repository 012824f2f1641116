// The usual way: the broker's client library decodes, `JSON.stringify` encodes, and `ws` sends it to every client.
// A process of its own; its parent tells it the feed's URL.
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { openTicker } from './ticker.ts'

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
const clients = new Set<WebSocket>()
server.on('connection', (client) => {
  clients.add(client)
  client.on('close', () => clients.delete(client))
})

process.on('message', ({ feedUrl }: { feedUrl: string }) => {
  void openTicker(feedUrl, (ticks) => {
    const text = JSON.stringify(ticks)
    for (const client of clients) client.send(text)
  }).then(() => process.send!({ port: (server.address() as AddressInfo).port }))
})
for (const end of ['SIGTERM', 'disconnect']) process.on(end, () => process.exit(0))
