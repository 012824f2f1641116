// A process that has nothing to do but to be woken.
import { createDoorbell, Doorbell } from '../../engine/ring/doorbell.ts'

const HOUR_MS = 3_600_000

const isParked = new Doorbell(createDoorbell()).park(
  () => false,
  HOUR_MS,
  () => {},
)
process.stdout.write(isParked ? 'parked' : 'not parked')
