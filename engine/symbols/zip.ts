// A zip archive that holds one file, as its bytes.
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'

/** How the two parts that are looked for begin, little-endian. */
const END_MAGIC = 0x06054b50
const ENTRY_MAGIC = 0x02014b50
const LOCAL_MAGIC = 0x04034b50
const END_BYTES = 22
const ENTRY_BYTES = 46
const LOCAL_BYTES = 30
/** The end of an archive stands before its comment, which has a length of 16 bits. */
const TAIL_BYTES_MAX = END_BYTES + 0xffff
const DIRECTORY_BYTES_MAX = 1024 * 1024
/** What an archive of more than 4 GiB writes in place of a length or a position. */
const TOO_LARGE = 0xffffffff

const STORED = 0
const DEFLATED = 8
const IS_ENCRYPTED = 1

interface Entry {
  readonly name: string
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly packedBytes: number
  readonly headAt: number
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at)
  if (bytesRead < length) throw new Error('the zip archive is not complete')
  return buffer
}

/** Finds the directory, which stands at the end of an archive. */
async function readDirectory(file: FileHandle): Promise<{ directory: Buffer; entries: number }> {
  const { size } = await file.stat()
  const length = Math.min(size, TAIL_BYTES_MAX)
  const tail = await readAt(file, size - length, length)
  let at = tail.length - END_BYTES
  while (at >= 0 && tail.readUInt32LE(at) !== END_MAGIC) at--
  if (at < 0) throw new Error('the zip archive is not complete: its directory is missing')
  const bytes = tail.readUInt32LE(at + 12)
  if (bytes > DIRECTORY_BYTES_MAX) throw new Error('the zip archive holds too many files')
  const directory = await readAt(file, tail.readUInt32LE(at + 16), bytes)
  return { directory, entries: tail.readUInt16LE(at + 10) }
}

function* entriesOf(directory: Buffer, entries: number): Generator<Entry> {
  let at = 0
  for (let entry = 0; entry < entries; entry++) {
    const isEntry =
      at + ENTRY_BYTES <= directory.length && directory.readUInt32LE(at) === ENTRY_MAGIC
    if (!isEntry) throw new Error('the directory of the zip archive is damaged')
    const nameBytes = directory.readUInt16LE(at + 28)
    const name = directory.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes)
    yield {
      name,
      flags: directory.readUInt16LE(at + 8),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      packedBytes: directory.readUInt32LE(at + 20),
      headAt: directory.readUInt32LE(at + 42),
    }
    const extraBytes = directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
    at += ENTRY_BYTES + nameBytes + extraBytes
  }
}

/** The one file of an archive; folders, and what some systems add about a file, are passed over. */
async function onlyEntry(file: FileHandle): Promise<Entry> {
  const { directory, entries } = await readDirectory(file)
  const files = [...entriesOf(directory, entries)].filter(
    ({ name }) => !name.endsWith('/') && !name.startsWith('__MACOSX/'),
  )
  const [entry, other] = files
  if (entry === undefined) throw new Error('the zip archive holds no file')
  if (other !== undefined) {
    throw new Error(`the zip archive holds ${files.length} files; take the list out of it`)
  }
  if (entry.flags & IS_ENCRYPTED) throw new Error('the zip archive asks for a password')
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw new Error(`the zip archive is packed by method ${entry.method}; 0 and 8 can be read`)
  }
  if (entry.packedBytes === TOO_LARGE || entry.headAt === TOO_LARGE) {
    throw new Error('the zip archive is larger than 4 GiB')
  }
  return entry
}

/** Passes bytes on and throws at their end unless they have this checksum. */
function checkCrc(expected: number) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let crc = 0
    for await (const chunk of source) {
      crc = crc32(chunk, crc)
      yield chunk
    }
    if (crc !== expected) throw new Error('the zip data is damaged: wrong checksum')
  }
}

/**
 * The bytes of the only file in a zip archive, stored or deflated, checked against its checksum. Throws an error
 * that says why it cannot be read; what is wrong with the data itself shows while it is read.
 */
export async function openZip(path: string): Promise<AsyncIterable<Buffer>> {
  const file = await open(path)
  try {
    const entry = await onlyEntry(file)
    const head = await readAt(file, entry.headAt, LOCAL_BYTES)
    if (head.readUInt32LE(0) !== LOCAL_MAGIC) throw new Error('the zip archive is damaged')
    const start = entry.headAt + LOCAL_BYTES + head.readUInt16LE(26) + head.readUInt16LE(28)
    if (entry.packedBytes === 0) throw new Error('it is empty')
    const packed = createReadStream(path, { start, end: start + entry.packedBytes - 1 })
    const plain = entry.method === STORED ? packed : pipeline(packed, createInflateRaw(), () => {})
    return checkCrc(entry.crc)(plain)
  } finally {
    await file.close()
  }
}
