import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { createDoorbell, Doorbell, DoorbellRinger } from '../../engine/ring/doorbell.ts'
import { type DoorbellThreadData, dawdle, MADE, SEEN } from './doorbell-thread.ts'

const STUCK_MS = 30_000
const MS_MAX = 120_000

const noWork = () => false

function makeDoorbell() {
  const memory = createDoorbell()
  return { doorbell: new Doorbell(memory), ringer: new DoorbellRinger(memory) }
}

/** Parks, does `afterPark`, and resolves once woken. The event loop is kept alive meanwhile. */
async function parkUntilWoken(doorbell: Doorbell, afterPark: () => void) {
  const alive = setInterval(() => {}, STUCK_MS)
  let wakes = 0
  try {
    await new Promise<void>((resolve) => {
      const isParked = doorbell.park(noWork, () => {
        wakes += 1
        resolve()
      })
      assert.equal(isParked, true)
      afterPark()
    })
    // Another call of `wake` would come with the next turns of the event loop.
    for (let turn = 0; turn < 3; turn++) await nextTurn()
    assert.equal(wakes, 1)
  } finally {
    clearInterval(alive)
  }
}

/** A core that does nothing but see what the thread made, and how often it slept meanwhile. */
function seeAll(data: DoorbellThreadData): Promise<{ parks: number }> {
  const doorbell = new Doorbell(data.doorbell)
  const words = new Int32Array(data.shared)
  return new Promise((resolve, reject) => {
    let seen = 0
    let parks = 0
    let seenAtLastLook = -1
    const lookout = setInterval(() => {
      if (seen === seenAtLastLook) end(`lost a wake-up: saw ${seen} of ${words[MADE]} pieces`)
      seenAtLastLook = seen
    }, STUCK_MS)
    const end = (failure: string) => {
      clearInterval(lookout)
      if (failure === '') resolve({ parks })
      else reject(new Error(failure))
    }
    const hasWork = () => {
      const isBehind = Atomics.load(words, MADE) !== seen
      // The longer the way from this look to the sleep, the more rings fall into it.
      dawdle(words, -seen)
      return isBehind
    }
    const turn = () => {
      seen = Atomics.load(words, MADE)
      Atomics.store(words, SEEN, seen)
      Atomics.notify(words, SEEN)
      if (seen === data.pieces) end('')
      else if (doorbell.park(hasWork, turn)) parks += 1
      else setImmediate(turn)
    }
    turn()
  })
}

test('no wake-up is lost, whenever the other thread rings', { timeout: MS_MAX }, async (t) => {
  const data: DoorbellThreadData = {
    doorbell: createDoorbell(),
    shared: new SharedArrayBuffer(8),
    pieces: 20_000,
  }
  const thread = new Worker(new URL('./doorbell-thread.js', import.meta.url), { workerData: data })
  t.after(() => thread.terminate())
  await once(thread, 'online')
  const { parks } = await seeAll(data)
  t.diagnostic(`${data.pieces} rings found the core parked ${parks} times`)
  assert.ok(parks > data.pieces / 100, `parked only ${parks} times, so that little was tested`)
})

test('a parked core is woken once by any number of rings, and can park again', {
  timeout: MS_MAX,
}, async () => {
  const { doorbell, ringer } = makeDoorbell()
  for (let round = 0; round < 3; round++) {
    await parkUntilWoken(doorbell, () => {
      ringer.ring()
      ringer.ring()
    })
  }
})

test('ringing notifies nobody unless the core is parked', { timeout: MS_MAX }, async (t) => {
  const notify = t.mock.method(Atomics, 'notify')
  const { doorbell, ringer } = makeDoorbell()
  ringer.ring()
  assert.equal(
    doorbell.park(() => true, assert.fail),
    false,
  )
  ringer.ring()
  assert.equal(notify.mock.callCount(), 0)
  await parkUntilWoken(doorbell, () => {
    ringer.ring()
    ringer.ring()
  })
  ringer.ring()
  assert.equal(notify.mock.callCount(), 1)
})

test('work that came before the sleep keeps the core awake', (t) => {
  const wait = t.mock.method(Atomics, 'waitAsync')
  const { doorbell, ringer } = makeDoorbell()
  // The writer's ring falls between the last look at the tails and the sleep.
  const ringsMeanwhile = () => {
    ringer.ring()
    return false
  }
  assert.equal(
    doorbell.park(() => true, assert.fail),
    false,
  )
  assert.equal(wait.mock.callCount(), 0)
  assert.equal(doorbell.park(ringsMeanwhile, assert.fail), false)
})

test('at most one wait is outstanding', { timeout: MS_MAX }, async (t) => {
  const wait = t.mock.method(Atomics, 'waitAsync')
  const { doorbell, ringer } = makeDoorbell()
  await parkUntilWoken(doorbell, () => {
    assert.equal(doorbell.park(noWork, assert.fail), false)
    assert.equal(wait.mock.callCount(), 1)
    ringer.ring()
    assert.equal(doorbell.park(noWork, assert.fail), false)
  })
  assert.equal(wait.mock.callCount(), 1)
})

test('a parked core does not keep its process alive', { timeout: MS_MAX }, async (t) => {
  const script = fileURLToPath(new URL('./parked-process.js', import.meta.url))
  const child = spawn(process.execPath, [script], { timeout: STUCK_MS })
  t.after(() => child.kill())
  let output = ''
  child.stdout.on('data', (text: Buffer) => {
    output += text
  })
  const [code, signal] = await once(child, 'close')
  assert.deepEqual({ output, code, signal }, { output: 'parked', code: 0, signal: null })
})
