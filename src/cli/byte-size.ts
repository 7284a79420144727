import { InvalidArgumentError } from 'commander'

const units: { readonly [unit: string]: number } = {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
}

/** A number of bytes from a text such as `500M` or `2 GiB`; units are powers of 1024. */
export function byteSize(text: string): number {
  const [, number, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text) ?? []
  const factor = units[unit.toLowerCase()]
  if (number === undefined || factor === undefined)
    throw new InvalidArgumentError('expected a size such as 500M or 2G.')
  return Math.floor(Number(number) * factor)
}
