// Loads a configuration from a working folder that a test fills.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { ConfigError } from '../../config/error.ts'
import { type LoadedConfig, type LoadOptions, loadConfig } from '../../config/load.ts'

const folder = mkdtempSync(join(tmpdir(), 'tickplant-config-'))
after(() => rmSync(folder, { recursive: true }))

export interface Sources extends Partial<LoadOptions> {
  readonly toml?: string
  readonly dotEnv?: string
}

/** Loads from a working folder of its own that holds these files. */
export function load({
  toml,
  dotEnv,
  ...options
}: Sources): LoadedConfig & { readonly cwd: string } {
  const cwd = mkdtempSync(join(folder, 'cwd-'))
  if (toml !== undefined) writeFileSync(join(cwd, 'tickplant.toml'), toml)
  if (dotEnv !== undefined) writeFileSync(join(cwd, '.env'), dotEnv)
  return { cwd, ...loadConfig({ brokerIds: ['zerodha'], env: {}, cwd, ...options }) }
}

/** The sentence that tells the mistake in these sources. */
export function messageOf(sources: Sources): string {
  try {
    load(sources)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.message
  }
  assert.fail('the configuration was taken')
}
