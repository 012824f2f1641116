/** What a task resolves to: errors are data, so that a task that failed is told from a thread that ended. */
export type Answer = { readonly value: unknown } | { readonly failed: string }

/** Runs a task to its answer. Never rejects. */
export async function answerWith(task: () => Promise<unknown>): Promise<Answer> {
  try {
    return { value: await task() }
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) }
  }
}
