// Kite ticker packets as a table (Kite Connect v3, "WebSocket streaming"); offsets count from the packet's start.
import type { FieldLayout, FrameLayout } from './layout.ts'
import { MODE_DEPTH, MODE_LTP, MODE_QUOTE, type ValueName } from './tick.ts'

const price = (name: ValueName, at: number): FieldLayout => ({
  name,
  at,
  type: 'int32',
  unit: 'price',
})
const count = (name: ValueName, at: number): FieldLayout => ({
  name,
  at,
  type: 'uint32',
  unit: 'count',
})
const seconds = (name: ValueName, at: number): FieldLayout => ({
  name,
  at,
  type: 'uint32',
  unit: 'seconds',
})

const LTP_FIELDS = [price('ltp', 4)]

const INDEX_QUOTE_FIELDS = [
  ...LTP_FIELDS,
  price('high', 8),
  price('low', 12),
  price('open', 16),
  price('close', 20),
]

const QUOTE_FIELDS = [
  ...LTP_FIELDS,
  count('ltq', 8),
  price('atp', 12),
  count('volume', 16),
  count('totalBuyQty', 20),
  count('totalSellQty', 24),
  price('open', 28),
  price('high', 32),
  price('low', 36),
  price('close', 40),
]

const FULL_FIELDS = [
  ...QUOTE_FIELDS,
  seconds('ltt', 44),
  count('oi', 48),
  count('oiHigh', 52),
  count('oiLow', 56),
  seconds('exchangeTime', 60),
]

/** The layout of every packet that the Kite ticker sends. */
export const KITE_LAYOUT: FrameLayout = {
  heartbeatLengthMax: 3,
  // Segment is the token's low byte: 3 is CDS, 6 is BCD.
  divisorBySegment: { 3: 10_000_000, 6: 10_000 },
  divisor: 100,
  packets: [
    { name: 'ltp', length: 8, mode: MODE_LTP, fields: LTP_FIELDS },
    { name: 'index quote', length: 28, mode: MODE_QUOTE, fields: INDEX_QUOTE_FIELDS },
    {
      name: 'index full',
      length: 32,
      mode: MODE_DEPTH,
      fields: [...INDEX_QUOTE_FIELDS, seconds('exchangeTime', 28)],
    },
    { name: 'quote', length: 44, mode: MODE_QUOTE, fields: QUOTE_FIELDS },
    {
      name: 'full',
      length: 184,
      mode: MODE_DEPTH,
      fields: FULL_FIELDS,
      depth: {
        buyAt: 64,
        sellAt: 124,
        levels: 5,
        stride: 12,
        quantityAt: 0,
        priceAt: 4,
        ordersAt: 8,
      },
    },
  ],
}
