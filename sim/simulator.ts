// What every broker simulator is to those who start it, and what one is whose broker takes orders.
import type { Account } from './account.ts'
import type { CountedFault, Fault, Operation } from './faults.ts'
import type { Trigger } from './gtt.ts'

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
  /** What the broker takes of calls in a window of time, where the simulator counts them; false for any number. */
  readonly limits?: object | false
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

/** One instrument, for those who drive a simulator. */
export interface SimulatedInstrument {
  /** The broker's mark of it on the feed. */
  readonly token: number | string
  /** The broker's code of its exchange or segment, and the broker's symbol. */
  readonly exchange: string
  readonly tradingsymbol: string
}

/** A broker on loopback, with the handles that tests drive it by. */
export interface Simulator {
  readonly port: number
  readonly restUrl: string
  readonly feedUrl: string
  /** What the configuration of an engine takes, by its names; `access_token` is a session that is valid already. */
  readonly credentials: Readonly<Record<string, string>>
  /** All instruments, in the order in which they are listed; made into objects on first use. */
  readonly instruments: readonly SimulatedInstrument[]
  stats(withTokens?: boolean): SimulatorStats
  /** Ends all sockets without a closing handshake. */
  dropSockets(): void
  pauseTicks(): void
  resumeTicks(): void
  /** Holds back all frames that are no ticks and no answers. */
  muteHeartbeats(muted: boolean): void
  /** Sends a frame as it is to every socket: text as text, bytes as binary. */
  sendRaw(frame: Uint8Array | string): void
  /** Ends every session: sockets stay, but the next upgrade or sign-in on a socket and the next call are refused. */
  expireSession(): void
  /** One tick for every pair of socket and instrument, or for those of the tokens. Returns the ticks sent. */
  tickOnce(tokens?: readonly (number | string)[]): number
  /** So many ticks at once, spread as the paced ones are. Returns the ticks sent. */
  burst(count: number): number
  close(): Promise<void>
}

/** What a broker says when it refuses a call for a certain reason. */
export interface SimulatedRefusal {
  /** The reason, in the words that all brokers share. */
  readonly code: string
  /** In the broker's own words, as a fault says them. */
  readonly says: Pick<Fault, 'status' | 'errorType' | 'message'>
  /** Whether it is the broker's word on the call itself. After any other refusal an order may exist all the same. */
  readonly isPositive: boolean
}

/** A simulator whose broker takes orders. */
export interface TradingSimulator extends Simulator {
  /** The account as the exchange has it: what all books of the broker are held against. */
  readonly account: Account
  readonly triggers: { readonly all: Iterable<Trigger> }
  /** One for each reason for which the broker refuses calls. */
  readonly refusals: readonly SimulatedRefusal[]
  /** Calls that came so far, refused ones too: of an operation, or of all. */
  calls(operation?: Operation): number
  /** Sets what is to go wrong. Throws a RangeError that names the field. */
  fault(fault: Fault): void
  /** The faults that were set, and how often each has happened. */
  faults(): CountedFault[]
  clearFaults(): void
  /** Lets an instrument trade at a price in rupees; sockets that have subscribed to it are sent the tick. */
  moveTo(token: number, rupees: number): void
}

/** Whether the simulator's broker takes orders. */
export function isTrading(simulator: Simulator): simulator is TradingSimulator {
  return 'account' in simulator
}
