import { once } from 'node:events'
import { type Engine, startEngine } from '../engine/main.ts'
import { createLogger } from '../engine/observe/log.ts'
import { defineCommand, OK } from './command.ts'
import { CONFIG_OPTION, configFor, keyOptions } from './config-options.ts'
import { DEMO_OPTIONS, prepareDemo } from './demo.ts'

const LIVE_LINE_EVERY_MS = 1000
const PLAIN_LINE_EVERY_MS = 5000

/** One line on how the engine does, from the ticks of the last interval. */
function liveLine(engine: Engine, ticksPerSecond: number): string {
  const { p50Us, p99Us } = engine.latency()
  const { feeds, clients } = engine.status()
  const wanted = feeds.reduce((sum, feed) => sum + feed.instrumentsWanted, 0)
  const states = feeds.map(({ broker, sockets }) => `${broker} ${sockets.join('/') || 'idle'}`)
  return [
    new Date().toTimeString().slice(0, 8),
    `${ticksPerSecond.toLocaleString('en-US')} ticks/s`,
    `latency p50 ${p50Us} µs  p99 ${p99Us} µs`,
    `${wanted} instruments`,
    clients.connected === 1 ? '1 client' : `${clients.connected} clients`,
    states.join(', '),
  ].join('  ')
}

/** Shows the line again and again: in place on a terminal, as lines of their own elsewhere. */
function showLive(engine: Engine): () => void {
  const isTerminal = process.stdout.isTTY === true
  const everyMs = isTerminal ? LIVE_LINE_EVERY_MS : PLAIN_LINE_EVERY_MS
  let ticksBefore = 0
  let shownAtMs = performance.now()
  const timer = setInterval(() => {
    const ticks = engine.status().feeds.reduce((sum, feed) => sum + feed.ticks, 0)
    const seconds = (performance.now() - shownAtMs) / 1000
    shownAtMs = performance.now()
    const line = liveLine(engine, Math.round((ticks - ticksBefore) / seconds))
    ticksBefore = ticks
    process.stdout.write(
      isTerminal ? `\r\x1b[K${line.slice(0, process.stdout.columns - 1)}` : `${line}\n`,
    )
  }, everyMs)
  return () => {
    clearInterval(timer)
    if (isTerminal) process.stdout.write('\n')
  }
}

export const command = defineCommand({
  usage: [
    '[--config FILE] [--KEY VALUE ...]',
    '--demo [--brokers IDS] [--demo-instruments N] [--demo-rate N]',
  ],
  options: { ...DEMO_OPTIONS, ...CONFIG_OPTION, ...keyOptions() },
  async run({ values }) {
    const ends = [once(process, 'SIGINT'), once(process, 'SIGTERM')]
    const demo = values.demo === true ? await prepareDemo(values) : null
    try {
      const loaded = demo?.loaded ?? configFor(values)
      const log = createLogger({ level: loaded.config.log.level })
      const engine = await startEngine(loaded, log)
      try {
        demo?.watch(engine)
        const { websocket, http } = loaded.config
        const stream = `ws://${websocket.host}:${engine.websocketPort}`
        const api = `http://${http.host}:${engine.httpPort}`
        const [ticks, batches] = [engine.zeromq?.ticks[0], engine.zeromq?.batches[0]]
        const zeromq = engine.zeromq === null ? '' : `, ZeroMQ ${ticks}, batches ${batches}`
        process.stdout.write(`Listening: WebSocket ${stream}, HTTP ${api}${zeromq}\n`)
        if (demo) process.stdout.write(demo.welcome(engine))
        const hide = showLive(engine)
        await Promise.race(ends)
        hide()
      } finally {
        await engine.stop()
      }
    } finally {
      await demo?.stop()
    }
    process.stdout.write('Stopped.\n')
    return OK
  },
})
