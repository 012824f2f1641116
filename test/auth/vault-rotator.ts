// A process that rotates the key of a vault for as long as it lives, and says so after each time.
import { Vault } from '../../engine/auth/vault.ts'

const [file, keyFile] = process.argv.slice(2) as [string, string]
const vault = await Vault.open({ file, keyFile, keyText: null })
for (let round = 0; ; round++) {
  await vault.rotate(null)
  const sealed = await vault.load('fake')
  await vault.save('fake', { ...sealed, secrets: { ...sealed.secrets, round: String(round) } })
  process.stdout.write('.')
}
