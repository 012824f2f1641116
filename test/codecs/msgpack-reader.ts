// Reads what the tick encoder may write and nothing else: maps, arrays, texts, uint32, float64 and true. Any other
// type code throws, 64-bit integers among them. Written from the msgpack specification.

class Reader {
  readonly #view: DataView
  at = 0
  /** Type code of each map entry's value, by path. */
  readonly codes: Record<string, number> = {}

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  #text(length: number): string {
    const { buffer, byteOffset } = this.#view
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      new Uint8Array(buffer, byteOffset + this.at, length),
    )
    this.at += length
    return text
  }

  #map(entries: number, path: string): Record<string, unknown> {
    const map: Record<string, unknown> = {}
    for (let i = 0; i < entries; i++) {
      const key = this.value('')
      if (typeof key !== 'string') throw new Error(`a key of ${path} is no text`)
      if (key in map) throw new Error(`key ${path}${key} stands twice`)
      this.codes[path + key] = this.#view.getUint8(this.at)
      map[key] = this.value(`${path}${key}.`)
    }
    return map
  }

  #number(bytes: 4 | 8): number {
    const value = bytes === 4 ? this.#view.getUint32(this.at) : this.#view.getFloat64(this.at)
    this.at += bytes
    return value
  }

  #size(bytes: 1 | 2): number {
    const size = bytes === 1 ? this.#view.getUint8(this.at) : this.#view.getUint16(this.at)
    this.at += bytes
    return size
  }

  value(path: string): unknown {
    const code = this.#view.getUint8(this.at++)
    if (code >= 0x80 && code <= 0x8f) return this.#map(code & 0x0f, path)
    if (code >= 0xa0 && code <= 0xbf) return this.#text(code & 0x1f)
    switch (code) {
      case 0xc3:
        return true
      case 0xcb:
        return this.#number(8)
      case 0xce:
        return this.#number(4)
      case 0xd9:
        return this.#text(this.#size(1))
      case 0xdc:
        return Array.from({ length: this.#size(2) }, (_, i) => this.value(`${path}${i}.`))
      case 0xde:
        return this.#map(this.#size(2), path)
      default:
        throw new Error(`type code 0x${code.toString(16)} at ${path}`)
    }
  }
}

/** The one value that fills these bytes, and the type code of every map entry by its path (`depth.buy.0.price`). */
export function readMsgpack(bytes: Uint8Array) {
  const reader = new Reader(bytes)
  const value = reader.value('')
  if (reader.at !== bytes.length)
    throw new Error(`${bytes.length - reader.at} bytes after the value`)
  return { value, codes: reader.codes }
}
