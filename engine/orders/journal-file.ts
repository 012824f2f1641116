// Files of the journal: one per day of India, read in pieces and appended to by one thread.
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { decodeRecord, type JournalRecord } from './journal-record.ts'

const PIECE_BYTES = 256 * 1024
/** No record is longer; without this bound a file that lost its line ends would be read into memory as one line. */
export const LINE_BYTES_MAX = 64 * 1024
const NAME = /^journal-(\d{4}-\d{2}-\d{2})\.jsonl$/
const LINE_END = 10

/** A line that is not what was written. */
export interface JournalDamage {
  readonly file: string
  /** The first is 1. */
  readonly line: number
  readonly bytes: number
}

export interface JournalRead {
  readonly damage: readonly JournalDamage[]
  /** Bytes of whole lines. */
  readonly size: number
  /** Bytes after the last line end: a line that was not written to its end. */
  readonly tornBytes: number
}

/** Where the journal of a data folder lies. */
export function journalFolder(dataDir: string): string {
  return join(dataDir, 'orders')
}

/** The file of a day. */
export function journalFile(folder: string, date: string): string {
  return join(folder, `journal-${date}.jsonl`)
}

/** The days that have a file, oldest first; none where there is no folder. */
export function journalDates(folder: string): string[] {
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return names.flatMap((name) => NAME.exec(name)?.[1] ?? []).sort()
}

/** Cuts bytes that come in pieces into lines. */
class Lines {
  #begun: Buffer[] = []
  #begunBytes = 0

  get begunBytes(): number {
    return this.#begunBytes
  }

  take(piece: Buffer, onLine: (line: Buffer | null, bytes: number) => void): void {
    let from = 0
    for (let end = piece.indexOf(LINE_END); end >= 0; end = piece.indexOf(LINE_END, from)) {
      this.#add(piece.subarray(from, end))
      const bytes = this.#begunBytes
      onLine(bytes > LINE_BYTES_MAX ? null : Buffer.concat(this.#begun), bytes)
      this.#begun = []
      this.#begunBytes = 0
      from = end + 1
    }
    this.#add(piece.subarray(from))
  }

  #add(part: Buffer): void {
    this.#begunBytes += part.length
    // What is too long is no record, and is not kept.
    if (this.#begunBytes > LINE_BYTES_MAX) this.#begun = []
    else this.#begun.push(Buffer.from(part))
  }
}

/** Reads a file from its beginning: each line that holds, and where others are. Throws where it cannot be read. */
export function readJournalFile(
  file: string,
  onRecord: (record: JournalRecord, line: number) => void,
): JournalRead {
  const damage: JournalDamage[] = []
  const lines = new Lines()
  const piece = Buffer.allocUnsafe(PIECE_BYTES)
  let line = 0
  let size = 0
  const fd = openSync(file, 'r')
  try {
    for (;;) {
      const bytesRead = readSync(fd, piece)
      if (bytesRead === 0) break
      lines.take(piece.subarray(0, bytesRead), (content, bytes) => {
        line += 1
        size += bytes + 1
        const record = content === null ? null : decodeRecord(content)
        if (record === null) damage.push({ file, line, bytes })
        else onRecord(record, line)
      })
    }
  } finally {
    closeSync(fd)
  }
  return { damage, size, tornBytes: lines.begunBytes }
}

/** A file that is written at its end only. */
export interface AppendFile {
  /** Hands bytes to the kernel: from here on they outlive this process, though not the machine. */
  append(bytes: Uint8Array): void
  /** Cuts off what lies beyond a size. */
  cut(size: number): void
  /** Resolves when all bytes handed over before are on the disk. */
  sync(): Promise<void>
  close(): void
}

const fdatasyncAsync = promisify(fdatasync)

/** Opens a file that exists for appending. */
export function openAppendFile(file: string): AppendFile {
  const fd = openSync(file, 'a')
  return {
    append(bytes) {
      for (let from = 0; from < bytes.length; ) from += writeSync(fd, bytes, from)
    },
    cut: (size) => ftruncateSync(fd, size),
    sync: () => fdatasyncAsync(fd),
    close: () => closeSync(fd),
  }
}

/** Makes a file that is there whole, on the disk, or not at all; only its owner may read it. */
export function createWhole(folder: string, file: string, bytes: Uint8Array): void {
  const temporary = `${file}.tmp`
  // One that a crash left has no readers.
  const fd = openSync(temporary, 'w', 0o600)
  try {
    for (let from = 0; from < bytes.length; ) from += writeSync(fd, bytes, from)
    fdatasyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, file)
  const folderFd = openSync(folder, 'r')
  try {
    fsyncSync(folderFd)
  } finally {
    closeSync(folderFd)
  }
}
