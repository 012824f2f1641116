import { Writable } from 'node:stream'

/** Where a log goes so that its lines end up, parsed, in an array. */
export function linesTo(lines: Record<string, unknown>[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().split('\n')) if (line !== '') lines.push(JSON.parse(line))
      done()
    },
  })
}
