// The simulators there are, by broker.
import type { NorenBroker } from './noren-brands.ts'
import type { Simulator, SimulatorOptions } from './simulator.ts'

export interface SimulatorModule {
  /** Starts a server on loopback; rejects with an error that names the option at fault. */
  start(options: SimulatorOptions): Promise<Simulator>
}

const noren = (broker: NorenBroker) => async (): Promise<SimulatorModule> => {
  const { startNorenSimulator } = await import('./noren-server.ts')
  return { start: (options) => startNorenSimulator(broker, options) }
}

export const SIMULATORS: Readonly<Record<string, () => Promise<SimulatorModule>>> = {
  zerodha: async () => ({ start: (await import('./kite-server.ts')).startKiteSimulator }),
  shoonya: noren('shoonya'),
  flattrade: noren('flattrade'),
  zebu: noren('zebu'),
  upstox: async () => ({ start: (await import('./upstox-server.ts')).startUpstoxSimulator }),
}
