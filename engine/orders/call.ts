import type { Dispatcher } from 'undici'
import type { HttpReply } from '../../adapters/broker.ts'
import { reasonOf } from '../auth/http.ts'

export interface CallLimits {
  /** For all of it: waiting for a connection, opening one, sending, and the whole reply. */
  readonly timeoutMs: number
  readonly replyBytesMax: number
}

export type Sent =
  /** A whole reply, of whatever status. */
  | { readonly is: 'reply'; readonly reply: HttpReply }
  /** No byte of the call has left this machine, and none will. */
  | { readonly is: 'unsent'; readonly why: string }
  /** Some or all of the call was sent, and no whole reply came. */
  | { readonly is: 'lost'; readonly why: string }

/**
 * One call, as undici reports on it.
 *
 * undici announces a request with `onRequestStart` right before it writes its first byte, on a connection that is
 * open, TLS included. What fails before that (the name is not found, the connection is refused, the certificate is
 * wrong, no connection is free in time) has provably not been sent, and is `unsent`; all that fails later is `lost`.
 * A second announcement would mean that undici sends the request again, which it does for a connection that it closed
 * itself: it is refused, and so is one that comes after the time-out.
 */
export class Call implements Dispatcher.DispatchHandler {
  readonly #limits: CallLimits
  readonly #settle: (sent: Sent) => void
  readonly #timer: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | null = null
  #isSettled = false
  #status = 0
  #headers: Record<string, string> = {}
  #parts: Buffer[] = []
  #bytes = 0

  constructor(limits: CallLimits, settle: (sent: Sent) => void) {
    this.#limits = limits
    this.#settle = settle
    this.#timer = setTimeout(() => {
      this.#end(`no complete reply within ${limits.timeoutMs} ms`)
    }, limits.timeoutMs)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isSettled || this.#controller !== null) {
      controller.abort(new Error('a call is sent once'))
      return
    }
    this.#controller = controller
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 1xx only says that the reply is still to come.
    if (status < 200) return
    this.#status = status
    const pairs = Object.entries(headers).map(([name, value]) => [name, String(value)])
    this.#headers = Object.fromEntries(pairs)
  }

  onResponseData(_controller: Dispatcher.DispatchController, part: Buffer): void {
    this.#bytes += part.length
    const { replyBytesMax } = this.#limits
    if (this.#bytes > replyBytesMax) this.#end(`the reply is larger than ${replyBytesMax} bytes`)
    else this.#parts.push(part)
  }

  onResponseEnd(): void {
    const body = Buffer.concat(this.#parts).toString()
    this.#finish({
      is: 'reply',
      reply: { status: this.#status, headers: this.#headers, body },
    })
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: unknown): void {
    this.fail(error)
  }

  /** Ends the call for an error of undici's. */
  fail(error: unknown): void {
    this.#end(reasonOf(error, this.#limits.timeoutMs))
  }

  #end(why: string): void {
    this.#finish({ is: this.#controller === null ? 'unsent' : 'lost', why })
  }

  #finish(sent: Sent): void {
    if (this.#isSettled) return
    this.#isSettled = true
    clearTimeout(this.#timer)
    this.#parts = []
    this.#settle(sent)
    // The connection is of no more use, as a late reply on it would be taken for another call's.
    if (sent.is === 'lost') this.#controller?.abort(new Error('given up'))
  }
}
