// Whole lists of instruments as the bytes of a reply: dumps piece by piece, the answers of a search at once.
import type { Instruments } from './instruments.ts'
import { ROW_BYTES_MAX, type RowWriter } from './row-writer.ts'

export type DumpFormat = 'json' | 'csv'

/** What stands around rows, and what each kind of list does with one. */
interface Format {
  readonly begin: string
  row(writer: RowWriter, instrument: number, isFirst: boolean): void
  end(rows: number): string
}

const JSON_BEGIN = '{"data":['
const jsonEnd = (message: string) => `],"message":"${message}","status":"success"}\n`

const FORMATS: Readonly<Record<DumpFormat, Format>> = {
  csv: {
    begin:
      'symbol,brsymbol,name,exchange,brexchange,token,expiry,strike,' +
      'lotsize,instrumenttype,tick_size,freeze_qty\r\n',
    row: (writer, instrument) => writer.csv(instrument),
    end: () => '',
  },
  json: {
    begin: JSON_BEGIN,
    row(writer, instrument, isFirst) {
      if (!isFirst) writer.text(',')
      writer.json(instrument, false)
    },
    end: (rows) => jsonEnd(rows === 0 ? 'No instruments found' : `Found ${rows} instruments`),
  },
}

/** The instruments of an exchange, or with null all of them, in pieces that are made when they are asked for. */
export class Dump {
  readonly #instruments: Instruments
  readonly #exchange: string | null
  readonly #format: Format
  /** The instrument to go on with. */
  #next = 0
  #rows = 0
  #state: 'new' | 'begun' | 'done' = 'new'

  constructor(instruments: Instruments, exchange: string | null, format: DumpFormat) {
    this.#instruments = instruments
    this.#exchange = exchange
    this.#format = FORMATS[format]
  }

  /**
   * Writes the next piece to a memory of more than ROW_BYTES_MAX and returns its bytes, 0 after the last. A piece ends
   * where that many are left, because a row might not fit any more.
   */
  read(memory: Uint8Array): number {
    if (this.#state === 'done') return 0
    const { writer } = this.#instruments
    writer.begin(memory)
    if (this.#state === 'new') writer.text(this.#format.begin)
    this.#state = 'begun'
    const full = memory.length - ROW_BYTES_MAX
    while (writer.length < full) {
      const instrument = this.#instruments.next(this.#next, this.#exchange)
      if (instrument < 0) {
        writer.text(this.#format.end(this.#rows))
        this.#state = 'done'
        break
      }
      this.#format.row(writer, instrument, this.#rows === 0)
      this.#rows++
      this.#next = instrument + 1
    }
    return writer.length
  }
}

/** The body of a search's reply with the rows of these instruments, in this memory where it is large enough. */
export function searchReply(
  writer: RowWriter,
  found: readonly number[],
  memory: Uint8Array,
): Uint8Array {
  const count = found.length
  writer.begin(memory)
  writer.makeRoom()
  writer.text(JSON_BEGIN)
  for (let at = 0; at < count; at++) {
    if (at > 0) writer.text(',')
    writer.json(found[at]!, true)
    writer.makeRoom()
  }
  writer.text(
    jsonEnd(count === 0 ? 'No matching symbols found' : `Found ${count} matching symbols`),
  )
  return writer.written
}
