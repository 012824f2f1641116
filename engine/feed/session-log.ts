// What a broker session tells the log: nothing that a broker repeats of the credentials, and of a flood the first few.
import type { CredentialField, Session } from '../../adapters/broker.ts'
import { nowMs } from '../clock.ts'
import { LogSampler } from '../observe/log-sampler.ts'
import { secretHider } from './secrets.ts'
import type { Frame, OddityDetail } from './sink.ts'
import type { LogLevel } from './state.ts'

const ODDITIES_PER_MINUTE = 3
const NOTICES_PER_MINUTE = 20
const NOTICE_LENGTH_MAX = 500
const SAMPLE_BYTES = 64
// A secret is found only where all of it is seen.
const SECRET_BYTES_MAX = 4096

export type TellLog = (level: LogLevel, text: string, fields: Record<string, unknown>) => void

export class SessionLog {
  readonly #credentials: readonly CredentialField[]
  readonly #tell: TellLog
  #hide: (text: string) => string
  readonly #oddities = new LogSampler(ODDITIES_PER_MINUTE)
  readonly #notices = new LogSampler(NOTICES_PER_MINUTE)

  constructor(credentials: readonly CredentialField[], session: Session | null, tell: TellLog) {
    this.#credentials = credentials
    this.#tell = tell
    this.#hide = secretHider(credentials, session)
  }

  /** Hides the secrets of this session from now on. */
  useSession(session: Session): void {
    // The broker may still repeat those of the one before.
    const [hideOld, hideNew] = [this.#hide, secretHider(this.#credentials, session)]
    this.#hide = (text) => hideNew(hideOld(text))
  }

  /** A text without the session's secrets. */
  hide(text: string): string {
    return this.#hide(text)
  }

  line(level: LogLevel, text: string, fields: Record<string, unknown>): void {
    this.#tell(level, text, this.#withoutSecrets(fields))
  }

  /** What the broker has to say. */
  notice(socket: number, text: string): void {
    const heldBack = this.#notices.admit('', nowMs())
    if (heldBack === null) return
    this.line('warn', 'broker says', { socket, notice: text.slice(0, NOTICE_LENGTH_MAX), heldBack })
  }

  /** Logs the first few of a kind per minute; the counters hold all of them. */
  oddity(reason: string, about: OddityDetail, frame: Frame, error?: string): void {
    const heldBack = this.#oddities.admit(reason, nowMs())
    if (heldBack === null) return
    const detail = typeof about === 'function' ? about() : about
    const sample = this.#sample(frame)
    const frameBytes = frame.length
    this.line('warn', 'feed oddity', { reason, detail, error, frameBytes, sample, heldBack })
  }

  /** The beginning of a frame in hex, without what it repeats of the credentials. */
  #sample(frame: Frame): string {
    const seen = Buffer.from(frame.slice(0, SAMPLE_BYTES + SECRET_BYTES_MAX) as Uint8Array)
    const shown = this.#hide(seen.toString('latin1')).slice(0, SAMPLE_BYTES)
    return Buffer.from(shown, 'latin1').toString('hex')
  }

  #withoutSecrets(fields: Record<string, unknown>): Record<string, unknown> {
    const shown = Object.entries(fields).map(([name, value]) => {
      return [name, typeof value === 'string' ? this.#hide(value) : value]
    })
    return Object.fromEntries(shown)
  }
}
