// The subscriber of the zeromq benches, in a process of its own: takes all that comes and, where it is the engine's
// msgpack, looks at the seq of every tick.
import { Subscriber } from 'zeromq'
import { ARRAY_HEADER_BYTES } from '../../codecs/msgpack.ts'
import { PackedReader } from '../packed-reader.ts'

const ARRAY16 = 0xdc
const [endpoint, topic, mustCheck] = process.argv.slice(2)

/** What is expected next, told by the parent; ticks are those that were checked, or messages where none is. */
let wanted = 0
let ticks = 0
let faults = 0
const seqs = new Map<number, number>()
const reader = new PackedReader()

function check(payload: Uint8Array): number {
  const items = reader.open(payload)
  let at = payload[0] === ARRAY16 ? ARRAY_HEADER_BYTES : 0
  for (let i = 0; i < items; i++) {
    at = reader.read(at)
    const before = seqs.get(reader.token)
    if (before !== undefined && before + 1 !== reader.seq) faults += 1
    seqs.set(reader.token, reader.seq)
  }
  if (at !== payload.length) faults += 1
  return items
}

function tellWhenDone(): void {
  if (wanted === 0 || ticks < wanted) return
  wanted = 0
  process.send!({ ticks, faults })
  ticks = 0
}

process.on('message', (count: number) => {
  wanted = count
  tellWhenDone()
})

const socket = new Subscriber({ receiveHighWaterMark: 0, linger: 0 })
socket.connect(endpoint!)
socket.subscribe(topic!)
process.on('SIGTERM', () => process.exit(0))
for await (const [, payload] of socket) {
  ticks += mustCheck === 'check' ? check(payload!) : 1
  tellWhenDone()
}
