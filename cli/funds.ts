import { ACCOUNT_OPTIONS, AccountApi } from './account/api.ts'
import { fundLines, fundsAnswer } from './account/rows.ts'
import { defineCommand, OK } from './command.ts'

export const command = defineCommand({
  usage: ['[--broker BROKER] [--json]'],
  options: ACCOUNT_OPTIONS,
  async run({ values }) {
    const api = await AccountApi.open(values)
    await api.show({ path: 'funds', fields: {} }, fundsAnswer, fundLines)
    return OK
  },
})
