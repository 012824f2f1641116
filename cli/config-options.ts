// Configuration keys as options of a command.
import { BROKERS } from '../adapters/registry.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { KEYS } from '../config/schema.ts'
import { flagOf } from '../config/sources.ts'
import type { OptionTable } from './command.ts'

type KeyName = keyof typeof KEYS
const KEY_NAMES = Object.keys(KEYS) as KeyName[]

/** The option that names the configuration file. */
export const CONFIG_OPTION = {
  config: {
    type: 'string',
    value: 'FILE',
    help: 'Configuration file instead of ./tickplant.toml.',
  },
} as const satisfies OptionTable

/** The option that names the data folder, for commands that look for an engine or its files. */
export const DATA_DIR_OPTION = {
  'data-dir': {
    type: 'string',
    value: 'FOLDER',
    help: 'Data folder instead of the configured one.',
  },
} as const satisfies OptionTable

/** An option for each of these keys, all keys when none are named. */
export function keyOptions(names: readonly KeyName[] = KEY_NAMES) {
  const options = names.map((name) => {
    const help = `Set ${name}: ${KEYS[name].allowed}.`
    return [flagOf(name), { type: 'string', value: 'VALUE', help } as const] as const
  })
  return Object.fromEntries(options)
}

/** The configuration as a command's options change it. Throws a ConfigError. */
export function configFor(values: Readonly<Record<string, unknown>>): LoadedConfig {
  const given = KEY_NAMES.filter((name) => values[flagOf(name)] !== undefined)
  return loadConfig({
    brokerIds: Object.keys(BROKERS),
    configFile: values.config as string | undefined,
    flags: Object.fromEntries(given.map((name) => [name, values[flagOf(name)] as string])),
  })
}
