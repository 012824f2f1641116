#!/usr/bin/env -S MALLOC_MMAP_THRESHOLD_=1048576 MALLOC_TRIM_THRESHOLD_=1048576 node
// The `tickplant` command. Modules of commands are loaded when they are called for, so that small ones start fast.
// The two variables keep glibc's limits where they are: left alone, it raises them with the first large block that is
// freed, and the memory in which tables were built is never given back (docs/tuning.md, "Memory").
import { packageVersion } from '../config/root.ts'
import { closest } from '../config/suggest.ts'
import {
  BAD_USAGE,
  CliError,
  type Command,
  columns,
  commandHelp,
  exitCodeHelp,
  FAILED,
  OK,
  parseArguments,
} from './command.ts'

interface Entry {
  readonly summary: string
  load(): Promise<{ command: Command }>
}

export const COMMANDS: Readonly<Record<string, Entry>> = {
  start: {
    summary: 'Start the engine; with --demo against a simulated broker.',
    load: () => import('./start.ts'),
  },
  tail: {
    summary: 'Print ticks of a running engine as they come.',
    load: () => import('./tail.ts'),
  },
  status: {
    summary: 'Show what a running engine does, and what was lost.',
    load: () => import('./status.ts'),
  },
  brokers: {
    summary: 'List the supported brokers and what each offers.',
    load: () => import('./brokers.ts'),
  },
  login: {
    summary: 'Sign in to a broker: its session is used at once, and sealed.',
    load: () => import('./login.ts'),
  },
  vault: {
    summary: 'Show what is sealed in the vault, and give it another key.',
    load: () => import('./vault.ts'),
  },
  symbols: {
    summary: 'Sync, import and search the instruments of the brokers.',
    load: () => import('./symbols.ts'),
  },
  order: {
    summary: 'Place, change or cancel an order, or tell its state.',
    load: () => import('./order.ts'),
  },
  orders: {
    summary: 'List the orders of the day; or the journal: what was sent, and what became of it.',
    load: () => import('./orders.ts'),
  },
  positions: {
    summary: 'List the positions of the account, and what they made.',
    load: () => import('./positions.ts'),
  },
  holdings: {
    summary: 'List what the account holds for delivery.',
    load: () => import('./holdings.ts'),
  },
  funds: {
    summary: 'Show the funds of the account.',
    load: () => import('./funds.ts'),
  },
  history: {
    summary: 'Fetch the candles of an instrument, as CSV.',
    load: () => import('./history.ts'),
  },
  keys: {
    summary: 'Add, list and revoke the keys of clients: API keys, and CURVE keys for ZeroMQ.',
    load: () => import('./keys.ts'),
  },
  kill: {
    summary: 'Set the kill switch, which blocks new orders at every broker; or clear it.',
    load: () => import('./kill.ts'),
  },
  sim: {
    summary: 'Run a simulated broker to connect an engine to.',
    load: () => import('./sim.ts'),
  },
  decode: {
    summary: "Decode captured frames of a broker's feed into ticks.",
    load: () => import('./decode.ts'),
  },
}

/** Errors that say in their message all that a user needs, by name, and the exit code of each. */
const KNOWN_ERRORS: Readonly<Record<string, number>> = {
  ConfigError: BAD_USAGE,
  HttpError: FAILED,
  KeyError: FAILED,
  LockError: FAILED,
  SignInError: FAILED,
  StartError: FAILED,
  SyncError: FAILED,
  VaultError: FAILED,
}

function help(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary])
  const options = [
    ['-h, --help', 'Print this help; after a command, the help of that command.'],
    ['--version', 'Print the version.'],
  ]
  return [
    'Usage:',
    '  tickplant <command> [options]',
    '',
    'Commands:',
    ...columns(commands),
    '',
    'Options:',
    ...columns(options),
    '',
    ...exitCodeHelp(),
  ].join('\n')
}

/** What may stand where a command is expected. */
const WORDS: Readonly<Record<string, () => string>> = {
  '--help': help,
  '-h': help,
  help,
  '--version': packageVersion,
}

async function main([word, ...rest]: readonly string[]): Promise<number> {
  if (word === undefined) {
    process.stderr.write(`${help()}\n`)
    return BAD_USAGE
  }
  if (Object.hasOwn(WORDS, word)) {
    process.stdout.write(`${WORDS[word]!()}\n`)
    return OK
  }
  const entry = Object.hasOwn(COMMANDS, word) ? COMMANDS[word]! : unknownCommand(word)
  const { command } = await entry.load()
  const given = parseArguments(command, rest)
  if (given.values.help === true) {
    process.stdout.write(`${commandHelp(word, entry.summary, command)}\n`)
    return OK
  }
  return command.run(given)
}

function unknownCommand(word: string): never {
  const kind = word.startsWith('-') ? 'option' : 'command'
  const meant = closest(word, [...Object.keys(COMMANDS), '--help', '--version'])
  const hint =
    meant === undefined ? 'tickplant --help lists the known ones' : `did you mean ${meant}?`
  throw new CliError(BAD_USAGE, `unknown ${kind} ${word}; ${hint}`)
}

/** Tells an error: one sentence when it is foreseen or comes from the system, with its stack otherwise. */
function fail(error: unknown): number {
  if (!(error instanceof Error)) return tell(String(error), FAILED)
  if (error instanceof CliError) return tell(error.message, error.exitCode)
  const code = KNOWN_ERRORS[error.name] ?? ('syscall' in error ? FAILED : undefined)
  return code === undefined ? tell(error.stack ?? error.message, FAILED) : tell(error.message, code)
}

function tell(text: string, exitCode: number): number {
  process.stderr.write(`tickplant: ${text}\n`)
  return exitCode
}

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? OK : tell(error.message, FAILED))
})

process.exitCode = await main(process.argv.slice(2)).catch(fail)
