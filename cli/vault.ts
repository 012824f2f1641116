import { text } from 'node:stream/consumers'
import type { LoadedConfig } from '../config/load.ts'
import { VAULT_KEY_VARIABLE } from '../config/sources.ts'
import { Vault, type VaultStatus, vaultPlaceOf } from '../engine/auth/vault.ts'
import { nowMs } from '../engine/clock.ts'
import { indianText } from '../engine/indian-day.ts'
import { CliError, checkFits, columns, defineCommand, FAILED, OK, oneOf } from './command.ts'
import { CONFIG_OPTION, configFor, keyOptions } from './config-options.ts'
import { findEngine } from './running-engine.ts'

interface Asked {
  readonly loaded: LoadedConfig
  readonly asJson: boolean
}

interface Action {
  /** The options that go with it, beside those that go with all. */
  readonly options: readonly string[]
  act(asked: Asked): Promise<void>
}

function sessionOf({ signedInAtMs, expiresAtMs }: VaultStatus['brokers'][number]): string {
  if (signedInAtMs === null) return 'none'
  if (expiresAtMs === null) return 'no known end'
  const isOver = expiresAtMs <= nowMs()
  return `${isOver ? 'ended' : 'ends about'} ${indianText(expiresAtMs)}`
}

async function status({ loaded, asJson }: Asked): Promise<void> {
  const vault = await Vault.open(vaultPlaceOf(loaded))
  const told = await vault.status()
  const { file, keyPlace, keyId, brokers } = told
  const rows = brokers.map((broker) => [
    broker.broker,
    sessionOf(broker),
    broker.credentials.join(' ') || 'none',
  ])
  const facts = [
    ['vault', file],
    ['key', `${keyPlace} (${keyId === null ? 'made at the first login' : `id ${keyId}`})`],
  ]
  const table = [['BROKER', 'SESSION', 'CREDENTIALS'], ...rows]
  const lines = asJson
    ? [JSON.stringify(told, null, 2)]
    : [...columns(facts), '', ...(rows.length === 0 ? ['Nothing is sealed.'] : columns(table))]
  process.stdout.write(`${lines.join('\n')}\n`)
}

async function rotate({ loaded }: Asked): Promise<void> {
  const vault = await Vault.open(vaultPlaceOf(loaded))
  const isGiven = loaded.vaultKey !== undefined
  if (isGiven && (await findEngine(loaded.config.data_dir)) !== null) {
    throw new CliError(
      FAILED,
      `the running engine has the old key from ${VAULT_KEY_VARIABLE}: stop it, rotate, start it with the new one`,
    )
  }
  const { from, to } = await vault.rotate(isGiven ? await text(process.stdin) : null)
  process.stdout.write(`The vault is sealed with key ${to} now, no longer with ${from}.\n`)
  if (isGiven) process.stdout.write(`Put the new key into ${VAULT_KEY_VARIABLE}.\n`)
}

const ACTIONS: Readonly<Record<string, Action>> = {
  status: { options: ['json'], act: status },
  rotate: { options: [], act: rotate },
}
const OPTIONS_OF_ALL = ['data-dir', 'vault-key-file', 'config']

export const command = defineCommand({
  usage: ['status [--json]', 'rotate'],
  positionalsMax: 1,
  options: {
    json: { type: 'boolean', help: 'Print JSON.' },
    ...keyOptions(['data_dir', 'vault.key_file']),
    ...CONFIG_OPTION,
  },
  async run({ values, positionals: [first, ...words] }) {
    const action = ACTIONS[oneOf('the action', first, Object.keys(ACTIONS))]!
    checkFits({ ...action, wordsMax: 0 }, OPTIONS_OF_ALL, values, words)
    await action.act({ loaded: configFor(values), asJson: values.json === true })
    return OK
  },
})
