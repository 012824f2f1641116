/** An event about a feed, for those who asked for events. Times are epoch milliseconds. */
export type StreamEvent = {
  readonly type: 'gap' | 'feed_status'
  readonly broker: string
} & Readonly<Record<string, string | number | boolean>>
