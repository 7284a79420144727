import type { Tensor } from '../graph/tensor.ts'
import { isPlain, type SparseMatrix, writeWeights } from '../ops/sparse-matrix.ts'
import { kernelGroup } from './crew.ts'
import { elementsAtOnce, elementwiseKernel } from './elementwise-kernel.ts'
import type { KernelMemory } from './kernel-memory.ts'
import type { ElementwiseOperation, KernelOperation, ProductOperation, ScatterOperation } from './operations.ts'
import { type ProductKind, productArguments, productKernel, productName } from './product-kernel.ts'
import { type WasmFunction, wasmModule } from './wasm.ts'
import { Module } from './webassembly.ts'

/** Rows and elements that a thread takes at a time: some hundredths of a millisecond of work. */
const rowsAtOnce = 128
const elementsInShare = 1 << 14

/** What operations are given when they run. */
export interface OperationContext {
  /** Where a tensor lies in the kernels' memory. */
  address(tensor: Tensor): number
  /** A tensor's numbers, wherever they lie. */
  array(tensor: Tensor): ArrayLike<number | bigint>
  /** Room for what is known by a key, of a size that is known only now, and where it begins. A tensor is its own key. */
  room(key: object, bytes: number): number
}

/** Operations whose kernels are compiled and whose matrices are in the kernels' memory. */
export interface LoadedOperations {
  run(operation: KernelOperation, context: OperationContext): void
  dispose(): void
}

interface LoadedMatrix {
  readonly starts: number
  readonly columns: number
  readonly weights: number
}

function productKind({ matrix, rows, product, sum }: ProductOperation, width: number): ProductKind {
  return {
    width,
    weighted: !isPlain(matrix),
    rows,
    writes: product !== undefined,
    adds: sum !== undefined,
  }
}

function widthOf({ x }: ProductOperation): number {
  return Number(x.shape[1])
}

/** Bytes that the operations' matrices and what else they keep take up. */
export function keptBytes(operations: readonly KernelOperation[]): number {
  const matrices = new Set(operations.flatMap((operation) => (operation.kind === 'product' ? [operation.matrix] : [])))
  const scattered = operations.filter((operation) => operation.kind === 'product' && operation.rows === 'scattered')
  const own = [...matrices].reduce(
    (bytes, matrix) => bytes + 4 * (matrix.rows + 1 + matrix.entries * (isPlain(matrix) ? 1 : 2)) + 192,
    0,
  )
  return scattered.reduce(
    (bytes, operation) => bytes + (operation.kind === 'product' ? 4 * operation.matrix.columns + 64 : 0),
    own,
  )
}

/** Compiles the kernels of some operations, and moves their matrices into the memory. */
export function loadOperations(
  operations: readonly KernelOperation[],
  memory: KernelMemory,
  threads: number,
): LoadedOperations {
  const functions: Record<string, WasmFunction> = {}
  const names = new Map<KernelOperation, string>()
  operations.forEach((operation) => {
    if (operation.kind === 'scatter') return
    if (operation.kind === 'product') {
      const kind = productKind(operation, widthOf(operation))
      names.set(operation, productName(kind))
      functions[productName(kind)] ??= productKernel(kind)
      return
    }
    const name = `elementwise ${JSON.stringify(operation.expressions)}`
    names.set(operation, name)
    functions[name] ??= elementwiseKernel(operation.expressions)
  })
  const matrices = new Map<SparseMatrix, LoadedMatrix>()
  const slots = new Map<KernelOperation, number>()
  for (const operation of operations) {
    if (operation.kind !== 'product') continue
    const { matrix, rows } = operation
    if (!matrices.has(matrix)) matrices.set(matrix, loadMatrix(matrix, memory))
    if (rows === 'scattered') slots.set(operation, zeroedWords(memory, matrix.columns))
  }
  const module = new Module(wasmModule(functions))
  const group = kernelGroup(module, memory.memory, Object.keys(functions), threads)
  const view = (address: number, length: number): Float32Array =>
    new Float32Array(memory.memory.buffer, address, length)
  const words = (address: number, length: number): Uint32Array => new Uint32Array(memory.memory.buffer, address, length)

  const runProduct = (operation: ProductOperation, context: OperationContext): void => {
    const { matrix, rows, x, indices, product, base, sum } = operation
    const width = widthOf(operation)
    const loaded = matrices.get(matrix)
    if (!loaded) throw new Error('the matrix of a product is not loaded')
    const places = {
      ...loaded,
      x: rows === 'scattered' ? 0 : context.address(x),
      list: 0,
      base: base ? context.address(base) : 0,
      product: product && rows !== 'listed' ? context.address(product) : 0,
      sum: sum ? context.address(sum) : 0,
    }
    let count = matrix.rows
    let clear = (): void => undefined
    if (indices) {
      const given = context.array(indices)
      if (rows === 'listed') {
        count = given.length
        const list = rowNumbers('gather', given, matrix.rows)
        places.list = context.room(operation, 4 * count)
        words(places.list, count).set(list)
        if (product) places.product = context.room(product, 4 * count * width)
      } else {
        const list = rowNumbers('scatterAdd', given, matrix.columns)
        places.list = slots.get(operation) ?? 0
        places.x = context.room(operation, 4 * list.length * width)
        const taken = words(places.list, matrix.columns)
        joinRows(list, context.array(x) as Float32Array, width, taken, view(places.x, list.length * width))
        clear = () => {
          for (const row of list) taken[row] = 0
        }
      }
    }
    try {
      group.run(names.get(operation) ?? '', count, rowsAtOnce, productArguments(places))
    } finally {
      clear()
    }
  }
  const runScatter = ({ base, indices, rows, result }: ScatterOperation, context: OperationContext): void => {
    const [count = 0, width = 0] = result.shape.map(Number)
    const into = view(context.address(result), count * width)
    if (context.address(base) !== context.address(result)) into.set(view(context.address(base), count * width))
    const list = rowNumbers('scatterAdd', context.array(indices), count)
    addRows(list, context.array(rows) as Float32Array, width, into)
  }
  const runElementwise = (operation: ElementwiseOperation, context: OperationContext): void => {
    const addresses = [...operation.read, ...operation.written].map((tensor) => context.address(tensor))
    const whole = Math.ceil(operation.count / elementsAtOnce) * elementsAtOnce
    group.run(names.get(operation) ?? '', whole, elementsInShare, addresses)
  }
  return {
    run(operation, context) {
      if (operation.kind === 'product') runProduct(operation, context)
      else if (operation.kind === 'scatter') runScatter(operation, context)
      else runElementwise(operation, context)
    },
    dispose: () => group.dispose(),
  }
}

function zeroedWords({ memory, reserve }: KernelMemory, count: number): number {
  const address = reserve(4 * count)
  new Uint32Array(memory.buffer, address, count).fill(0)
  return address
}

function loadMatrix(matrix: SparseMatrix, { memory, reserve }: KernelMemory): LoadedMatrix {
  const starts = reserve(4 * (matrix.rows + 1))
  const columns = reserve(4 * matrix.entries)
  const weights = isPlain(matrix) ? 0 : reserve(4 * matrix.entries)
  new Uint32Array(memory.buffer, starts, matrix.rows + 1).set(matrix.starts)
  new Uint32Array(memory.buffer, columns, matrix.entries).set(matrix.places)
  if (weights !== 0) writeWeights(matrix, new Float32Array(memory.buffer, weights, matrix.entries))
  return { starts, columns, weights }
}

/** Indices as numbers of rows: negative ones count from the end. @throws {RangeError} when one lies outside */
function rowNumbers(operation: string, given: ArrayLike<number | bigint>, rows: number): Uint32Array {
  return Uint32Array.from({ length: given.length }, (_, at) => {
    const index = Number(given[at])
    if (!(index >= -rows && index < rows))
      throw new RangeError(`${operation}: index ${at} is ${index}, expected from ${-rows} to ${rows - 1}`)
    return index < 0 ? index + rows : index
  })
}

/**
 * Rows that are to be added to the rows of zeros that a list names, each once: those of one number are added up.
 *
 * @param taken gets each named row's place in `into`, counted from 1; zeros before
 */
function joinRows(list: Uint32Array, rows: Float32Array, width: number, taken: Uint32Array, into: Float32Array): void {
  let count = 0
  list.forEach((row, at) => {
    const place = taken[row] ?? 0
    const from = rows.subarray(at * width, (at + 1) * width)
    if (place === 0) {
      into.set(from, count * width)
      taken[row] = ++count
    } else
      for (let column = 0, to = (place - 1) * width; column < width; column++, to++)
        into[to] = (into[to] ?? 0) + (from[column] ?? 0)
  })
}

function addRows(list: Uint32Array, rows: Float32Array, width: number, into: Float32Array): void {
  let at = 0
  for (const row of list)
    for (let to = row * width, end = to + width; to < end; to++) into[to] = (into[to] ?? 0) + (rows[at++] ?? 0)
}
