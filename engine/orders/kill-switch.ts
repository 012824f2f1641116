// The kill switch is a file of the data folder: there, nothing new is sent to any broker. It survives restarts, and
// anybody who can write the folder can set it with `touch`, whatever state the engine is in.
import { statSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { writeAtomically } from '../auth/owner-file.ts'

export const KILL_FILE = 'kill'

const contentSchema = z.object({
  by: z.string(),
  atMs: z.int().min(0),
  why: z.string(),
})

export interface KillStatus {
  readonly isSet: boolean
  /** Who set it, null where the file was made by hand or is not to be read. */
  readonly by: string | null
  readonly atMs: number | null
  readonly why: string | null
}

const CLEAR: KillStatus = { isSet: false, by: null, atMs: null, why: null }

export class KillSwitch {
  readonly #file: string
  /** From the moment in which it is asked for until the file is there; for good where the file cannot be written. */
  #isAsked = false
  #setting: Promise<void> | null = null

  constructor(dataDir: string) {
    this.#file = join(dataDir, KILL_FILE)
  }

  /** Whether new orders are blocked. One system call; a folder that cannot be looked into counts as set. */
  get isSet(): boolean {
    if (this.#isAsked) return true
    try {
      statSync(this.#file)
      return true
    } catch (error) {
      // Asked not to throw, newer versions of Node would tell the same of a folder that is none.
      return (error as NodeJS.ErrnoException).code !== 'ENOENT'
    }
  }

  /** Blocks new orders at once, also where the file cannot be written; then it rejects. The first one stays. */
  async set(by: string, why: string, atMs: number): Promise<KillStatus> {
    this.#isAsked = true
    this.#setting ??= this.#write({ by, why, atMs }).finally(() => {
      this.#setting = null
    })
    await this.#setting
    return this.status()
  }

  async clear(): Promise<KillStatus> {
    await rm(this.#file, { force: true })
    this.#isAsked = false
    return this.status()
  }

  async #write(content: z.infer<typeof contentSchema>): Promise<void> {
    // That it is set for lack of a file is not enough: the next engine would not know.
    if (statSync(this.#file, { throwIfNoEntry: false }) === undefined) {
      await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 })
      await writeAtomically(this.#file, `${JSON.stringify(content)}\n`)
    }
    this.#isAsked = false
  }

  async status(): Promise<KillStatus> {
    if (!this.isSet) return CLEAR
    const text = await readFile(this.#file, 'utf8').catch(() => '')
    return { ...(readContent(text) ?? { by: null, atMs: null, why: null }), isSet: true }
  }
}

function readContent(text: string): z.infer<typeof contentSchema> | null {
  try {
    return contentSchema.parse(JSON.parse(text))
  } catch {
    return null
  }
}
