// The shape of a sub-command, and what all of them share: exit codes, arguments, help.
import { parseArgs } from 'node:util'
import { closest } from '../config/suggest.ts'

/** What each exit code means; the code is the position. */
export const EXIT_MEANINGS = [
  'done',
  'failed while running',
  'bad usage or configuration',
  'no running engine, or it cannot be reached',
] as const
export const OK = 0
export const FAILED = 1
export const BAD_USAGE = 2
export const NO_ENGINE = 3

/** An end that is foreseen: one sentence for people, and the exit code. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** May be given more than once. */
  readonly multiple?: boolean
  /** What stands for the value in the help. */
  readonly value?: string
  readonly help: string
}
export type OptionTable = Readonly<Record<string, Option>>

type ValueOf<Of extends Option> = Option extends Of
  ? unknown
  : Of extends { type: 'boolean' }
    ? boolean
    : Of extends { multiple: true }
      ? readonly string[]
      : string
export type Values<Table extends OptionTable> = {
  readonly [Name in keyof Table]?: ValueOf<Table[Name]>
}

export interface Arguments<Table extends OptionTable> {
  readonly values: Values<Table>
  readonly positionals: readonly string[]
}

export interface Command<Table extends OptionTable = OptionTable> {
  /** What may follow the command's name, one line per form. */
  readonly usage: readonly string[]
  readonly options: Table
  /** How many words may follow beside the options; none when absent. */
  readonly positionalsMax?: number
  /** Does the work and returns the exit code. Throws a CliError for an end that is foreseen. */
  run(given: Arguments<Table>): Promise<number>
}

/** Gives `run` the types of the command's own options. */
export function defineCommand<const Table extends OptionTable>(command: Command<Table>): Command {
  return command as unknown as Command
}

/** Options that every command takes. */
export const COMMON_OPTIONS = {
  help: { type: 'boolean', short: 'h', help: 'Print this help.' },
} as const satisfies OptionTable

/** Reads the words after a command's name. Throws a CliError that names the option and the fix. */
export function parseArguments(command: Command, words: readonly string[]): Arguments<OptionTable> {
  const options = { ...command.options, ...COMMON_OPTIONS }
  const parsed = parseArgs({
    args: [...words],
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  })
  const given = { values: parsed.values as Values<OptionTable>, positionals: parsed.positionals }
  if (given.values.help === true) return given
  for (const token of parsed.tokens) if (token.kind === 'option') checkOption(options, token)
  const surplus = parsed.positionals[command.positionalsMax ?? 0]
  if (surplus !== undefined)
    throw new CliError(BAD_USAGE, `unexpected argument ${JSON.stringify(surplus)}`)
  return given
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
  readonly inlineValue: boolean | undefined
}

function checkOption(
  options: OptionTable,
  { name, rawName, value, inlineValue }: OptionToken,
): void {
  const option = Object.hasOwn(options, name) ? options[name] : undefined
  if (option === undefined) {
    const meant = closest(name, Object.keys(options))
    const hint = meant === undefined ? '--help lists the known ones' : `did you mean --${meant}?`
    throw new CliError(BAD_USAGE, `unknown option ${rawName}; ${hint}`)
  }
  if (option.type === 'boolean' && value !== undefined) {
    throw new CliError(BAD_USAGE, `${rawName} takes no value`)
  }
  if (option.type === 'boolean') return
  const shape = `--${name}=${option.value ?? 'VALUE'}`
  if (value === undefined) throw new CliError(BAD_USAGE, `${rawName} needs a value: ${shape}`)
  // `--a --b` more likely lacks the value of --a than means it.
  if (!inlineValue && value.length > 1 && value.startsWith('-')) {
    throw new CliError(
      BAD_USAGE,
      `${rawName} is followed by ${value}; write a value that starts with - as ${shape}`,
    )
  }
}

/** The whole number that an option (`name`) gives, or `fallback` without it. Throws a CliError that names it. */
export function wholeNumber(
  name: string,
  text: string | undefined,
  { min, max, fallback }: { min: number; max: number; fallback: number },
): number {
  if (text === undefined) return fallback
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  const allowed = `a whole number from ${min} to ${max}`
  throw new CliError(BAD_USAGE, `${name} is ${JSON.stringify(text)}; it must be ${allowed}`)
}

/** Throws a CliError for words and options that do not go with an action of a command. */
export function checkFits(
  { options, wordsMax }: { readonly options: readonly string[]; readonly wordsMax: number },
  optionsOfAll: readonly string[],
  given: object,
  words: readonly string[],
): void {
  const surplus = words[wordsMax]
  if (surplus !== undefined)
    throw new CliError(BAD_USAGE, `unexpected argument ${JSON.stringify(surplus)}`)
  const stray = Object.keys(given).find((name) => ![...options, ...optionsOfAll].includes(name))
  if (stray !== undefined)
    throw new CliError(BAD_USAGE, `--${stray} does not go with this action; --help shows the usage`)
}

/** A word that must be given (`name`). Throws a CliError that names it. */
export function required(name: string, word: string | undefined): string {
  if (word !== undefined) return word
  throw new CliError(BAD_USAGE, `${name} is missing; --help shows the usage`)
}

/** The choice that an option or argument (`name`) gives. Throws a CliError that names it and the choices. */
export function oneOf(name: string, text: string | undefined, choices: readonly string[]): string {
  if (text !== undefined && choices.includes(text)) return text
  const found = text === undefined ? 'is missing' : `is ${JSON.stringify(text)}`
  throw new CliError(BAD_USAGE, `${name} ${found}; it must be one of: ${choices.join(', ')}`)
}

/** The help of one command. */
export function commandHelp(name: string, summary: string, command: Command): string {
  const usage = command.usage.map((form) => `  tickplant ${name} ${form}`.trimEnd())
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS }).map(optionHelp)
  return [
    summary,
    '',
    'Usage:',
    ...usage,
    '',
    'Options:',
    ...columns(options),
    '',
    ...exitCodeHelp(),
  ].join('\n')
}

function optionHelp([name, option]: [string, Option]): [string, string] {
  const short = option.short === undefined ? '' : `-${option.short}, `
  const value = option.type === 'boolean' ? '' : ` ${option.value ?? 'VALUE'}`
  return [`${short}--${name}${value}`, option.help]
}

export function exitCodeHelp(): string[] {
  return ['Exit codes:', ...columns(EXIT_MEANINGS.map((meaning, code) => [String(code), meaning]))]
}

/** Text that others wrote, in one line, and without what would steer a terminal. */
export const tame = (text: string) => text.replaceAll(/\p{Cc}+/gu, ' ')

/** Rows in aligned columns, two blanks in front and between. */
export function columns(written: readonly (readonly string[])[]): string[] {
  const rows = written.map((row) => row.map(tame))
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries())
      widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  return rows.map((row) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column]!))
    return `  ${cells.join('  ')}`.trimEnd()
  })
}
