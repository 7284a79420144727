import type { EmbeddingMemory } from './embedding-memory.ts'
import { missedAdam } from './missed-adam.ts'
import { asSchedule, type Schedule } from './optimizer/schedule.ts'

/** How touched rows are updated. */
export type RowOptimizer =
  | {
      readonly kind: 'sgd'
      /** Default 0.01. */
      readonly learningRate?: number | Schedule
    }
  | {
      readonly kind: 'adagrad'
      /** Default 0.01. */
      readonly learningRate?: number | Schedule
      /** Default 1e-10. */
      readonly epsilon?: number
    }
  | {
      readonly kind: 'adam'
      /** Default 1e-3. */
      readonly learningRate?: number | Schedule
      /** Default 0.9 and 0.999. */
      readonly beta1?: number
      readonly beta2?: number
      /** Default 1e-8. */
      readonly epsilon?: number
      /**
       * Rows move only when they are touched (as in PyTorch's SparseAdam); in dense Adam a row goes on moving by its
       * momentum. `true` makes up for the missed steps when a row is touched next, which gives the dense result: to the
       * bit where few steps were missed, to float32's precision otherwise, at a cost that stops growing after some
       * hundred missed steps (see `missedAdam`). Default false.
       */
      readonly exact?: boolean
    }

/** How one optimiser updates rows. */
export interface RowRule {
  /** Prepares the numbers all rows share in a step. */
  begin(step: number): void
  update(id: number, gradient: Float32Array, from: number): void
  /** Brings a row to where it would stand after a number of updates without gradient. */
  catchUp(id: number, updates: number): void
}

/** How many numbers beside each cell an optimiser keeps. */
export function averagesOf({ kind }: RowOptimizer): 0 | 1 | 2 {
  return kind === 'adam' ? 2 : kind === 'adagrad' ? 1 : 0
}

/** The rule of an optimiser over a table's memory. Roundings are those of the same optimiser in the graph. */
export function rowRule(memory: EmbeddingMemory, optimizer: RowOptimizer): RowRule {
  switch (optimizer.kind) {
    case 'sgd':
      return sgdRule(memory, optimizer)
    case 'adagrad':
      return adagradRule(memory, optimizer)
    case 'adam':
      return adamRule(memory, optimizer)
  }
}

const { fround, sqrt } = Math

function sgdRule(memory: EmbeddingMemory, options: Extract<RowOptimizer, { kind: 'sgd' }>): RowRule {
  const { width } = memory
  const data = new Float32Array(memory.table)
  const schedule = asSchedule(options.learningRate ?? 0.01)
  let rate = 0
  return {
    begin(step) {
      rate = fround(-schedule(step))
    },
    update(id, gradient, from) {
      for (let at = 0, cell = id * width; at < width; at++, cell++)
        data[cell] = (data[cell] ?? 0) + fround((gradient[from + at] ?? 0) * rate)
    },
    // Without gradient nothing moves.
    catchUp() {},
  }
}

function adagradRule(memory: EmbeddingMemory, options: Extract<RowOptimizer, { kind: 'adagrad' }>): RowRule {
  const { width } = memory
  const [data, squares] = [new Float32Array(memory.table), new Float32Array(memory.second)]
  const schedule = asSchedule(options.learningRate ?? 0.01)
  const epsilon = fround(options.epsilon ?? 1e-10)
  let rate = 0
  return {
    begin(step) {
      rate = fround(-schedule(step))
    },
    update(id, gradient, from) {
      for (let at = 0, cell = id * width; at < width; at++, cell++) {
        const g = gradient[from + at] ?? 0
        const square = fround((squares[cell] ?? 0) + fround(g * g))
        squares[cell] = square
        data[cell] = (data[cell] ?? 0) + fround(fround(g / fround(fround(sqrt(square)) + epsilon)) * rate)
      }
    },
    // Without gradient nothing moves.
    catchUp() {},
  }
}

function adamRule(memory: EmbeddingMemory, options: Extract<RowOptimizer, { kind: 'adam' }>): RowRule {
  const { width } = memory
  const data = new Float32Array(memory.table)
  const [first, second] = [new Float32Array(memory.first), new Float32Array(memory.second)]
  const counters = new Uint32Array(memory.counters)
  const schedule = asSchedule(options.learningRate ?? 1e-3)
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options
  const [decay1, decay2] = [fround(beta1), fround(beta2)]
  // State and order of roundings are those of `scaleByAdam` in the graph, so that results are the same to the last bit.
  const rootAt = (step: number): number => sqrt((1 - beta2) / (1 - beta2 ** step))
  const factorAt = (step: number): number =>
    fround(fround((1 - beta1) / (1 - beta1 ** step) / rootAt(step)) * fround(-schedule(step)))
  const offsetAt = (step: number): number => fround(epsilon / rootAt(step))
  const missed = options.exact
    ? missedAdam({ data, first, second, width, decay1, decay2, factorAt, offsetAt })
    : undefined
  let factor = 0
  let offset = 0
  return {
    begin(step) {
      factor = factorAt(step)
      offset = offsetAt(step)
    },
    update(id, gradient, from) {
      for (let at = 0, cell = id * width; at < width; at++, cell++) {
        const g = gradient[from + at] ?? 0
        const m = fround(fround((first[cell] ?? 0) * decay1) + g)
        const v = fround(fround((second[cell] ?? 0) * decay2) + fround(g * g))
        first[cell] = m
        second[cell] = v
        data[cell] = (data[cell] ?? 0) + fround(fround(m / fround(fround(sqrt(v)) + offset)) * factor)
      }
    },
    catchUp(id, updates) {
      const last = counters[id] ?? 0
      if (missed === undefined || last === 0 || last >= updates) return
      missed(id, last, updates)
      counters[id] = updates
    },
  }
}
