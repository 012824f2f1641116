// Which instrument rides on which socket of a broker session.

/** No socket carries the instrument. */
export const NO_SOCKET = 255

export class Placement {
  readonly #loads: Set<number>[] = []
  readonly #socketOf: Uint8Array
  readonly #instrumentsPerSocket: number

  constructor(instrumentsMax: number, instrumentsPerSocket: number) {
    this.#socketOf = new Uint8Array(instrumentsMax).fill(NO_SOCKET)
    this.#instrumentsPerSocket = instrumentsPerSocket
  }

  /** The instruments of each socket, by its number. */
  get loads(): readonly ReadonlySet<number>[] {
    return this.#loads
  }

  /** The next socket, which carries nothing yet. */
  addSocket(): void {
    this.#loads.push(new Set())
  }

  socketOf(instrument: number): number {
    return this.#socketOf[instrument]!
  }

  /** The socket that carries the instrument from now on: its own, else the first with room, else NO_SOCKET. */
  place(instrument: number): number {
    const placed = this.socketOf(instrument)
    if (placed !== NO_SOCKET) return placed
    const socket = this.#loads.findIndex((load) => load.size < this.#instrumentsPerSocket)
    if (socket === -1) return NO_SOCKET
    this.#loads[socket]!.add(instrument)
    this.#socketOf[instrument] = socket
    return socket
  }

  /** Takes the instrument off its socket, and tells which that was. */
  release(instrument: number): number {
    const socket = this.socketOf(instrument)
    if (socket !== NO_SOCKET) this.#loads[socket]!.delete(instrument)
    this.#socketOf[instrument] = NO_SOCKET
    return socket
  }
}
