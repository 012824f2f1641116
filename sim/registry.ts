// The simulators there are, by broker.
import type { Simulator, SimulatorOptions } from './simulator.ts'

export interface SimulatorModule {
  /** Starts a server on loopback; rejects with an error that names the option at fault. */
  start(options: SimulatorOptions): Promise<Simulator>
}

export const SIMULATORS: Readonly<Record<string, () => Promise<SimulatorModule>>> = {
  zerodha: async () => ({ start: (await import('./kite-server.ts')).startKiteSimulator }),
}
