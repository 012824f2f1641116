// What the browser shows when a broker's sign-in page has led back: plain HTML that loads nothing and holds no secret.
import type { Reply } from '../api/reply.ts'

const HEADERS = {
  // The address holds a code: it must not be kept, nor told to anyone.
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
} as const

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character]!)

export interface CallbackResult {
  readonly status: 200 | 400 | 409 | 503
  readonly title: string
  readonly text: string
}

/** The page as a reply. */
export function callbackPage({ status, title, text }: CallbackResult): Reply {
  const body = [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    `<title>${escaped(title)}</title>`,
    '<style>body{font:1.1em/1.5 sans-serif;max-width:36em;margin:4em auto;padding:0 1em}</style>',
    `<h1>${escaped(title)}</h1>`,
    `<p>${escaped(text)}</p>`,
    '</html>',
    '',
  ].join('\n')
  return { status, type: 'text/html; charset=utf-8', headers: HEADERS, body }
}
