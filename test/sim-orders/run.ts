// One run: a desk makes its writes while things go wrong, waits until all is quiet, and compares.
import type { CountedFault } from '../../sim/faults.ts'
import type { RecordedOrder } from '../../sim/kite-record.ts'
import { until } from '../support/plant.ts'
import { type Asked, checkAnswers, checkBooks } from './check.ts'
import { Mishaps } from './mishaps.ts'
import type { PlannedWrite, RunPlan } from './plan.ts'
import { type Told, WRITES, type WriteName } from './protocol.ts'
import type { SimPlant } from './sim-plant.ts'

/** Far longer than anything takes, also on a machine that does other things. */
const QUIET_MS_MAX = 30_000
/** How long the books may disagree: what was found last is still on its way into the journal. */
const AGREE_MS_MAX = 10_000

export interface RunReport {
  readonly seed: number
  readonly wrong: readonly string[]
  readonly writes: number
  readonly kills: number
  readonly terminates: number
  /** Writes that were under way then. */
  readonly caught: number
  readonly faults: readonly CountedFault[]
}

type Write = Exclude<PlannedWrite, { is: 'again' | 'login' }>

/** Carries out a run on a plant, which is as good as new afterwards. */
export async function simulateRun(plant: SimPlant, plan: RunPlan): Promise<RunReport> {
  const run = new Run(plant, plan)
  const wrong = await run.finish().catch((error: Error) => [String(error.stack)])
  return { seed: plan.seed, wrong, ...run.counts }
}

class Run {
  readonly #plant: SimPlant
  readonly #plan: RunPlan
  readonly #mishaps: Mishaps
  readonly #asked: Asked[] = []
  /** Orders that others than this run have placed. */
  readonly #ordersBefore: number
  #faults: CountedFault[] = []

  constructor(plant: SimPlant, plan: RunPlan) {
    this.#plant = plant
    this.#plan = plan
    this.#mishaps = new Mishaps(plant, plan.mishaps)
    this.#ordersBefore = plant.simulator.account.orders.size
  }

  get counts() {
    const { kills, terminates, caught } = this.#mishaps
    return { writes: this.#asked.length, kills, terminates, caught, faults: this.#faults }
  }

  async finish(): Promise<string[]> {
    const { simulator } = this.#plant
    for (const fault of this.#plan.faults) simulator.fault(fault)
    const giveBack = this.#mishaps.watch()
    try {
      for (const step of this.#plan.steps)
        await Promise.all(step.map((write) => this.#write(write)))
      this.#mishaps.allAsked()
      await this.#mishaps.ended()
      await this.#bringUp()
      // Whoever got no answer comes again: with an id of his own nothing happens twice.
      await this.#askAgain(({ answers }) => answers.at(-1) === null)
      await this.#quieten()
    } finally {
      giveBack()
      this.#faults = simulator.faults().filter(({ taken }) => taken > 0)
      simulator.clearFaults()
    }
    await this.#quieten()
    // What was never sent is sent now; then all is told once more.
    for (let round = 0; round < 2; round++) {
      await this.#askAgain(() => true)
      await this.#quieten()
    }
    return this.#compare()
  }

  async #write(planned: PlannedWrite): Promise<void> {
    await this.#bringUp()
    if (planned.is === 'login') return this.#signIn()
    if (planned.is === 'again') {
      const named = this.#asked.filter(({ clientId }) => clientId !== null)
      const asked = named[planned.pick % named.length]
      return asked === undefined ? undefined : this.#ask(asked)
    }
    const input = planned.is === 'place' ? this.#placeInput(planned) : this.#changeInput(planned)
    if (input === null) return
    const { label, clientId } = planned
    const named = clientId === null ? {} : { client_order_id: clientId }
    const whole = { ...input, ...named, strategy: label }
    const asked: Asked = { label, name: planned.is, clientId, input: whole, answers: [] }
    this.#asked.push(asked)
    await this.#ask(asked)
  }

  async #ask({ name, input, answers }: Asked): Promise<void> {
    const asked = this.#plant.ask({ do: name as WriteName, input })
    this.#mishaps.count('asked')
    answers.push((await asked) as Told | null)
    this.#mishaps.count('answered')
  }

  /** Makes calls again that have an id of the caller's, all at once. */
  async #askAgain(isMeant: (asked: Asked) => boolean): Promise<void> {
    const again = this.#asked.filter((asked) => asked.clientId !== null && isMeant(asked))
    await Promise.all(again.map((asked) => this.#ask(asked)))
  }

  #priceOf(token: number, action: string, awayPermille: number): number {
    const share = this.#plant.shares.find((each) => each.token === token)!
    const { account } = this.#plant.simulator
    const contract = account.contracts.tradable('NSE', share.tradingsymbol)!
    const away = (action === 'BUY' ? 1 : -1) * awayPermille
    const price = account.lastRupees(contract) * (1 + away / 1000)
    return Number((Math.round(price / share.tickSize) * share.tickSize).toFixed(2))
  }

  #placeInput({ share, action, pricetype, quantity, awayPermille }: Write & { is: 'place' }) {
    const { token, tradingsymbol: symbol } = this.#plant.shares[share]!
    const order = { exchange: 'NSE', symbol, action, product: 'MIS', pricetype, quantity }
    if (pricetype === 'MARKET') return order
    // A stop waits beyond the last price.
    const price = this.#priceOf(token, action, pricetype === 'SL' ? 15 : awayPermille)
    return { ...order, price, ...(pricetype === 'SL' ? { trigger_price: price } : {}) }
  }

  #changeInput(planned: Write & { is: 'modify' | 'cancel' }) {
    const order = this.#changeable(planned.pick)
    if (order === null) return null
    const { orderId: orderid, tradingsymbol: symbol, transactionType: action, token } = order
    if (planned.is === 'cancel') return { orderid }
    const { quantity, awayPermille } = planned
    const price = this.#priceOf(token, action, awayPermille)
    const order_ = { exchange: 'NSE', symbol, action, product: 'MIS', pricetype: 'LIMIT' }
    return { ...order_, orderid, quantity, price }
  }

  /** An order of this run: mostly one that is open. */
  #changeable(pick: number): RecordedOrder | null {
    const orders = this.#plant.simulator.record().orders.slice(this.#ordersBefore)
    const open = orders.filter(({ status }) => status === 'OPEN' || status === 'TRIGGER PENDING')
    const among = open.length > 0 ? open : orders
    return among[pick % among.length] ?? null
  }

  async #bringUp(): Promise<void> {
    await this.#mishaps.bringUp()
  }

  async #signIn(): Promise<void> {
    const status = await this.#plant.status()
    if (status !== null && !status.isSignedIn) await this.#plant.login()
  }

  /** Waits until the engine knows or has given up, and nothing is to come at the broker. */
  async #quieten(): Promise<void> {
    const { simulator } = this.#plant
    let last = ''
    const isQuiet = async () => {
      await this.#bringUp()
      await this.#signIn()
      const status = await this.#plant.status()
      last = `${JSON.stringify(status)}, ${simulator.pending()} pending at the broker`
      if (status === null || !status.isSignedIn) return false
      return status.running === 0 && status.unknown === 0 && simulator.pending() === 0
    }
    await until('quiet', isQuiet, QUIET_MS_MAX).catch((error: Error) => {
      throw new Error(`${error.message}; ${last}`)
    })
  }

  async #compare(): Promise<string[]> {
    let wrong: string[] = []
    const agrees = async () => {
      // What was given up is found when somebody looks at the book.
      await this.#plant.ask({ do: 'orderBook' })
      const journal = this.#plant.journal()
      const { simulator } = this.#plant
      const record = simulator.record()
      const [place, modify, cancel] = WRITES.map((name) => simulator.calls(name))
      const calls = { place: place!, modify: modify!, cancel: cancel! }
      const answers = this.#asked.flatMap((asked) => checkAnswers(asked, journal))
      wrong = [...new Set([...checkBooks({ record, calls, journal }), ...answers])]
      // Found late: who asks again is told so.
      if (answers.length > 0) await this.#askAgain(() => true)
      return wrong.length === 0
    }
    await until('agreement', agrees, AGREE_MS_MAX).catch(() => {})
    return wrong
  }
}
