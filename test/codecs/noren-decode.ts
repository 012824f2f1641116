// One NorenOMS frame by itself, as what the decoder delivers.
import { decodeNoren } from '../../codecs/noren.ts'
import { type DecodedTick, describeTick, Tick, type TickSink } from '../../codecs/tick.ts'

/** The ticks of a frame, and why it was rejected. */
export function decode(frame: Uint8Array | string, levels = 5) {
  const ticks: (DecodedTick & { segment: number })[] = []
  const rejects: string[] = []
  const tick = new Tick(levels)
  const sink: TickSink = {
    tick,
    emit: () => ticks.push({ segment: tick.segment, ...describeTick(tick) }),
    reject: (reason) => rejects.push(reason),
  }
  decodeNoren(frame, sink)
  return { ticks, rejects }
}

/** An update of a book, with these fields. */
export const frame = (fields: object) =>
  JSON.stringify({ t: 'df', e: 'NFO', tk: '54957', ...fields })
