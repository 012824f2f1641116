// The Kite ticker's decoder against the interpreter of its layout table.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeKite } from '../../codecs/kite.ts'
import { KITE_LAYOUT } from '../../codecs/kite-layout.ts'
import { interpretFrame } from '../../codecs/layout.ts'
import { packageRoot } from '../../config/root.ts'
import { collect, type FuzzTarget } from './target.ts'

const LEVELS = 5

const fixture = (name: string) => readFileSync(join(packageRoot, 'adapters/zerodha/fixtures', name))

const recorded = ['ltpMode.bin', 'quoteMode.bin', 'fullMode.bin'].map(fixture)
const worked = fixture('frames.hex')
  .toString()
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((hex) => Buffer.from(hex, 'hex'))

export const target: FuzzTarget = {
  frames: [...recorded, ...worked],
  decode: (frame) => collect(LEVELS, (sink) => decodeKite(frame, sink)),
  expect(frame) {
    const { ticks, rejects } = interpretFrame(KITE_LAYOUT, frame)
    return { ticks, isRefused: rejects.length > 0 }
  },
}
