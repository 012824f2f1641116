// Why a look-up has no answer.
/**
 * `busy`: too much waits; `late`: no answer in time; `gone`: the thread ended; `empty`: the broker has no instruments
 * yet; `failed`: the thread could not answer.
 */
export type LookupErrorKind = 'busy' | 'late' | 'gone' | 'empty' | 'failed'

export class LookupError extends Error {
  override readonly name = 'LookupError'
  readonly kind: LookupErrorKind

  constructor(kind: LookupErrorKind, message: string) {
    super(message)
    this.kind = kind
  }
}
