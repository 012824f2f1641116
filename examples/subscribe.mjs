// Prints the ticks of a running engine, and says when some are missing.
//
//   npm install zeromq msgpackr
//   node subscribe.mjs [ENDPOINT [TOPIC...]]
//
// ENDPOINT is tcp://127.0.0.1:5555 when absent, TOPIC is NSE_RELIANCE_QUOTE; STATUS/ brings events of the feeds.
import { unpack } from 'msgpackr'
import { XSubscriber } from 'zeromq'

const [endpoint = 'tcp://127.0.0.1:5555', ...topics] = process.argv.slice(2)
// A Subscriber would do for up to 1,000 topics; only an XSubscriber can lift that limit.
const socket = new XSubscriber({ sendHighWaterMark: 0 })
socket.connect(endpoint)
for (const topic of topics.length > 0 ? topics : ['NSE_RELIANCE_QUOTE']) {
  await socket.send(`\x01${topic}`)
}

const last = new Map()
const print = (line) => process.stdout.write(`${line}\n`)
for await (const [topic, payload] of socket) {
  const tick = unpack(payload)
  if (tick.type !== undefined) {
    print(JSON.stringify(tick))
    continue
  }
  // seq goes up by one from tick to tick; with another epoch it begins again. A snapshot repeats a seq.
  const stream = `${topic} ${tick.broker} ${tick.epoch}`
  const before = last.get(stream) ?? tick.seq
  if (tick.seq > before + 1) print(`${tick.seq - before - 1} ticks of ${topic} are missing`)
  last.set(stream, Math.max(tick.seq, before))
  print(`${topic} ${tick.ltp} seq ${tick.seq}`)
}
