// Secrets out of texts. A module of its own, because threads that only report do not need a logger.

/** A text whose URLs have lost their secret parts. */
export function redactText(text: string): string {
  return text.replaceAll(/\b(?:https?|wss?):\/\/[^\s"'<>]+/g, redactUrl)
}

/** A URL without user, query and fragment, which may hold secrets; text that is no URL loses the same parts. */
export function redactUrl(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//')
}
