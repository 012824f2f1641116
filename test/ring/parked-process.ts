// A process that has nothing to do but to be woken.
import { createDoorbell, Doorbell } from '../../engine/ring/doorbell.ts'

const isParked = new Doorbell(createDoorbell()).park(
  () => false,
  () => {},
)
process.stdout.write(isParked ? 'parked' : 'not parked')
