// Raw TCP: bytes from one socket into another, without a look at them. What a hop through a process costs at least.
// A process of its own; every client that connects gets a connection to the feed of its own, which it speaks to itself.
import { type AddressInfo, connect, createServer } from 'node:net'

const server = createServer({ noDelay: true }, (client) => {
  const feed = connect({ host: '127.0.0.1', port: feedPort, noDelay: true })
  for (const [from, to] of [
    [feed, client],
    [client, feed],
  ] as const) {
    from.on('data', (bytes) => void to.write(bytes))
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
})
let feedPort = 0

process.on('message', ({ feedUrl }: { feedUrl: string }) => {
  feedPort = Number(new URL(feedUrl).port)
  server.listen(0, '127.0.0.1', () => {
    process.send!({ port: (server.address() as AddressInfo).port })
  })
})
for (const end of ['SIGTERM', 'disconnect']) process.on(end, () => process.exit(0))
