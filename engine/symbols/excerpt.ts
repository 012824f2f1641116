const EXCERPT_MAX = 160

/** The beginning of a text, on one line, for a message. */
export function excerpt(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would act on is taken out.
  const line = text.replace(/[\x00-\x1f\x7f]+/g, ' ').trim()
  return line.length <= EXCERPT_MAX ? line : `${line.slice(0, EXCERPT_MAX)}…`
}
