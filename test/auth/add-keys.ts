// A program for tests: loads a key file, says so, and when told to go adds keys one after the other.
// Arguments: file, prefix of the names, how many.
import { once } from 'node:events'
import { KeyStore } from '../../engine/auth/keys.ts'

const [file, prefix, count] = process.argv.slice(2) as [string, string, string]
const store = await KeyStore.load(file)
process.send?.('ready')
await once(process, 'message')
for (let at = 0; at < Number(count); at++) {
  await store.add({ name: `${prefix}${at}`, scopes: ['read'] })
}
process.disconnect()
