// NATS as the distributor: the broker's client library decodes, and each tick is published as JSON under its token.
// A process of its own; its parent tells it the feed's URL and where the server of NATS is.
import { connect } from '@nats-io/transport-node'
import { openTicker } from './ticker.ts'

process.on('message', async ({ feedUrl, server }: { feedUrl: string; server: string }) => {
  const nats = await connect({ servers: server })
  await openTicker(feedUrl, (ticks) => {
    for (const tick of ticks) nats.publish(`ticks.${tick.instrument_token}`, JSON.stringify(tick))
  })
  process.send!({})
})
for (const end of ['SIGTERM', 'disconnect']) process.on(end, () => process.exit(0))
