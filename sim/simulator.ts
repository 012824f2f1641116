// What every broker simulator is to those who start it.

export interface SimulatorOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Whole number; the same seed gives the same instruments and the same market. */
  readonly seed: number
  /** Packets a second over all sockets; 0 leaves ticking to the caller. */
  readonly ratePerSecond: number
  /** How many instruments there are. */
  readonly instruments: number
  /** `YYYY-MM-DD`: expiries are counted from here. Default: today in India. */
  readonly today?: string
  readonly apiKey?: string
  readonly apiSecret?: string
  /** A session that is valid from the start. */
  readonly accessToken?: string
  /** Sees every packet sent, by token; the bytes stay as they are. */
  readonly onPacket?: (token: number, packet: Uint8Array) => void
}

export interface SimulatorStats {
  readonly uptimeSeconds: number
  readonly sockets: number
  /** Pairs of socket and instrument. */
  readonly subscribedPairs: number
  readonly packetsSent: number
  readonly framesSent: number
  /** Packets not sent because their socket's client reads too slowly. */
  readonly skipped: number
  /** Packets not sent because this process was late by more than it makes up for. */
  readonly behind: number
  /** Packets sent in the last full second. */
  readonly packetsPerSecond: number
  readonly packetsByToken?: Readonly<Record<string, number>>
}

export interface Simulator {
  readonly port: number
  readonly restUrl: string
  readonly feedUrl: string
  readonly apiKey: string
  readonly apiSecret: string
  readonly accessToken: string
  stats(withTokens?: boolean): SimulatorStats
  close(): Promise<void>
}
