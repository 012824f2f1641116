import { z } from 'zod'
import { KillSwitch } from '../engine/orders/kill-switch.ts'
import { BAD_USAGE, CliError, defineCommand, FAILED, OK } from './command.ts'
import { CONFIG_OPTION, configFor, DATA_DIR_OPTION } from './config-options.ts'
import { adminRequest, findEngine, type RunningEngine } from './running-engine.ts'

const BY = 'command line'

const statusSchema = z.object({
  isSet: z.boolean(),
  by: z.string().nullable(),
  atMs: z.number().nullable(),
  why: z.string().nullable(),
})
type Status = z.infer<typeof statusSchema>

/** Asks a running engine, or does the same to the file where none runs or it does not answer. */
async function withSwitch(
  dataDir: string,
  ask: (engine: RunningEngine) => Promise<unknown>,
  byHand: (killSwitch: KillSwitch) => Promise<Status>,
): Promise<Status> {
  const killSwitch = new KillSwitch(dataDir)
  const engine = await findEngine(dataDir)
  if (engine === null) return byHand(killSwitch)
  const told = await ask(engine).catch(() => null)
  // The engine looks at the file before every order, also when it is too busy to answer here.
  if (told === null) return byHand(killSwitch)
  const status = statusSchema.safeParse(told)
  if (status.success) return status.data
  throw new CliError(FAILED, "the engine's answer about the kill switch was not understood")
}

function sentence({ isSet, by, atMs, why }: Status): string {
  if (!isSet) return 'The kill switch is clear: orders are taken.'
  const who = by === null ? 'by hand' : `by ${by}`
  const when = atMs === null ? '' : ` at ${new Date(atMs).toISOString()}`
  const reason = why ? ` (${why})` : ''
  return `The kill switch is set, ${who}${when}${reason}: no new orders and no changes; cancels pass.`
}

export const command = defineCommand({
  usage: ['[--why TEXT]', '--clear', '--status [--json]'],
  options: {
    why: { type: 'string', value: 'TEXT', help: 'A reason, to be shown to those who ask.' },
    clear: { type: 'boolean', help: 'Clear the switch: orders are taken again.' },
    status: { type: 'boolean', help: 'Only tell whether it is set.' },
    json: { type: 'boolean', help: 'Print as JSON.' },
    ...DATA_DIR_OPTION,
    ...CONFIG_OPTION,
  },
  async run({ values }) {
    const { clear = false, status = false, why = '', json = false } = values
    if (clear && status) {
      throw new CliError(BAD_USAGE, '--clear and --status do not go together; give one of them')
    }
    const { data_dir: dataDir } = configFor(values).config
    const told = status
      ? await withSwitch(
          dataDir,
          (engine) => adminRequest(engine, 'GET', '/admin/kill'),
          (killSwitch) => killSwitch.status(),
        )
      : clear
        ? await withSwitch(
            dataDir,
            (engine) => adminRequest(engine, 'DELETE', '/admin/kill'),
            (killSwitch) => killSwitch.clear(),
          )
        : await withSwitch(
            dataDir,
            (engine) => adminRequest(engine, 'POST', '/admin/kill', { why }),
            (killSwitch) => killSwitch.set(BY, why, Date.now()),
          )
    process.stdout.write(`${json ? JSON.stringify(told) : sentence(told)}\n`)
    return OK
  },
})
