import { closeSync, openSync, readSync } from 'node:fs'
import { seeded } from '../run/index.ts'
import type { TensorValue } from './graph/value.ts'
import { asSchedule, type Schedule } from './optimizer/schedule.ts'
import { openSafetensors, writeSafetensors } from './safetensors.ts'

/** How touched rows are updated. */
export type RowOptimizer =
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
       * momentum. `true` makes up for the missed steps when a row is touched next, which gives exactly the dense result.
       * Default false.
       */
      readonly exact?: boolean
    }

export interface EmbeddingTableOptions {
  readonly rows: number
  readonly width: number
  /** Default: Adam, lazy. */
  readonly optimizer?: RowOptimizer
  /** Standard deviation of the normal numbers that rows start from. Default 0: zeros, which cost no memory until used. */
  readonly deviation?: number
  /** Default 0. */
  readonly seed?: number
}

/** The rows of one batch: each once, and where each index of the batch finds its row. */
export interface TouchedRows {
  readonly ids: Uint32Array
  /** [rows touched, width], a copy. */
  readonly values: TensorValue
  /** int64, in the shape of the batch's indices: which of the touched rows. */
  readonly positions: TensorValue
}

/**
 * A table of rows too large to be a parameter of the graph. Each step it hands out the rows a batch touches, as an
 * input of the graph, and takes their gradients back. It lies in shared memory: other threads read it where it is.
 *
 * Memory: rows · width · 4 bytes for the table, as much again for Adagrad and twice as much for Adam (taken from the
 * system only when rows are first updated), and 4 bytes a row for bookkeeping.
 */
export interface EmbeddingTable {
  readonly rows: number
  readonly width: number
  /** All numbers, row by row. */
  readonly data: Float32Array
  /** How many updates were made. */
  readonly updates: number
  /** The rows that indices name. @throws {RangeError} when an index is outside the table */
  touch(indices: ArrayLike<number | bigint>, shape?: readonly number[]): TouchedRows
  /** Updates touched rows by the gradients with respect to `values`. */
  update(touched: TouchedRows, gradient: TensorValue): void
  /** With exact Adam: makes up for all missed steps of all rows, as before saving or reading `data`. */
  settle(): void
  /** Writes table and optimiser state as safetensors. */
  save(path: string): Promise<void>
  /** The memory, to hand to another thread (see `attachEmbeddingTable`). */
  readonly memory: EmbeddingMemory
}

/** What threads share of a table. */
export interface EmbeddingMemory {
  readonly rows: number
  readonly width: number
  readonly table: SharedArrayBuffer
  readonly first: SharedArrayBuffer
  readonly second: SharedArrayBuffer
  /** Update each row was last brought up to; then one number, the count of updates. */
  readonly counters: SharedArrayBuffer
}

function assertSize(rows: number, width: number): void {
  for (const [name, size] of [
    ['rows', rows],
    ['width', width],
  ] as const)
    if (!Number.isInteger(size) || size < 1 || size >= 2 ** 32)
      throw new RangeError(`embeddingTable: ${name} is ${size}, expected a whole number from 1 to 2³² − 1`)
}

/**
 * Makes a table.
 *
 * @example
 * const table = embeddingTable({ rows: 10_000_000, width: 64, deviation: 0.01 })
 * const step = await trainStep(({ rows, at, y }) => {
 *   const loss = mean(square(sub(sum(gather(rows, at), 1), y)))
 *   return { loss, gradient: gradients(loss, rows) }
 * }, { inputs: { rows: spec(['touched', 64]), at: spec(['batch'], 'int64'), y: spec(['batch']) }, parameters: {}, optimizer: sgd() })
 * const touched = table.touch(items)
 * const { metrics } = await step({ rows: touched.values, at: touched.positions, y })
 * table.update(touched, metrics.gradient)
 */
export function embeddingTable(options: EmbeddingTableOptions): EmbeddingTable {
  const { rows, width, deviation = 0 } = options
  assertSize(rows, width)
  const optimizer = options.optimizer ?? { kind: 'adam' }
  const cells = rows * width * 4
  const memory: EmbeddingMemory = {
    rows,
    width,
    table: new SharedArrayBuffer(cells),
    first: new SharedArrayBuffer(optimizer.kind === 'adam' ? cells : 0),
    second: new SharedArrayBuffer(cells),
    counters: new SharedArrayBuffer((rows + 1) * 4),
  }
  if (deviation > 0) {
    const random = seeded(`${options.seed ?? 0}/embedding table`)
    const data = new Float32Array(memory.table)
    for (let cell = 0; cell < data.length; cell++) data[cell] = random.normal() * deviation
  }
  return attachEmbeddingTable(memory, optimizer)
}

/** A table over memory that another thread made. Only one thread may update it at a time. */
export function attachEmbeddingTable(
  memory: EmbeddingMemory,
  optimizer: RowOptimizer = { kind: 'adam' },
): EmbeddingTable {
  const { rows, width } = memory
  const data = new Float32Array(memory.table)
  const counters = new Uint32Array(memory.counters)
  const rule = optimizer.kind === 'adam' ? adamRule(memory, optimizer) : adagradRule(memory, optimizer)
  /** Place of a row among the touched ones plus 1, while a batch is looked up. */
  const places = new Map<number, number>()

  const table: EmbeddingTable = {
    rows,
    width,
    data,
    memory,
    get updates() {
      return counters[rows] ?? 0
    },
    touch(indices, shape = [indices.length]) {
      places.clear()
      const positions = new BigInt64Array(indices.length)
      const ids: number[] = []
      for (let i = 0; i < indices.length; i++) {
        const id = Number(indices[i])
        if (!(Number.isInteger(id) && id >= 0 && id < rows))
          throw new RangeError(`embedding table: index ${i} is ${indices[i]}, expected from 0 to ${rows - 1}`)
        let place = places.get(id)
        if (place === undefined) {
          place = ids.length
          places.set(id, place)
          ids.push(id)
        }
        positions[i] = BigInt(place)
      }
      const values = new Float32Array(ids.length * width)
      ids.forEach((id, place) => {
        rule.catchUp(id, table.updates)
        values.set(data.subarray(id * width, (id + 1) * width), place * width)
      })
      return {
        ids: Uint32Array.from(ids),
        values: { dtype: 'float32', shape: [ids.length, width], data: values },
        positions: { dtype: 'int64', shape, data: positions },
      }
    },
    update({ ids }, gradient) {
      if (gradient.data.length !== ids.length * width || !(gradient.data instanceof Float32Array))
        throw new RangeError(
          `embedding table: the gradient is ${gradient.dtype} [${gradient.shape.join(', ')}], expected float32 [${ids.length}, ${width}]`,
        )
      const step = table.updates + 1
      counters[rows] = step
      rule.begin(step)
      for (let place = 0; place < ids.length; place++) {
        const id = ids[place] ?? 0
        rule.catchUp(id, step - 1)
        rule.update(id, gradient.data, place * width)
        counters[id] = step
      }
    },
    settle() {
      for (let id = 0; id < rows; id++) rule.catchUp(id, table.updates)
    },
    async save(path) {
      table.settle()
      const cell = (buffer: SharedArrayBuffer): TensorValue => ({
        dtype: 'float32',
        shape: [rows, width],
        data: new Float32Array(buffer),
      })
      await writeSafetensors(path, {
        table: cell(memory.table),
        ...(memory.first.byteLength > 0 && { first: cell(memory.first) }),
        second: cell(memory.second),
        counters: { dtype: 'uint32', shape: [rows + 1], data: counters },
      })
    },
  }
  return table
}

/** Reads a saved table. */
export async function loadEmbeddingTable(
  path: string,
  optimizer: RowOptimizer = { kind: 'adam' },
): Promise<EmbeddingTable> {
  const file = await openSafetensors(path)
  const [rows = 0, width = 0] = file.shape('table')
  const table = embeddingTable({ rows, width, optimizer })
  const { memory } = table
  const block = Math.max(1, Math.floor(2 ** 26 / width))
  for (const [name, buffer] of [
    ['table', memory.table],
    ['first', memory.first],
    ['second', memory.second],
  ] as const) {
    if (buffer.byteLength === 0) continue
    const cells = new Float32Array(buffer)
    for (let from = 0; from < rows; from += block) {
      const part = await file.readRows(name, from, Math.min(rows, from + block))
      cells.set(part.data as Float32Array, from * width)
    }
  }
  new Uint32Array(memory.counters).set((await file.read('counters')).data as Uint32Array)
  return table
}

/** A saved table whose rows are read from the file when they are asked for. */
export interface MappedRows {
  readonly rows: number
  readonly width: number
  /** [indices, width] @throws {RangeError} when an index is outside the table */
  read(indices: ArrayLike<number | bigint>): TensorValue
  close(): void
}

/**
 * Opens a saved table without reading it: rows come from the file by position, which the operating system keeps in
 * memory as far as there is room (Node has no memory-mapped arrays; this has their footprint).
 */
export async function mapEmbeddingRows(path: string, name = 'table'): Promise<MappedRows> {
  const file = await openSafetensors(path)
  const [rows = 0, width = 0] = file.shape(name)
  const { start, dtype } = file.location(name)
  if (dtype !== 'F32') throw new TypeError(`${path}: "${name}" is stored as ${dtype}, expected F32`)
  const handle = openSync(path, 'r')
  return {
    rows,
    width,
    read(indices) {
      const data = new Float32Array(indices.length * width)
      for (let i = 0; i < indices.length; i++) {
        const id = Number(indices[i])
        if (!(Number.isInteger(id) && id >= 0 && id < rows))
          throw new RangeError(`${path}: index ${i} is ${indices[i]}, expected from 0 to ${rows - 1}`)
        readSync(handle, data, i * width * 4, width * 4, start + id * width * 4)
      }
      return { dtype: 'float32', shape: [indices.length, width], data }
    },
    close: () => closeSync(handle),
  }
}

/** How one optimiser updates rows. */
interface RowRule {
  /** Prepares the numbers all rows share in a step. */
  begin(step: number): void
  update(id: number, gradient: Float32Array, from: number): void
  /** Brings a row to where it would stand after a number of updates without gradient. */
  catchUp(id: number, updates: number): void
}

function adagradRule(memory: EmbeddingMemory, options: Extract<RowOptimizer, { kind: 'adagrad' }>): RowRule {
  const { width } = memory
  const [data, squares] = [new Float32Array(memory.table), new Float32Array(memory.second)]
  const schedule = asSchedule(options.learningRate ?? 0.01)
  const { fround, sqrt } = Math
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
    // Without gradient Adagrad moves nothing.
    catchUp() {},
  }
}

function adamRule(memory: EmbeddingMemory, options: Extract<RowOptimizer, { kind: 'adam' }>): RowRule {
  const { width } = memory
  const [data, first, second] = [memory.table, memory.first, memory.second].map(
    (buffer) => new Float32Array(buffer),
  ) as [Float32Array, Float32Array, Float32Array]
  const counters = new Uint32Array(memory.counters)
  const schedule = asSchedule(options.learningRate ?? 1e-3)
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, exact = false } = options
  const { fround, sqrt } = Math
  const [decay1, decay2] = [fround(beta1), fround(beta2)]
  let factor = 0
  let offset = 0
  // State and order of roundings are those of `scaleByAdam` in the graph, so that results are the same to the last bit.
  const begin = (step: number): void => {
    const root = sqrt((1 - beta2) / (1 - beta2 ** step))
    factor = fround(fround((1 - beta1) / (1 - beta1 ** step) / root) * fround(-schedule(step)))
    offset = fround(epsilon / root)
  }
  const move = (cell: number, gradient: number): void => {
    const m = fround(fround((first[cell] ?? 0) * decay1) + gradient)
    const v = fround(fround((second[cell] ?? 0) * decay2) + fround(gradient * gradient))
    first[cell] = m
    second[cell] = v
    data[cell] = (data[cell] ?? 0) + fround(fround(m / fround(fround(sqrt(v)) + offset)) * factor)
  }
  return {
    begin,
    update(id, gradient, from) {
      for (let at = 0, cell = id * width; at < width; at++, cell++) move(cell, gradient[from + at] ?? 0)
    },
    catchUp(id, updates) {
      if (!exact) return
      const last = counters[id] ?? 0
      if (last === 0 || last >= updates) return
      const [before, after] = [factor, offset]
      for (let step = last + 1; step <= updates; step++) {
        begin(step)
        for (let at = 0, cell = id * width; at < width; at++, cell++) move(cell, 0)
      }
      counters[id] = updates
      ;[factor, offset] = [before, after]
    },
  }
}
