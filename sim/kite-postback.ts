// Calls the app's postback address, one call after the other. Kite Connect v3, "Postback".

const WAITING_MAX = 1000
const TIMEOUT_MS = 5000

export class Postback {
  readonly #url: string
  readonly #waiting: string[] = []
  #sending = false
  readonly #stop = new AbortController()
  /** Messages given up: too many waited, or the address did not answer. Kite does not repeat them either. */
  lost = 0

  /** Throws a RangeError where the address is none. */
  constructor(url: string) {
    const isHttp = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
    if (!isHttp) throw new RangeError(`postbackUrl: ${JSON.stringify(url)} is no HTTP address`)
    this.#url = url
  }

  send(text: string): void {
    if (this.#waiting.length >= WAITING_MAX) this.lost += 1
    else this.#waiting.push(text)
    if (!this.#sending) void this.#sendAll()
  }

  stop(): void {
    this.#stop.abort()
    this.#waiting.length = 0
  }

  async #sendAll(): Promise<void> {
    this.#sending = true
    for (let text = this.#waiting.shift(); text !== undefined; text = this.#waiting.shift()) {
      if (!(await this.#post(text))) this.lost += 1
      if (this.#stop.signal.aborted) return
    }
    this.#sending = false
  }

  async #post(body: string): Promise<boolean> {
    try {
      const headers = { 'content-type': 'application/json' }
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT_MS)])
      const reply = await fetch(this.#url, { method: 'POST', headers, body, signal })
      await reply.body?.cancel()
      return reply.ok
    } catch {
      return false
    }
  }
}
