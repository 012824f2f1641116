// What an HTTP call is answered with.

export interface Reply {
  readonly status: number
  readonly type: 'application/json' | 'text/csv' | 'text/plain' | 'text/html; charset=utf-8'
  readonly headers?: Readonly<Record<string, string>>
  /** Whole, or in pieces, which are asked for one by one as fast as the client reads. */
  readonly body: string | Uint8Array | AsyncGenerator<Uint8Array>
}

/** A reply with a JSON body. */
export function jsonReply(status: number, content: unknown): Reply {
  return { status, type: 'application/json', body: `${JSON.stringify(content)}\n` }
}
