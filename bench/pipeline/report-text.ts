// The words of docs/benchmarks.md: what was measured and how to read it. Figures come from the results.

export const INTRODUCTION = `\
How fast Tickplant is from the broker's send to the client's socket, beside what any plant in Node must cost
(floors) and what one would use without it (peers). Everything on this page is measured and written by one command,
in less than half an hour:

\`\`\`sh
npm ci && npm run bench -- --report        # --quick: two minutes, for a look
npm run bench:pipeline -- --only latency-10k,msgpack-throughput
\`\`\`

- **Processes.** The broker, the engine, and the clients are processes of their own on one machine, over loopback.
  The engine runs as it is installed, with its default configuration unless a line says otherwise; it believes that
  it talks to the broker.
- **Latency** counts from the time at which a frame *should* have been sent: the sender keeps to a schedule, whoever
  is slow, and the receiver computes from the frame's number when it was due (CLOCK_MONOTONIC, the same for all
  processes). So a stall is seen in every tick that waited for it, and the sender's own lateness, printed in the
  last column, is in all figures alike. It ends when the client reads its socket, before anything is decoded, for
  the engine and for the floors; for NATS, when its library hands out the message.
- **Profile.** Quote mode, 500 instruments of all segments under their full names; frames of 1 or 10 packets for
  latency, of 50 for throughput. The clients check the seq of every tick and decode 1 in 64. A delivery is one tick
  to one client.
- **Ratios** are medians of five rounds in which the arms take turns, the engine between two equal ones; how far the
  equal ones are apart is the spread of the machine, and a ratio meets its target when it does within that spread.
- **CPU** is that of all threads between broker and client, \`core\` that of the main thread; wake-ups are the times
  that any of these threads went to sleep.
- **Missing** are ticks that did not arrive, **lapped** those that the engine's ring lost. Raw histograms
  (HdrHistogram V2) lie in \`bench/results\`.`

export const LIMITS = `## What this does not show

The broker's own latency, the way between two machines, isolated cores, and more than two busy threads: the machine
has two cores for all of it, broker and clients included. It is a virtual machine: its neighbours take the processor
for milliseconds at a time, which is most of what p99.9 and max show, in the floors as well. Ratios travel better
than microseconds.`

/** Cases that tell how much can be delivered. */
export const THROUGHPUT_CASES: readonly string[] = [
  'msgpack-throughput',
  'json-throughput',
  'zmq-batches-throughput',
  'zmq-topics-throughput',
  'fanout-throughput',
  'relay-throughput',
]

export interface Section {
  readonly title: string
  readonly text: string
  readonly cases: readonly string[]
  /** File of the chart. */
  readonly chart?: string
}

const RATES = ['1k', '10k', '50k', '200k']

export const SECTIONS: readonly Section[] = [
  {
    title: 'Latency to one client',
    text: `\
The bare relay is \`ws\` in and uWebSockets.js out, without a look at what passes; it stands before and after the
engine in each round.`,
    cases: RATES.flatMap((rate) => [`latency-${rate}`, `latency-${rate}-single`]),
    chart: 'percentiles.svg',
  },
  {
    title: 'The opening',
    text: 'All of the burst is in the figures: from the quiet second before it to the busy one after it.',
    cases: ['latency-burst'],
    chart: 'burst.svg',
  },
  {
    title: 'Where the time goes',
    text: `Each line counts from the broker’s socket in the engine, the first and the last from the intended time.
\`engine.stages\` is on, which costs some tenths of a microsecond a tick. Handed to socket is when the last
client of a drain has been written to, so that the client may have it before.`,
    cases: ['stages'],
  },
  {
    title: 'Outputs',
    text: 'The same ticks in each encoding, to one client.',
    cases: ['outputs-50k'],
  },
  {
    title: 'Many clients',
    text: 'All clients are in one process, which is what they wait for where they are many.',
    cases: ['fanout-1', 'fanout-10', 'fanout-100', 'fanout-1000'],
    chart: 'fan-out.svg',
  },
  {
    title: 'Throughput',
    text: `\
The highest rate at which nothing is lost and the last tick comes within 50 ms of its time: doubled until that
fails, narrowed down, and then held.`,
    cases: THROUGHPUT_CASES,
    chart: 'throughput.svg',
  },
  {
    title: 'Floors',
    text: `\
What hops cost without a plant: a client straight on the broker, on a plain socket and on \`ws\`; two sockets with
nothing between them; the bare relay.`,
    cases: ['floors-10k'],
    chart: 'floors.svg',
  },
  {
    title: 'Peers',
    text: `\
The usual way is the broker’s own client library, \`JSON.stringify\` of each frame’s ticks, and \`ws\` to every
client. NATS: the same library, each tick published as JSON under its token by \`@nats-io/transport-node\`, Debian’s
nats-server, and the same library at the client.`,
    cases: ['peers-10k', 'peers-100k', 'peers-throughput'],
    chart: 'peers.svg',
  },
  {
    title: 'Settings',
    text: `\
What the core does when no tick waits (\`engine.wait\`), and what else one may set; [tuning](tuning.md) says when to
choose which.`,
    cases: ['wait', 'tuning'],
  },
  {
    title: 'CPU and memory',
    text: `\
CPU at a rate at which the engine mostly sleeps; and what ten million ticks leave behind, by the collector’s own
account.`,
    cases: ['cpu-50k', 'heap'],
  },
]
