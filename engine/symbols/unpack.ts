// The content of a file, whatever it is packed in, within limits.
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { excerpt } from './excerpt.ts'
import { openZip } from './zip.ts'

/** How packed files begin, and what unpacks them. */
const PACKED: readonly [magic: string, open: (path: string) => Promise<AsyncIterable<Buffer>>][] = [
  ['1f8b', async (path) => pipeline(createReadStream(path), createGunzip(), () => {})],
  ['504b', openZip],
]

async function openUnpacked(path: string): Promise<AsyncIterable<Buffer>> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0)
    const magic = buffer.toString('hex', 0, bytesRead)
    const packed = PACKED.find(([begin]) => begin === magic)
    return packed === undefined ? createReadStream(path) : await packed[1](path)
  } finally {
    await file.close()
  }
}

/** Passes bytes on until there are more than `bytesMax`. */
export function limitBytes(bytesMax: number) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let bytes = 0
    for await (const chunk of source) {
      bytes += chunk.length
      if (bytes > bytesMax) throw new Error(`it has more than ${bytesMax} bytes`)
      yield chunk
    }
  }
}

/** Passes bytes on unless they begin like a page, which is what many servers send in place of a file. */
async function* refusePages(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true
  for await (const chunk of source) {
    if (isFirst && /^[\s\ufeff]*</.test(chunk.toString('utf8', 0, 1024))) {
      throw new Error(`it is a page of HTML or XML, not a list: ${excerpt(chunk.toString('utf8'))}`)
    }
    isFirst = false
    yield chunk
  }
}

/** The content of a file, unpacked where it begins like gzip or zip; throws when it is a page or too large. */
export async function openContent(path: string, bytesMax: number): Promise<AsyncIterable<Buffer>> {
  return refusePages(limitBytes(bytesMax)(await openUnpacked(path)))
}
