import type { TensorValue } from './graph/value.ts'
import type { Safetensors } from './safetensors.ts'

/** What threads share of an embedding table; arrays that the table's optimiser does not need are empty. */
export interface EmbeddingMemory {
  readonly rows: number
  readonly width: number
  readonly table: SharedArrayBuffer
  /** Adam's sum of gradients. */
  readonly first: SharedArrayBuffer
  /** Adam's and Adagrad's sum of squared gradients. */
  readonly second: SharedArrayBuffer
  /** The update each row was last brought up to; then one number, the count of updates. */
  readonly counters: SharedArrayBuffer
}

/**
 * Memory for a table, all zeros; the system gives it page by page as it is used.
 *
 * @param averages how many numbers beside each cell its optimiser keeps
 * @throws {RangeError} when a size is not a whole number of at least 1
 */
export function embeddingMemory(rows: number, width: number, averages: 0 | 1 | 2): EmbeddingMemory {
  for (const [name, size] of [
    ['rows', rows],
    ['width', width],
  ] as const)
    if (!Number.isInteger(size) || size < 1 || size >= 2 ** 32)
      throw new RangeError(`embeddingTable: ${name} is ${size}, expected a whole number from 1 to 2³² − 1`)
  const bytes = rows * width * 4
  return {
    rows,
    width,
    table: new SharedArrayBuffer(bytes),
    first: new SharedArrayBuffer(averages > 1 ? bytes : 0),
    second: new SharedArrayBuffer(averages > 0 ? bytes : 0),
    counters: new SharedArrayBuffer((rows + 1) * 4),
  }
}

/** All that a table is, as tensors over its memory: `table`, `first`, `second` as far as there are, and `counters`. */
export function embeddingTensors(memory: EmbeddingMemory): Readonly<Record<string, TensorValue>> {
  const { rows, width } = memory
  const cells = Object.entries({ table: memory.table, first: memory.first, second: memory.second })
    .filter(([, buffer]) => buffer.byteLength > 0)
    .map(([name, buffer]): readonly [string, TensorValue] => [
      name,
      { dtype: 'float32', shape: [rows, width], data: new Float32Array(buffer) },
    ])
  const counters = new Uint32Array(memory.counters)
  return { ...Object.fromEntries(cells), counters: { dtype: 'uint32', shape: [rows + 1], data: counters } }
}

/** Cells read at once, so that a large table is never in memory twice. */
const blockCells = 2 ** 24

/**
 * Reads into a table's memory what `embeddingTensors` wrote.
 *
 * @param prefix before the tensors' names in the file
 * @throws {RangeError} when the file holds a table of another size or of another optimiser
 */
export async function readEmbedding(memory: EmbeddingMemory, file: Safetensors, prefix = ''): Promise<void> {
  const parts = Object.entries(embeddingTensors(memory))
  for (const [part, { shape }] of parts) {
    const name = prefix + part
    const found = file.names.includes(name) ? file.shape(name) : undefined
    if (found?.join() !== shape.join())
      throw new RangeError(
        `the saved table's "${name}" is ${found ? `[${found.join(', ')}]` : 'missing'}, expected [${shape.join(', ')}]; it belongs to a table of another size or another optimiser`,
      )
  }
  for (const [part, { shape, data }] of parts) {
    const [rows = 0, width = 1] = shape
    const block = Math.max(1, Math.floor(blockCells / width))
    for (let from = 0; from < rows; from += block) {
      const read = await file.readRows(prefix + part, from, Math.min(rows, from + block))
      data.set(read.data as never, from * width)
    }
  }
}
