// Reads the fields of a form and complains of what cannot be.

export type Complain = (message: string) => Error

const DECIMAL = /^-?\d{1,12}(\.\d{1,8})?$/

export class Form {
  readonly #fields: URLSearchParams
  readonly #complain: Complain

  constructor(text: string, complain: Complain) {
    this.#fields = new URLSearchParams(text)
    this.#complain = complain
  }

  has(name: string): boolean {
    return this.#fields.has(name)
  }

  /** A field that must be there and not empty. */
  text(name: string): string {
    const value = this.#fields.get(name)
    if (value === null || value === '') throw this.#complain(`Missing or empty field \`${name}\``)
    return value
  }

  /** A field that may be left out or empty. */
  optional(name: string): string | null {
    return this.#fields.get(name) || null
  }

  oneOf<Value extends string>(name: string, values: readonly Value[], absent?: Value): Value {
    if (absent !== undefined && !this.has(name)) return absent
    const value = this.text(name)
    if ((values as readonly string[]).includes(value)) return value as Value
    throw this.#complain(`Invalid \`${name}\`.`)
  }

  /** A decimal number from `min` to `max`. */
  number(name: string, min: number, max: number, absent?: number): number {
    if (absent !== undefined && !this.has(name)) return absent
    const text = this.text(name)
    const value = Number(text)
    if (DECIMAL.test(text) && value >= min && value <= max) return value
    throw this.#complain(`Invalid \`${name}\`.`)
  }

  wholeNumber(name: string, min: number, max: number, absent?: number): number {
    const value = this.number(name, min, max, absent)
    if (Number.isInteger(value)) return value
    throw this.#complain(`Invalid \`${name}\`.`)
  }
}
