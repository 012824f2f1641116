import { MODE_QUOTE } from '../../codecs/tick.ts'
import type { Case as Records } from '../ring-layout-arms.ts'
import { checkRing, measureMessages, measureThreads } from '../ring-threads.ts'
import type { Group } from './group.ts'

const QUOTES: Records = {
  name: 'quote',
  mode: MODE_QUOTE,
  levels: 5,
  slots: 32_768,
  records: 4_000_000,
}

export const ring: Group = {
  name: 'ring',
  about:
    'quotes from one thread to another, the writer at the pace of the reader so that none is lost',
  operation: 'record',
  prepare() {
    checkRing('fixed', QUOTES)
    return {
      cases: [
        {
          name: 'quote',
          arms: [
            {
              name: 'the ring',
              target: { perSecondMin: 5_000_000 },
              async measure(share: number) {
                const records = QUOTES.records * share
                return 1000 / (await measureThreads('fixed', { ...QUOTES, records }))
              },
            },
            {
              name: 'postMessage of a plain object',
              async measure() {
                return 1_000_000 / (await measureMessages('object', QUOTES))
              },
            },
          ],
        },
      ],
    }
  },
}
