// The simulated broker of bench/load, driven by messages of its parent.
import { type KiteSimulator, startKiteSimulator } from '../sim/kite-server.ts'

let simulator: KiteSimulator

interface Request {
  do: 'start' | 'resume' | 'pause'
  rate: number
  instruments: number
}

const ACTS = {
  async start({ rate, instruments }: Request) {
    simulator = await startKiteSimulator({
      ...{ seed: 1, ratePerSecond: rate, instruments },
      limits: false,
    })
    simulator.pauseTicks()
    const { restUrl, feedUrl, apiKey, accessToken } = simulator
    return { restUrl, feedUrl, apiKey, accessToken }
  },
  async resume() {
    simulator.resumeTicks()
    return {}
  },
  async pause() {
    simulator.pauseTicks()
    return simulator.stats(true)
  },
}

process.on('message', (request: Request) => {
  void ACTS[request.do](request).then((answer) => process.send!(answer))
})
process.on('SIGTERM', () => void simulator.close().then(() => process.exit(0)))
