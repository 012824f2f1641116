// The scrips that one socket carries: what is known of each, and what is subscribed of it.
import { NorenRecord } from '../../../codecs/noren.ts'
import {
  NOREN_DEPTH,
  NOREN_SEGMENTS,
  NOREN_TOUCHLINE,
  SEGMENT_MISSING,
} from '../../../codecs/noren-fields.ts'
import type { NorenFrame } from '../../../codecs/noren-frame.ts'
import { MODE_DEPTH } from '../../../codecs/tick.ts'
import type { Token, Want } from '../../broker.ts'

/** What can be subscribed of a scrip, as bits of a set. */
export type Kind = typeof NOREN_TOUCHLINE | typeof NOREN_DEPTH

/** Exchange codes of the wire, by segment. */
export const CODES = new Map(
  Object.entries(NOREN_SEGMENTS).map(([code, segment]) => [segment, code]),
)

/** What a mode needs: the first two share a subscription. */
export const kindOf = (mode: number): Kind | 0 =>
  mode === 0 ? 0 : mode === MODE_DEPTH ? NOREN_DEPTH : NOREN_TOUCHLINE

/** One scrip on this socket. */
export class Scrip {
  readonly record = new NorenRecord()
  /** How messages name it. */
  readonly name: string
  readonly segment: number
  readonly token: number
  mode: Want['mode'] = 0
  /** The kind that will be subscribed when all waiting messages have gone. */
  planned: Kind | 0 = 0
  /** The kinds that are subscribed, and those of them that have come since. */
  subscribed = 0
  known = 0

  constructor(segment: number, token: number) {
    this.name = `${CODES.get(segment)}|${token}`
    this.segment = segment
    this.token = token
  }

  /** Whether a frame of this kind is of use: the other kind stands in only until the wanted one has come. */
  takes(kind: number): boolean {
    if (this.mode === 0 || (this.subscribed & kind) === 0) return false
    const wanted = kindOf(this.mode)
    return kind === wanted || (this.known & wanted) === 0
  }
}

/** The scrips of one socket, by segment and token. */
export class Scrips {
  readonly #bySegment: Map<Token, Scrip>[] = [...Object.keys(NOREN_SEGMENTS), ''].map(
    () => new Map(),
  )

  get(segment: number, token: Token): Scrip | undefined {
    return this.#bySegment[segment]?.get(token)
  }

  /** The scrip of a frame. One without an exchange is for the only subscribed scrip with its token. */
  ofFrame({ segment, token, kind }: NorenFrame): Scrip | undefined {
    if (segment !== SEGMENT_MISSING) return this.#bySegment[segment]?.get(token)
    const all = this.#bySegment.map((tokens) => tokens.get(token))
    const taking = all.filter((scrip) => scrip !== undefined && scrip.subscribed !== 0)
    return taking.length === 1 && taking[0]!.takes(kind) ? taking[0] : undefined
  }

  add(segment: number, token: number): Scrip {
    const scrip = new Scrip(segment, token)
    this.#bySegment[segment]!.set(token, scrip)
    return scrip
  }

  delete({ segment, token }: Scrip): void {
    this.#bySegment[segment]!.delete(token)
  }
}
