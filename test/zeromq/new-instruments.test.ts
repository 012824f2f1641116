import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { callAdmin, sharesOf, startPlant, until } from '../support/plant.ts'
import { TopicReader, zeromqStatus } from '../support/topic-reader.ts'

test('a topic that no broker listed flows once the instruments have it', async (context) => {
  const plant = await startPlant(context)
  const { simulator, dataDir } = plant
  const [share] = sharesOf(plant, 1)
  const reader = TopicReader.ticks(context, plant, ['NSE_NEWNAME_QUOTE'])
  await until('the unknown topic', () => zeromqStatus(plant).unknownTopics === 1)
  assert.equal(zeromqStatus(plant).prefixes, 1)

  const reply = await fetch(`${simulator.restUrl}/instruments`, {
    headers: {
      authorization: `token ${simulator.apiKey}:${simulator.accessToken}`,
      'x-kite-version': '3',
    },
  })
  const list = await reply.text()
  const file = join(dataDir, 'renamed.csv')
  await writeFile(file, list.replace(`,${share!.symbol},`, ',NEWNAME,'))
  await callAdmin(plant, 'POST', '/admin/symbols/import', { broker: 'zerodha', file })

  const [tick] = await reader.waitFor('NSE_NEWNAME_QUOTE', 1)
  assert.equal(tick!.token, String(share!.token))
  assert.equal(zeromqStatus(plant).prefixes, 0)
  assert.equal(zeromqStatus(plant).topicsNamed, 1)
})
