/**
 * One size of a shape: a number, or a named size known only when the graph runs. Named sizes combine into whole
 * polynomials, written in one canonical way, so that equal sizes are equal strings: `batch`, `2*batch`,
 * `batch*sequence`, `past+sequence`, `sequence-1`.
 */
export type Dim = number | string

export type Shape = readonly Dim[]

/** Coefficient per product of names (`''` is the constant term). */
type Polynomial = ReadonlyMap<string, number>

const validName = /^[A-Za-z_][A-Za-z0-9_]*$/

function parse(dim: Dim): Polynomial {
  if (typeof dim === 'number') return new Map(dim === 0 ? [] : [['', dim]])
  const terms = new Map<string, number>()
  for (const [, sign, body] of dim.matchAll(/([+-]?)([^+-]+)/g)) {
    const names: string[] = []
    let coefficient = sign === '-' ? -1 : 1
    for (const factor of (body ?? '').split('*')) {
      if (/^\d+$/.test(factor)) coefficient *= Number(factor)
      else if (validName.test(factor)) names.push(factor)
      else throw new TypeError(`size "${dim}": "${factor}" is neither a whole number nor a name`)
    }
    const key = names.sort().join('*')
    terms.set(key, (terms.get(key) ?? 0) + coefficient)
  }
  return terms
}

function format(terms: Polynomial): Dim {
  const kept = [...terms].filter(([, coefficient]) => coefficient !== 0)
  if (kept.length === 0) return 0
  if (kept.length === 1 && kept[0]?.[0] === '') return kept[0][1]
  // A positive term leads, so that no text starts with a sign unless every term is negative.
  kept.sort(
    ([a, x], [b, y]) => Number(y > 0) - Number(x > 0) || Number(a === '') - Number(b === '') || (a < b ? -1 : 1),
  )
  let text = ''
  for (const [names, coefficient] of kept) {
    const size = Math.abs(coefficient)
    const sign = coefficient < 0 ? '-' : text === '' ? '' : '+'
    text += sign + (names === '' ? String(size) : size === 1 ? names : `${size}*${names}`)
  }
  return text
}

/** The canonical form of a size; throws when it is neither a whole number of at least 0 nor an expression. */
export function dimension(dim: Dim): Dim {
  if (typeof dim === 'string') return format(parse(dim))
  if (!Number.isInteger(dim) || dim < 0)
    throw new RangeError(`a size is ${dim}, expected a whole number of at least 0 or a name`)
  return dim
}

export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b
  const sum = new Map(parse(a))
  for (const [names, coefficient] of parse(b)) sum.set(names, (sum.get(names) ?? 0) + coefficient)
  return format(sum)
}

export function multiplyDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b
  const product = new Map<string, number>()
  for (const [left, x] of parse(a))
    for (const [right, y] of parse(b)) {
      const names = [left, right]
        .flatMap((key) => (key === '' ? [] : key.split('*')))
        .sort()
        .join('*')
      product.set(names, (product.get(names) ?? 0) + x * y)
    }
  return format(product)
}

export function subtractDims(a: Dim, b: Dim): Dim {
  return addDims(a, multiplyDims(-1, b))
}

/** Exact quotient by a product of names and numbers, or undefined when there is none. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  if (a === b) return 1
  const divisor = [...parse(b)]
  const [first] = divisor
  if (first === undefined || divisor.length > 1) return undefined
  const quotient = new Map<string, number>()
  for (const [names, coefficient] of parse(a)) {
    const left = names === '' ? [] : names.split('*')
    for (const name of first[0] === '' ? [] : first[0].split('*')) {
      const at = left.indexOf(name)
      if (at < 0) return undefined
      left.splice(at, 1)
    }
    const whole = coefficient / first[1]
    if (!Number.isInteger(whole)) return undefined
    quotient.set(left.join('*'), whole)
  }
  return format(quotient)
}

/** Product of all sizes (1 for a scalar). */
export function elementCount(shape: Shape): Dim {
  return shape.reduce<Dim>((product, dim) => multiplyDims(product, dim), 1)
}

/** Each term of a size as coefficient and names, for emitting its computation. */
export function dimTerms(dim: Dim): { readonly coefficient: number; readonly names: readonly string[] }[] {
  return [...parse(dim)].map(([names, coefficient]) => ({ coefficient, names: names === '' ? [] : names.split('*') }))
}

/** The names a size depends on. */
export function namesOf(dim: Dim): readonly string[] {
  return typeof dim === 'number' ? [] : [...new Set(dimTerms(dim).flatMap(({ names }) => names))]
}

/** Replaces names by values; a name without a value stays. */
export function bindDim(dim: Dim, sizes: ReadonlyMap<string, number>): Dim {
  if (typeof dim === 'number') return dim
  if (validName.test(dim)) return sizes.get(dim) ?? dim
  return dimTerms(dim).reduce<Dim>(
    (sum, { coefficient, names }) =>
      addDims(
        sum,
        names.reduce<Dim>((product, name) => multiplyDims(product, sizes.get(name) ?? name), coefficient),
      ),
    0,
  )
}

/** `[batch, 64]`, as messages write a shape. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis])
}

/** An axis counted from the end when negative, checked against the rank. */
export function normalAxis(op: string, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank)
    throw new RangeError(`${op}: axis is ${axis}, expected from ${-rank} to ${rank - 1} for a tensor of rank ${rank}`)
  return normal
}

/** The size along an axis that is known to exist. */
export function dimAt(shape: Shape, axis: number): Dim {
  const dim = shape.at(axis)
  if (dim === undefined) throw new RangeError(`shape ${formatShape(shape)} has no axis ${axis}`)
  return dim
}
