// The sources of the package as text, for tests of what stands in them.
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative } from 'node:path'
import { packageRoot } from '../../config/root.ts'

const FOLDERS_LEFT_OUT = ['node_modules', 'dist', 'data', 'fixtures']
const TEXT = /\.(ts|mjs|md|toml|json)$/

export interface Source {
  /** From the root of the package, with `/`. */
  readonly path: string
  readonly text: string
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length
}

/** The places where a pattern matches, as `PATH:LINE MATCH`. */
export function matches({ path, text }: Source, pattern: RegExp): string[] {
  const all = text.matchAll(new RegExp(pattern, `gm${pattern.flags}`))
  return [...all].map((match) => `${path}:${lineOf(text, match.index)} ${match[0].trim()}`)
}

export interface Import {
  readonly place: string
  /** A path from the root for a relative one, else the name. */
  readonly target: string
  readonly isRelative: boolean
  readonly isTypeOnly: boolean
}

const IMPORT = new RegExp(
  [
    /^(?:import|export)\s(?<what>[^'";()]*?\sfrom\s)?'(?<from>[^']+)'/,
    /\bimport\('(?<late>[^']+)'\)/,
    /new URL\('(?<url>\.[^']+)', import\.meta\.url\)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gm',
)

/** What a file imports: at its head, later, or as the file of a thread. */
export function importsOf({ path, text }: Source): Import[] {
  return [...text.matchAll(IMPORT)].map((match) => {
    const { what = '', from, late, url } = match.groups!
    const name = (from ?? late ?? url)!
    const isRelative = name.startsWith('.')
    const listed = /\{(.*)\}/s.exec(what)?.[1]?.split(',') ?? ['']
    const areTypes = listed.every((each) => each.trim() === '' || each.trim().startsWith('type '))
    return {
      place: `${path}:${lineOf(text, match.index)}`,
      target: isRelative ? posix.join(posix.dirname(path), name) : name,
      isRelative,
      isTypeOnly: what.startsWith('type ') || (what.includes('{') && areTypes),
    }
  })
}

/** All of them, without what is built or was captured. */
export function readSources(): Source[] {
  const files = readdirSync(packageRoot, { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && TEXT.test(entry.name) && entry.name !== 'package-lock.json',
    )
    .map(({ parentPath, name }) => relative(packageRoot, join(parentPath, name)))
    .filter((path) => {
      return path
        .split('/')
        .every((part) => !part.startsWith('.') && !FOLDERS_LEFT_OUT.includes(part))
    })
  return files.map((path) => {
    return { path, text: readFileSync(join(packageRoot, path), 'utf8') }
  })
}
