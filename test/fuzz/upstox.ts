// Frames of Upstox Market Data Feed V3 held to the schema.
import { decodeUpstox } from '../../codecs/upstox.ts'
import { FRAMES, readFrame } from '../codecs/upstox-oracle.ts'
import { collect, type FuzzTarget } from './target.ts'

const LEVELS = 30

export const target: FuzzTarget = {
  // All of them in one frame too: messages that follow each other are merged, maps are joined.
  frames: [...FRAMES, Buffer.concat(FRAMES)],
  decode: (frame) => collect(LEVELS, (sink) => decodeUpstox(frame, sink)),
  expect(frame) {
    const { found, rejects } = readFrame(frame, LEVELS)
    return { ticks: found.map(({ tick }) => tick), isRefused: rejects > 0 }
  },
}
