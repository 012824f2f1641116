// Which states of which orders clients have been told, kept on the disk by day, so that after a restart each state is
// told once, and what happened meanwhile is told at all.
import { appendFile, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { OrderRecord } from '../../adapters/orders.ts'
import type { Logger } from '../observe/log.ts'

interface Told {
  filledQuantity: number
  /** At that filled quantity, which never falls. */
  readonly statuses: Set<string>
}

/** One line of the file. The first kind says that from here on all that is new is told. */
type Line = 'begun' | readonly [orderId: string, status: string, filledQuantity: number]

export interface ToldPlace {
  readonly folder: string
  readonly broker: string
  /** `YYYY-MM-DD` in India. */
  readonly date: string
}

const ORDERS_KEPT_MAX = 20_000

export class ToldStates {
  /** Somebody was listening today already. */
  hasBegun = false
  readonly #told = new Map<string, Told>()
  #place: ToldPlace
  readonly #log: Logger
  #waiting: string[] = []
  #writing: Promise<void> | null = null
  #isFailing = false

  private constructor(place: ToldPlace, log: Logger) {
    this.#place = place
    this.#log = log
  }

  /** Reads what was told today; a line that cannot be read is left out. Earlier days are deleted. */
  static async open(place: ToldPlace, log: Logger): Promise<ToldStates> {
    const told = new ToldStates(place, log)
    await mkdir(place.folder, { recursive: true, mode: 0o700 })
    await told.#deleteOthers()
    const text = await readFile(told.#file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return ''
      throw error
    })
    for (const line of text.split('\n')) told.#readLine(line)
    // The line after one that was not written to its end must not be glued to it.
    if (text !== '' && !text.endsWith('\n')) told.#waiting.push('')
    return told
  }

  get date(): string {
    return this.#place.date
  }

  /** Whether this state of the order was told: its status at its filled quantity. */
  has({ orderId, status, filledQuantity }: OrderRecord): boolean {
    const told = this.#told.get(orderId)
    return told?.filledQuantity === filledQuantity && told.statuses.has(status)
  }

  /** Notes that a state is being told. */
  note({ orderId, status, filledQuantity }: OrderRecord): void {
    this.#note(orderId, status, filledQuantity)
  }

  /** Keeps that a state was told. */
  keep({ orderId, status, filledQuantity }: OrderRecord): void {
    this.#write([orderId, status, filledQuantity])
  }

  /** Notes and keeps that a state needs no telling. */
  pass(record: OrderRecord): void {
    this.note(record)
    this.keep(record)
  }

  /** From here on all that is new is told. */
  begin(): void {
    if (this.hasBegun) return
    this.hasBegun = true
    this.#write('begun')
  }

  /** Goes on with another day, at once; of the orders, with those of `records`: books tell of them until morning. */
  useDay(date: string, records: readonly OrderRecord[]): void {
    this.#place = { ...this.#place, date }
    this.hasBegun = false
    const kept = new Set(records.map(({ orderId }) => orderId))
    for (const [orderId, { filledQuantity, statuses }] of this.#told) {
      if (!kept.has(orderId)) this.#told.delete(orderId)
      else for (const status of statuses) this.#write([orderId, status, filledQuantity])
    }
    this.#deleteOthers().catch((error: Error) => {
      this.#log.warn({ err: error }, 'told order states of earlier days could not be deleted')
    })
  }

  /** Resolves when all is written. */
  async close(): Promise<void> {
    while (this.#writing !== null) await this.#writing
  }

  get #file(): string {
    const { folder, broker, date } = this.#place
    return join(folder, `told-${broker}-${date}.jsonl`)
  }

  #note(orderId: string, status: string, filledQuantity: number): void {
    const told = this.#told.get(orderId)
    if (told?.filledQuantity === filledQuantity) told.statuses.add(status)
    else this.#told.set(orderId, { filledQuantity, statuses: new Set([status]) })
    if (this.#told.size <= ORDERS_KEPT_MAX) return
    this.#told.delete(this.#told.keys().next().value!)
  }

  #readLine(text: string): void {
    let line: Line | null
    try {
      line = JSON.parse(text) as Line | null
    } catch {
      return
    }
    if (line === 'begun') this.hasBegun = true
    if (!Array.isArray(line)) return
    const [orderId, status, filledQuantity] = line as Exclude<Line, string>
    if (typeof orderId === 'string' && typeof status === 'string' && filledQuantity >= 0) {
      this.#note(orderId, status, filledQuantity)
    }
  }

  /** Lines of one turn of the event loop, and those that come while the disk is busy, go in one write. */
  #write(line: Line): void {
    this.#waiting.push(JSON.stringify(line))
    this.#writing ??= this.#writeAll()
  }

  async #writeAll(): Promise<void> {
    await null
    while (this.#waiting.length > 0) {
      const lines = this.#waiting
      this.#waiting = []
      try {
        await appendFile(this.#file, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 })
        this.#isFailing = false
      } catch (error) {
        if (!this.#isFailing) {
          const { broker } = this.#place
          const text = 'told order states cannot be kept: after a restart they are told again'
          this.#log.error({ broker, err: error }, text)
        }
        this.#isFailing = true
      }
    }
    this.#writing = null
  }

  async #deleteOthers(): Promise<void> {
    const { folder, broker, date } = this.#place
    const own = new RegExp(`^told-${broker}-(\\d{4}-\\d{2}-\\d{2})\\.jsonl$`)
    for (const name of await readdir(folder)) {
      const day = own.exec(name)?.[1]
      if (day !== undefined && day !== date) await rm(join(folder, name), { force: true })
    }
  }
}
