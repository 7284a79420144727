import { type CholeskyFactor, cholesky, choleskySolve } from '../../measure/index.ts'
import { type Run, startRun } from '../../run/index.ts'
import { compile, matmul, spec, type TensorValue, value } from '../../tensor/index.ts'
import type { Audience, Reason, Recommender } from '../contract.ts'
import { byItem, type InteractionSet, type SparseRows } from '../interactions/interaction-set.ts'
import { alsKernel, alsScratchRows } from '../kernel/als-kernel.ts'
import { arenaBytes, kernelArena } from '../kernel/kernel-arena.ts'
import { recommender } from '../recommender.ts'

export interface AlsOptions {
  /** Width of the vectors, a multiple of 4. Default 64. */
  readonly width?: number
  /** Added to the diagonal of every system. Default 0.01. */
  readonly lambda?: number
  /** How much more a taken item counts than another: its confidence is 1 + α·value. Default 1. */
  readonly alpha?: number
  /** Whether the values of the interactions count; without them every one is 1. Default false. */
  readonly useValues?: boolean
  /** Times that users and items are gone through. Default 15. */
  readonly iterations?: number
  /** Steps of conjugate gradients for each row and time. Default 3. */
  readonly steps?: number
  /** Threads that take part; the numbers do not depend on it. Default 2. */
  readonly threads?: number
}

/** Item vectors start evenly spread from −spread to spread. */
const spread = 0.1
/** Base-2 logarithm of the rows of a share. */
const shareShift = 6

/**
 * Matrix factors for implicit choices by alternating least squares: vectors x of users and y of items that make
 *
 * Σ_{u,i} c_ui·(p_ui − x_u·y_i)² + λ·(Σ‖x‖² + Σ‖y‖²),  c = 1 + α·value and p = 1 where the user took the item, else 1 and 0
 *
 * small. With one side fixed, each vector of the other solves (YᵀY + λI + Σ (c − 1)·y·yᵀ)·x = Σ c·y over what it belongs
 * to; a few steps of conjugate gradients from the last solution do. Someone new is solved for exactly, from their
 * history, with every item's value 1.
 *
 * @throws {RangeError} on options out of range, or a value that is negative when values count
 * @see Hu, Koren, Volinsky, Collaborative Filtering for Implicit Feedback Datasets, ICDM 2008; Takács, Pilászy, Tikk,
 *   Applications of the conjugate gradient method for implicit feedback collaborative filtering, RecSys 2011
 * @example
 * const model = await als(train, { width: 64, alpha: 10 }, startRun({ seed: 1 }))
 */
export async function als(
  train: InteractionSet,
  options: AlsOptions = {},
  run: Run = startRun(),
): Promise<Recommender> {
  const { width = 64, lambda = 0.01, alpha = 1, iterations = 15, steps = 3, threads = 2 } = options
  for (const [name, number] of Object.entries({ lambda, alpha }))
    if (!(number > 0 && Number.isFinite(number)))
      throw new RangeError(`${name} is ${number}, expected a positive number`)
  for (const [name, number] of Object.entries({ iterations, steps, threads }))
    if (!(Number.isInteger(number) && number >= 1))
      throw new RangeError(`${name} is ${number}, expected a whole number of at least 1`)
  const { users, items, columns } = train
  const transposed = byItem(train)
  const extra = extraConfidence(train, alpha, options.useValues ?? false)
  const shares = (rows: number): number => Math.ceil(rows / 2 ** shareShift)
  const scratchNumbers = shares(Math.max(users, items)) * alsScratchRows * width
  const arena = kernelArena(
    { als: alsKernel(width) },
    arenaBytes([
      ...[users * width, items * width, width * width, scratchNumbers],
      ...[users + 1, items + 1, columns.length, columns.length, columns.length, columns.length],
    ]),
    threads,
  )
  try {
    const random = run.random('als')
    // Users are solved for first, from zero; a random start of theirs would only have to be undone.
    const x = arena.floats(users * width)
    const y = arena.floats(items * width)
    for (let at = 0; at < y.data.length; at++) y.data[at] = spread * (2 * random.uniform() - 1)
    const gram = arena.floats(width * width)
    const scratch = arena.floats(scratchNumbers)
    const userSide = {
      offsets: arena.words(train.offsets).address,
      columns: arena.words(columns).address,
      extra: arena.floats(extra).address,
    }
    const itemSide = {
      offsets: arena.words(transposed.offsets).address,
      columns: arena.words(transposed.columns).address,
      extra: arena.floats(permuted(extra, transposed.entries)).address,
    }
    const inner = await compile(({ rows }) => matmul(rows, rows, { transposeA: true }), {
      inputs: { rows: spec(['n', width]) },
    })
    const half = async (own: typeof x, other: typeof x, rows: number, side: typeof userSide): Promise<void> => {
      const { data } = await inner({ rows: value(other.data.slice(), [other.data.length / width, width]) })
      gram.data.set(data as Float32Array)
      for (let at = 0; at < width; at++) gram.data[at * width + at] = (gram.data[at * width + at] ?? 0) + lambda
      const { offsets, columns: places, extra: weights } = side
      arena.run('als', rows, 2 ** shareShift, [
        ...[own.address, other.address, gram.address, offsets, places, weights, scratch.address, steps, shareShift],
      ])
    }
    for (let iteration = 0; iteration < iterations; iteration++) {
      run.signal.throwIfAborted()
      run.progress({ label: 'alternating least squares', done: iteration, total: iterations })
      await half(x, y, users, userSide)
      await half(y, x, items, itemSide)
    }
    await inner.dispose()
    return alsOf({ users: x.data.slice(), items: y.data.slice(), width }, train, {
      lambda,
      alpha,
    })
  } finally {
    arena.dispose()
  }
}

/** α·value of every pair, what its confidence has above 1. */
function extraConfidence({ columns, values }: InteractionSet, alpha: number, useValues: boolean): Float32Array {
  const extra = new Float32Array(columns.length).fill(alpha)
  if (!useValues || !values) return extra
  for (let entry = 0; entry < extra.length; entry++) {
    const number = values[entry] as number
    if (number < 0) throw new RangeError(`value ${entry} is ${number}, expected at least 0`)
    extra[entry] = alpha * number
  }
  return extra
}

function permuted(numbers: Float32Array, order: Uint32Array): Float32Array {
  const moved = new Float32Array(order.length)
  for (let at = 0; at < order.length; at++) moved[at] = numbers[order[at] as number] as number
  return moved
}

/** Vectors of users and items, row by row. */
export interface Factors {
  /** [users, width] */
  readonly users: Float32Array
  /** [items, width] */
  readonly items: Float32Array
  readonly width: number
}

/** The tensors and the width of factors, to be saved. */
export function factorTensors({ users, items, width }: Factors): Readonly<Record<string, TensorValue>> {
  return {
    users: value(users, [users.length / width, width]),
    items: value(items, [items.length / width, width]),
  }
}

/** Queries of an audience: rows of trained users, or what `fold` makes of a history. */
export function factorQueries(
  { users, width }: Factors,
  audience: Audience,
  fold: (history: ArrayLike<number>) => ArrayLike<number>,
): Float32Array {
  if ('histories' in audience) {
    const queries = new Float32Array(audience.histories.length * width)
    for (const [row, history] of audience.histories.entries()) queries.set(fold(history), row * width)
    return queries
  }
  const queries = new Float32Array(audience.users.length * width)
  for (let row = 0; row < audience.users.length; row++) {
    const user = audience.users[row] ?? 0
    queries.set(users.subarray(user * width, (user + 1) * width), row * width)
  }
  return queries
}

/** The recommender from its saved parts. */
export function alsOf(
  factors: Factors,
  seen: SparseRows,
  { lambda, alpha }: { readonly lambda: number; readonly alpha: number },
): Recommender {
  const { items: vectors, width } = factors
  const items = vectors.length / width
  let base: Float64Array | undefined
  /** The system of the history that was explained by last. */
  let asked: { readonly own: Set<number>; readonly system: CholeskyFactor } | undefined
  /** Factor of YᵀY + λI + Σ α·y·yᵀ over a history, each item once. */
  const systemOf = (history: ReadonlySet<number>): CholeskyFactor => {
    base ??= innerProducts(vectors, width, lambda)
    const matrix = base.slice()
    for (const item of history) {
      const y = vectors.subarray(item * width, (item + 1) * width)
      for (let row = 0; row < width; row++)
        for (let column = 0; column <= row; column++)
          matrix[row * width + column] =
            (matrix[row * width + column] as number) + alpha * (y[row] as number) * (y[column] as number)
    }
    return cholesky(matrix, width)
  }
  const fold = (history: ArrayLike<number>): Float64Array => {
    const own = new Set(Array.from(history))
    const right = new Float64Array(width)
    for (const item of own)
      for (let at = 0; at < width; at++)
        right[at] = (right[at] as number) + (1 + alpha) * (vectors[item * width + at] as number)
    return choleskySolve(systemOf(own), right)
  }
  return recommender({
    kind: 'als',
    items,
    seen,
    scoring: {
      form: 'vectors',
      vectors,
      items,
      width,
      queries: (audience) => factorQueries(factors, audience, fold),
    },
    // The vector of a history is linear in what it holds, so that a score is a sum over it (Hu, Koren, Volinsky, section 5).
    explain(history, item) {
      const own = new Set(Array.from(history))
      // One history is asked about for many items.
      if (!(asked && asked.own.size === own.size && [...own].every((taken) => asked?.own.has(taken))))
        asked = { own, system: systemOf(own) }
      const seenBy = choleskySolve(asked.system, Float64Array.from(vectors.subarray(item * width, (item + 1) * width)))
      return Array.from(own, (taken): Reason => {
        let inner = 0
        for (let at = 0; at < width; at++) inner += (vectors[taken * width + at] as number) * (seenBy[at] as number)
        return { item: taken, weight: (1 + alpha) * inner }
      }).toSorted((a, b) => b.weight - a.weight)
    },
    tensors: factorTensors(factors),
    metadata: { lambda: String(lambda), alpha: String(alpha) },
  })
}

/** YᵀY + λI, lower triangle. */
function innerProducts(vectors: Float32Array, width: number, lambda: number): Float64Array {
  const sums = new Float64Array(width * width)
  for (let start = 0; start < vectors.length; start += width)
    for (let row = 0; row < width; row++) {
      const own = vectors[start + row] as number
      for (let column = 0; column <= row; column++)
        sums[row * width + column] = (sums[row * width + column] as number) + own * (vectors[start + column] as number)
    }
  for (let row = 0; row < width; row++) sums[row * width + row] = (sums[row * width + row] ?? 0) + lambda
  return sums
}
