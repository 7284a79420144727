import { closeSync, openSync, readSync } from 'node:fs'
import { seeded } from '../run/index.ts'
import { type EmbeddingMemory, embeddingMemory, embeddingTensors, readEmbedding } from './embedding-memory.ts'
import type { TensorValue } from './graph/value.ts'
import { averagesOf, type RowOptimizer, rowRule } from './row-optimizer.ts'
import { openSafetensors, writeSafetensors } from './safetensors.ts'

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
 * Memory: rows · width · 4 bytes for the table, nothing more for SGD, as much again for Adagrad and twice as much for
 * Adam (taken from the system only when rows are first updated), and 4 bytes a row for bookkeeping.
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
  /**
   * With exact Adam: makes up for all missed steps of all rows, as before reading `data` as a whole. Row by row, where
   * they lie: it takes no memory, and rows never touched are passed over.
   */
  settle(): void
  /** Writes table and optimiser state as safetensors. */
  save(path: string): Promise<void>
  /** The memory, to hand to another thread (see `attachEmbeddingTable`). */
  readonly memory: EmbeddingMemory
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
  const optimizer = options.optimizer ?? { kind: 'adam' }
  const memory = embeddingMemory(rows, width, averagesOf(optimizer))
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
  const rule = rowRule(memory, optimizer)
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
      await writeSafetensors(path, embeddingTensors(memory))
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
  await readEmbedding(table.memory, file)
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
