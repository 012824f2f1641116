// Writes the key table of docs/configuration.md from config/default.toml (defaults, and the comments above the
// keys) and the compiled schema (what is allowed):
//   npm run build && node scripts/config-table.mjs
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const PAGE = 'docs/configuration.md'
const BEGIN = '<!-- keys: written by scripts/config-table.mjs -->\n'
const END = '<!-- end of keys -->\n'

/** The keys of a TOML text with the value and the comment of each, as written. */
function readKeys(toml) {
  const found = new Map()
  let section = ''
  let comment = []
  for (const line of toml.split('\n')) {
    const [, table] = /^\[(.+)\]$/.exec(line) ?? []
    const [, name, value] = /^(\w+) = (.+)$/.exec(line) ?? []
    if (line.startsWith('# ')) {
      comment.push(line.slice(2))
      continue
    }
    if (table !== undefined) section = `${table}.`
    if (name !== undefined) found.set(section + name, { value, meaning: comment.join(' ') })
    comment = []
  }
  return found
}

function row(cells) {
  return `| ${cells.join(' | ')} |`
}

/** The key table in Markdown. Throws for a key that has no default or no comment. */
export function configTable(
  toml,
  { KEYS, BROKER_KEYS, BROKER_LIMIT_KEYS, CREDENTIAL },
  variableOf,
) {
  const described = readKeys(toml)
  const rows = [
    row(['Key', 'Default', 'Allowed', 'Environment', 'Meaning']),
    row(['---', '---', '---', '---', '---']),
  ]
  for (const [key, { allowed }] of Object.entries(KEYS)) {
    const { value, meaning } = described.get(key) ?? {}
    if (!meaning)
      throw new Error(`config/default.toml has no ${value ? 'comment for' : 'line'} ${key}`)
    rows.push(row([`\`${key}\``, `\`${value}\``, allowed, `\`${variableOf(key)}\``, meaning]))
  }
  const brokerKeys = [
    ...Object.entries(BROKER_KEYS),
    ...Object.entries(BROKER_LIMIT_KEYS),
    ['<credential>', CREDENTIAL],
  ]
  for (const [name, { allowed, meaning }] of brokerKeys) {
    const key = `brokers.<id>.${name}`
    rows.push(row([`\`${key}\``, '', allowed, `\`${variableOf(key)}\``, meaning]))
  }
  return `${rows.join('\n')}\n`
}

/** The page with this table between its two marks. */
export function withTable(page, table) {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`${PAGE} lacks the marks around its key table`)
  return `${page.slice(0, begin + BEGIN.length)}\n${table}\n${page.slice(end)}`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const schema = await import('../dist/config/schema.js')
  const { variableOf } = await import('../dist/config/sources.js')
  const table = configTable(readFileSync('config/default.toml', 'utf8'), schema, variableOf)
  writeFileSync(PAGE, withTable(readFileSync(PAGE, 'utf8'), table))
}
