const WINDOW_MS = 60_000
const KEYS_MAX = 1000
const OTHER_KEY = 'other'

/**
 * Thins out lines that can come by the thousand, such as those on malformed frames: the first few per key and
 * minute pass, the others are counted and told with the next one that passes.
 */
export class LogSampler {
  readonly #linesPerMinute: number
  readonly #windows = new Map<string, { startMs: number; passed: number; heldBack: number }>()

  constructor(linesPerMinute: number) {
    this.#linesPerMinute = linesPerMinute
  }

  /**
   * Says whether a line may be written now: how many lines of its key were held back since the last one that
   * passed, or null when this one is held back too. Beyond 1000 keys all new ones share one.
   */
  admit(key: string, nowMs: number): number | null {
    const kept = this.#windows.has(key) || this.#windows.size < KEYS_MAX ? key : OTHER_KEY
    const window = this.#windows.get(kept) ?? { startMs: nowMs, passed: 0, heldBack: 0 }
    this.#windows.set(kept, window)
    if (nowMs - window.startMs >= WINDOW_MS) {
      window.startMs = nowMs
      window.passed = 0
    }
    if (window.passed >= this.#linesPerMinute) {
      window.heldBack += 1
      return null
    }
    const { heldBack } = window
    window.passed += 1
    window.heldBack = 0
    return heldBack
  }
}
