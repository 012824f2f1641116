// Cards S: what the user trusts the engine with stays in it.
import assert from 'node:assert/strict'
import type { Credentials } from '../../adapters/broker.ts'
import { signIn } from '../../engine/auth/sign-in.ts'
import { until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'
import { credentialsFor, isShare, pick, type Rig, startBroker, startEngineOn } from './bench.ts'
import type { Card } from './card.ts'

const SECRET_LENGTH_MIN = 6

/** The ways in which a text may hold a secret. */
function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [secret, encodeURIComponent(secret), bytes.toString('hex'), bytes.toString('base64')]
}

function assertWithout(secrets: readonly string[], told: Readonly<Record<string, string>>): void {
  for (const secret of secrets) {
    for (const [where, text] of Object.entries(told)) {
      const spelling = spellings(secret).find((each) => text.includes(each))
      assert.ok(spelling === undefined, `${where} holds ${spelling}`)
    }
  }
}

/** Whatever a broker may say or do that could bring its secrets into a log. */
async function provoke(rig: Rig, secrets: readonly string[]): Promise<void> {
  const { simulator, feed } = rig
  for (const secret of secrets) {
    for (const key of ['data', 'message', 'emsg', 'error', 'dmntxt']) {
      simulator.sendRaw(JSON.stringify({ t: 'am', type: 'error', status: 'failed', [key]: secret }))
    }
    simulator.sendRaw(`no JSON ${secret}`)
    simulator.sendRaw(Buffer.concat([Buffer.of(0xff, 0xff, 0xff, 0xff), Buffer.from(secret)]))
  }
  await until('the garbage to be counted', () => feed.counters().rejects >= secrets.length)
  simulator.dropSockets()
  await until('the line to be back', () => feed.counters().connects >= 2 && feed.isConnected)
  simulator.expireSession()
  simulator.dropSockets()
  await until('the refusal', () => feed.socketStates[0] === 'refused')
  await until('the log line', () =>
    rig.logs.some(({ msg }) => String(msg).includes('sign in again')),
  )
}

export const CARDS: readonly Card[] = [
  {
    id: 'S-01',
    title: 'no secret is in a log line, the status, an event or a URL that is told',
    proves: 'logs and status pages can be shown to others',
    async run(subject, context) {
      const broker = await startBroker(context, subject)
      const fields = subject.spec.signIn.credentials
      const given = await credentialsFor(broker)
      const { session } = await signIn(subject.spec, broker.hosts, given)
      const credentials: Credentials = { ...given, access_token: session.accessToken }
      const secrets = fields.flatMap(({ name, secret }) => {
        const value = credentials[name]
        return secret && value !== undefined ? [value] : []
      })
      assert.ok(secrets.includes(session.accessToken))
      for (const secret of secrets)
        assert.ok(secret.length >= SECRET_LENGTH_MIN, 'hard to look for')
      const rig = await startEngineOn(context, broker, { credentials })
      const client = await StreamClient.open(context, rig, { events: true })
      await client.stream(pick(rig, 3, isShare), 'Quote')
      await provoke(rig, secrets)
      const health = await (await fetch(`${rig.httpUrl}/healthz`)).text()
      await rig.engine.stop()
      assert.ok(rig.logs.some(({ msg }) => msg === 'opening the feed socket'))
      assertWithout(secrets, {
        log: JSON.stringify(rig.logs),
        status: JSON.stringify(rig.engine.status()),
        health,
        stream: client.rawTexts.join('\n'),
      })
    },
  },
  {
    id: 'S-02',
    title: 'a start with wrong secrets tells none of them',
    proves: 'a mistyped secret is not shown either, in whatever the broker answers',
    async run(subject, context) {
      const broker = await startBroker(context, subject)
      const fields = subject.spec.signIn.credentials
      const wrong: Record<string, string> = { ...broker.simulator.credentials }
      for (const [at, { name, secret }] of fields.entries()) {
        if (secret && wrong[name] !== undefined) wrong[name] = `mistyped-secret-${at}`
      }
      const logs: Record<string, unknown>[] = []
      let told = ''
      try {
        // Where the list is open to all, only the feed notices.
        const { feed } = await startEngineOn(context, broker, { credentials: wrong }, logs)
        await until('the refusal', () => feed.socketStates[0] === 'refused')
        await until('a log line', () =>
          logs.some(({ msg }) => String(msg).includes('sign in again')),
        )
      } catch (error) {
        told = String((error as Error).stack)
        assert.match(told, new RegExp(`\\b${subject.spec.id}\\b`))
      }
      assertWithout(['mistyped-secret'], { error: told, log: JSON.stringify(logs) })
    },
  },
]
