// What a reviewer would otherwise have to look for, by reading the sources: which part knows which, what may not be
// in them, and how large they may grow. Every rule also shows a file that it must complain of.
import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { describe, test } from 'node:test'
import { BROKERS } from '../adapters/registry.ts'
import { importsOf, matches, readSources, type Source } from './support/sources.ts'

const LINES_MAX = 400
const COLUMNS_MAX = 120

/** Which folders the modules of a folder may import. What is in neither list may import everything. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  codecs: ['codecs'],
  adapters: ['adapters', 'codecs'],
  config: ['config'],
  sim: ['sim'],
  // Of adapters, only what ENGINE_DOORS lists.
  engine: ['engine', 'codecs', 'config', 'adapters'],
  cli: ['cli', 'engine', 'adapters', 'codecs', 'config', 'sim'],
}

/** What a broker is described by. */
const CONTRACT = ['broker', 'orders', 'gtt', 'order-rules'].map((name) => `adapters/${name}.ts`)

/** The modules of adapters that the engine may import: all of the one, types of the others. */
const ENGINE_DOORS = {
  values: 'adapters/registry.ts',
  types: CONTRACT,
}

/** Modules of Node that may be imported where there is no I/O, by folder or file; packages may not at all. */
const PURE_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  'adapters/registry.ts': ['node:url'],
  adapters: ['node:crypto'],
  codecs: [],
}

/** Where wall clock and chance may come from, and why. */
const CLOCKS: Readonly<Record<string, string>> = {
  'engine/clock.ts': 'it is the clock of all others',
  'engine/auth/curve.ts': 'clients are stamped by the command, whose clock is the wall',
  'engine/auth/keys.ts': 'keys are stamped also by the command, whose clock is the wall',
  'engine/symbols/sync-worker.ts': 'generations are stamped once, in a thread that ends',
  'engine/feed/thread.ts': 'jitter keeps restarts apart',
  'engine/feed/socket.ts': 'jitter keeps reconnects apart',
  'sim/noren-server.ts': 'a simulated broker has a clock of its own',
  'sim/upstox-server.ts': 'a simulated broker has a clock of its own',
  'sim/kite-broker.ts': 'a simulated broker has a clock of its own',
}

interface Rule {
  readonly name: string
  covers(path: string): boolean
  /** What is wrong with a file, one text per place. */
  find(source: Source): string[]
  /** Files that it must complain of. */
  readonly bad: readonly Source[]
}

const isCode = (path: string) => /\.(ts|mjs)$/.test(path)
const isIn = (...folders: string[]) => {
  return (path: string) => isCode(path) && folders.some((folder) => path.startsWith(`${folder}/`))
}
const folderOf = (path: string) => path.split('/')[0]!

function wrongArrows(source: Source): string[] {
  const from = folderOf(source.path)
  return importsOf(source)
    .filter(({ isRelative, isTypeOnly, target }) => {
      if (!isRelative) return false
      if (!ARROWS[from]!.includes(folderOf(target))) return true
      if (from !== 'engine' || folderOf(target) !== 'adapters') return false
      const isTypeDoor = ENGINE_DOORS.types.includes(target) && isTypeOnly
      return target !== ENGINE_DOORS.values && !isTypeDoor
    })
    .map(({ place, target }) => `${place} imports ${target}`)
}

function impureImports(source: Source): string[] {
  const key = Object.keys(PURE_IMPORTS).find((each) => source.path.startsWith(each))!
  return importsOf(source)
    .filter(({ isRelative, target }) => !isRelative && !PURE_IMPORTS[key]!.includes(target))
    .map(({ place, target }) => `${place} imports ${target}`)
}

const EXPORTED_FUNCTION =
  /^export (?:default )?(?:(?:async )?function\b.*|const \w+ = (?:async )?(?:<.*|\(.*|\w+ =>.*))$/
function undocumented({ path, text }: Source): string[] {
  const lines = text.split('\n')
  return lines.flatMap((line, at) => {
    const isDocumented = lines[at - 1]?.trim().endsWith('*/') ?? false
    return EXPORTED_FUNCTION.test(line) && !isDocumented ? [`${path}:${at + 1} ${line}`] : []
  })
}

// Spelt so that this file does not hold what it looks for.
const SKIPPED = /\.(ski[p]|onl[y]|tod[o])\(/
const LEFT_FOR_LATER = /\b(TOD[O]|FIXM[E]|XX[X])\b/
const MACHINE_PATH = /(?<![\w.])\/(work|root|home|Users)\//
const CLOCK = /\bDate\.now\b|\bMath\.random\b|\bnew Date\(\)/
const WORLD = new RegExp(
  [
    /\b(Date\.now|new Date\(\)|Math\.random|performance\.|process\.|console\.|fetch\()/,
    /\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/,
  ]
    .map(({ source }) => source)
    .join('|'),
)

const RULES: readonly Rule[] = [
  {
    name: 'imports go one way: cli, engine, adapters, codecs; sim and config know none of them',
    covers: isIn(...Object.keys(ARROWS)),
    find: wrongArrows,
    bad: [
      { path: 'codecs/a.ts', text: "import { x } from '../adapters/broker.ts'" },
      { path: 'adapters/x/a.ts', text: "import type { x } from '../../engine/main.ts'" },
      { path: 'sim/a.ts', text: "import {\n  type x,\n} from '../codecs/kite.ts'" },
      { path: 'config/a.ts', text: "export * from '../engine/main.ts'" },
      { path: 'engine/feed/a.ts', text: "import { x } from '../../adapters/x/spec.ts'" },
      { path: 'engine/feed/a.ts', text: "import { type x, y } from '../../adapters/broker.ts'" },
      { path: 'engine/orders/a.ts', text: "import { y } from '../../adapters/orders.ts'" },
      { path: 'engine/feed/a.ts', text: "const x = await import('../../sim/registry.ts')" },
      { path: 'engine/feed/a.ts', text: "new Worker(new URL('../../cli/x.js', import.meta.url))" },
    ],
  },
  {
    name: 'nothing under engine names a broker',
    covers: isIn('engine'),
    find: (source) => matches(source, new RegExp(`\\b(${Object.keys(BROKERS).join('|')})\\b`, 'i')),
    bad: Object.keys(BROKERS).map((id) => ({ path: 'engine/a.ts', text: `// for ${id} only` })),
  },
  {
    name: 'adapters and codecs import no I/O and no package',
    covers: isIn('adapters', 'codecs'),
    find: impureImports,
    bad: [
      { path: 'adapters/x/feed.ts', text: "import { readFileSync } from 'node:fs'" },
      { path: 'adapters/x/feed.ts', text: "import { pathToFileURL } from 'node:url'" },
      { path: 'codecs/x.ts', text: "import { pino } from 'pino'" },
      { path: 'codecs/x.ts', text: "import { createHash } from 'node:crypto'" },
    ],
  },
  {
    name: 'adapters and codecs have no clock, timer, chance, process, network or console',
    covers: isIn('adapters', 'codecs'),
    find: (source) => matches(source, WORLD),
    bad: [
      'Date.now()',
      'performance.now()',
      'process.env.X',
      'console.log(1)',
      'setTimeout(f, 1)',
    ].map((text) => ({ path: 'adapters/x/feed.ts', text })),
  },
  {
    name: 'wall clock and chance come from where they may',
    covers: (path) => isIn('engine', 'config', 'sim')(path) && !(path in CLOCKS),
    find: (source) => matches(source, CLOCK),
    bad: [
      { path: 'engine/a.ts', text: 'const now = Date.now()' },
      { path: 'sim/a.ts', text: 'if (Math.random() > 0.5) return' },
    ],
  },
  {
    name: 'no test is skipped, alone or left to be written',
    covers: (path) => isIn('test')(path),
    find: (source) => matches(source, SKIPPED),
    bad: ['skip', 'only', 'todo'].map((word) => ({
      path: 'test/a.test.ts',
      text: `test.${word}('x')`,
    })),
  },
  {
    name: 'nothing is left for later',
    covers: () => true,
    find: (source) => matches(source, LEFT_FOR_LATER),
    bad: ['O', 'E'].map((end, at) => {
      return { path: 'docs/a.md', text: `${['TOD', 'FIXM'][at]}${end}: x` }
    }),
  },
  {
    name: `no file has more than ${LINES_MAX} lines`,
    covers: isCode,
    find({ path, text }) {
      const lines = text.trimEnd().split('\n').length
      return lines > LINES_MAX ? [`${path} has ${lines} lines`] : []
    },
    bad: [{ path: 'cli/a.ts', text: 'x\n'.repeat(LINES_MAX + 1) }],
  },
  {
    name: `no line has more than ${COLUMNS_MAX} columns`,
    covers: isCode,
    find: (source) =>
      matches(source, new RegExp(`^.{${COLUMNS_MAX + 1},}$`)).map((place) => place.slice(0, 80)),
    bad: [{ path: 'cli/a.ts', text: `// ${'x'.repeat(COLUMNS_MAX)}` }],
  },
  {
    name: 'functions that codecs, the contract and the engine export are documented',
    covers: (path) =>
      isIn('codecs', 'engine')(path) || [...CONTRACT, 'adapters/define-broker.ts'].includes(path),
    find: undocumented,
    bad: [
      { path: 'engine/a.ts', text: '\nexport async function start(): Promise<void> {}' },
      { path: 'codecs/a.ts', text: '// A plain comment.\nexport function decode() {}' },
      { path: 'codecs/a.ts', text: '\nexport const decode = (x: number) => x' },
    ],
  },
  {
    name: 'no path of one machine is in a file',
    covers: () => true,
    find: (source) => matches(source, MACHINE_PATH),
    bad: ['home', 'root'].map((folder) => ({
      path: 'docs/a.md',
      text: `see ${['', folder, 'me'].join('/')}`,
    })),
  },
]

const sources = readSources()

describe('tidy', () => {
  for (const { name, covers, find, bad } of RULES) {
    test(name, () => {
      const covered = sources.filter(({ path }) => covers(path))
      assert.ok(covered.length > 0, 'the rule covers nothing')
      assert.deepEqual(
        covered.flatMap((source) => find(source)),
        [],
      )
    })

    test(`the rule sees what it forbids: ${name}`, () => {
      for (const source of bad) {
        assert.ok(covers(source.path), source.path)
        assert.equal(find(source).length, 1, source.text)
      }
    })
  }

  test('every file that is allowed a clock still needs it', () => {
    for (const path of Object.keys(CLOCKS)) {
      const source = sources.find((each) => each.path === path)
      assert.ok(source && matches(source, CLOCK).length > 0, path)
    }
  })

  test('all folders of the product are read', () => {
    const read = new Set(sources.map(({ path }) => dirname(path)))
    for (const folder of [
      ...Object.keys(ARROWS),
      'engine/feed',
      'adapters/zerodha',
      'test/feed',
      'docs',
    ]) {
      assert.ok(read.has(folder), folder)
    }
  })
})
