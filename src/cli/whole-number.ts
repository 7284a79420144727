import { InvalidArgumentError } from 'commander'

/** A parser of an option's value that takes whole numbers within a range only. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (Number.isInteger(value) && value >= from && value <= to) return value
    throw new InvalidArgumentError(`expected a whole number from ${from} to ${to}.`)
  }
}
