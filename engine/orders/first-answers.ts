// A caller's own order id makes a retry safe: whoever comes with the same id and the same order gets the first answer,
// also while that is still on its way. Nothing is sent for the second.
import { indianDay } from './admission.ts'
import { type GatewayAnswer, shown } from './refusal.ts'

/** An answer, and whether the order left for the broker: what did not may be tried again under the same id. */
export interface Told<Ok> {
  readonly answer: GatewayAnswer<Ok>
  readonly isSent: boolean
}

interface Entry<Ok> {
  readonly askHash: string
  readonly day: number
  readonly answer: Promise<GatewayAnswer<Ok>>
}

export class FirstAnswers<Ok> {
  readonly #entries = new Map<string, Entry<Ok>>()
  #day = 0

  get size(): number {
    return this.#entries.size
  }

  /** The answer of the first call of an id, or null where there was none. */
  find(id: string, askHash: string, nowMs: number): Promise<GatewayAnswer<Ok>> | null {
    // First: an answer of days ago would tell of an order that is long gone, and send none.
    this.#forgetOld(indianDay(nowMs))
    const known = this.#entries.get(id)
    if (known === undefined) return null
    return known.askHash === askHash ? known.answer : refuseOther(id)
  }

  /** Starts a call, or gives the answer of the first one of its id. */
  once(
    id: string | null,
    askHash: string,
    nowMs: number,
    start: () => Promise<Told<Ok>>,
  ): Promise<GatewayAnswer<Ok>> {
    if (id === null) return start().then(({ answer }) => answer)
    const known = this.find(id, askHash, nowMs)
    if (known !== null) return known
    const answer = start().then((told) => {
      if (!told.isSent) this.#entries.delete(id)
      return told.answer
    })
    this.#entries.set(id, { askHash, day: this.#day, answer })
    return answer
  }

  /** Keeps an answer that the journal tells of, or that came to be known later. */
  keep(id: string, askHash: string, atMs: number, answer: GatewayAnswer<Ok>): void {
    this.#entries.set(id, { askHash, day: indianDay(atMs), answer: Promise.resolve(answer) })
  }

  /** Ids live through their day and the next: a retry may cross midnight. */
  #forgetOld(today: number): void {
    if (today === this.#day) return
    this.#day = today
    for (const [id, { day }] of this.#entries) if (day < today - 1) this.#entries.delete(id)
  }
}

function refuseOther<Ok>(id: string): Promise<GatewayAnswer<Ok>> {
  const message = `client_order_id is ${shown(id)}; it stands for another order already, so take a new one`
  return Promise.resolve({ error: { code: 'INVALID_INPUT', field: 'client_order_id', message } })
}
