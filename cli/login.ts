import { setTimeout as sleep } from 'node:timers/promises'
import type { Credentials } from '../adapters/broker.ts'
import { SignInError } from '../engine/auth/sign-in.ts'
import { indianText } from '../engine/indian-day.ts'
import { BAD_USAGE, CliError, defineCommand, FAILED, OK, required, wholeNumber } from './command.ts'
import { CONFIG_OPTION, configFor, keyOptions } from './config-options.ts'
import { type Door, openDoor, type Stand } from './login/door.ts'
import { readTyped } from './login/typed.ts'

const LOOK_EVERY_MS = 200
const WAIT_S = 600
/** As long as a login is kept waiting. */
const WAIT_S_MAX = 900

function print(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

function end({ state, message, session: { expiresAtMs } }: Stand): number {
  if (state !== 'done') throw new CliError(FAILED, message)
  const until = expiresAtMs === null ? '' : `; the session ends about ${indianText(expiresAtMs)}`
  print(`${message}${until}.`)
  return OK
}

/** With the callback: the browser brings the code. `values` came by hand before. */
async function waitForPage(door: Door, waitS: number, values: Credentials = {}): Promise<number> {
  const callback = await door.listen()
  const url = await door.begin(values)
  if (url === null) return end(await door.stand())
  print(
    'Open this page and sign in:',
    '',
    `  ${url}`,
    '',
    `It must lead back to ${callback}`,
    'which has to be registered as the redirect URL of your app. Waiting; Ctrl-C ends it.',
  )
  const endMs = performance.now() + waitS * 1000
  for (;;) {
    const stand = await door.stand()
    if (stand.state !== 'waiting') return end(stand)
    if (performance.now() > endMs) {
      throw new CliError(FAILED, `nobody signed in within ${waitS} s; run the command again`)
    }
    await sleep(LOOK_EVERY_MS)
  }
}

/** By hand: a person, or a script, brings the code, a token, or what the page takes beside it. */
async function readByHand(door: Door, waitS: number): Promise<number> {
  const form = await door.form()
  const { yields } = form
  const url = yields === null ? null : await pageOf(door)
  if (url !== null && process.stdin.isTTY) {
    print('Open this page, sign in, and paste the address that it leads to:', '', `  ${url}`, '')
  }
  const state = url === null ? null : new URL(url).searchParams.get('state')
  const values = await readTyped(process.stdin, form, state)
  const isEnough = yields === null || values.access_token !== undefined || yields in values
  if (!isEnough && Object.keys(values).length === 0) {
    throw new CliError(BAD_USAGE, `standard input had neither a ${yields} nor an access_token`)
  }
  if (!isEnough) return waitForPage(door, waitS, values)
  await door.begin(values)
  return end(await door.stand())
}

/** The page of a sign-in for which more may come by hand. */
async function pageOf(door: Door): Promise<string | null> {
  try {
    return await door.begin({})
  } catch (error) {
    // What is missing may stand in the lines that follow.
    const isMissing =
      (error instanceof SignInError && error.kind === 'missing-credential') ||
      (error instanceof CliError && error.exitCode === BAD_USAGE)
    if (isMissing) return null
    throw error
  }
}

/** What is missing is a matter of the configuration. */
function asUsage(error: unknown): never {
  const isMissing = error instanceof SignInError && error.kind === 'missing-credential'
  throw isMissing ? new CliError(BAD_USAGE, error.message) : error
}

export const command = defineCommand({
  usage: ['BROKER [--wait SECONDS]', 'BROKER --stdin [--wait SECONDS]'],
  positionalsMax: 1,
  options: {
    stdin: {
      type: 'boolean',
      help: 'Read the address that the page led to, its code, or lines NAME=VALUE from standard input.',
    },
    wait: {
      type: 'string',
      value: 'SECONDS',
      help: `How long to wait for the page; ${WAIT_S} when absent.`,
    },
    ...keyOptions(['data_dir', 'http.host', 'http.port', 'vault.key_file']),
    ...CONFIG_OPTION,
  },
  async run({ values, positionals: [id] }) {
    const broker = required('the id of the broker', id)
    const { stdin = false, wait } = values
    const waitS = wholeNumber('--wait', wait as string | undefined, {
      min: 1,
      max: WAIT_S_MAX,
      fallback: WAIT_S,
    })
    const door = await openDoor(configFor(values), broker)
    try {
      return await (stdin ? readByHand(door, waitS) : waitForPage(door, waitS)).catch(asUsage)
    } finally {
      await door.close()
    }
  },
})
