// An engine whose process ends without stopping it: the front thread listens to the last.
import { startPlant } from '../support/plant.ts'

const plant = await startPlant({ after() {} })
await (await fetch(`${plant.httpUrl}/healthz`)).text()
process.exit(3)
