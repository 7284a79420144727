import { kernels } from '../../tensor/index.ts'

/** Memory that kernels and TypeScript both see, handed out piece by piece, and the threads that work on it. */
export interface KernelArena {
  floats(values: ArrayLike<number> | number): { readonly address: number; readonly data: Float32Array }
  words(values: ArrayLike<number> | number): { readonly address: number; readonly data: Uint32Array }
  /** Runs a kernel over 0, …, count − 1 in shares of `size`. */
  run(kernel: string, count: number, size: number, others: readonly number[]): void
  dispose(): void
}

const pageBytes = 65_536
/** Addresses have 32 bits. */
const mostBytes = 2 ** 32 - pageBytes

/**
 * @param bytes what all pieces need together, each rounded up to a multiple of 64
 * @throws {RangeError} when that is more than 4 GiB
 */
export function kernelArena(
  functions: Readonly<Record<string, kernels.WasmFunction>>,
  bytes: number,
  threads: number,
): KernelArena {
  if (bytes > mostBytes)
    throw new RangeError(`the factors and interactions need ${bytes} bytes, expected at most ${mostBytes}`)
  const pages = Math.max(1, Math.ceil(bytes / pageBytes))
  const memory = new kernels.WasmMemory({ initial: pages, maximum: pages, shared: true })
  const module = new kernels.WasmModule(kernels.wasmModule(functions))
  const group = kernels.kernelGroup(module, memory, Object.keys(functions), threads)
  let used = 0
  const piece = (length: number): number => {
    const address = used
    used += Math.ceil((length * 4) / 64) * 64
    if (used > pages * pageBytes) throw new RangeError(`the arena has ${pages * pageBytes} bytes, expected ${used}`)
    return address
  }
  return {
    floats(values) {
      const length = typeof values === 'number' ? values : values.length
      const address = piece(length)
      const data = new Float32Array(memory.buffer, address, length)
      if (typeof values !== 'number') data.set(values)
      return { address, data }
    },
    words(values) {
      const length = typeof values === 'number' ? values : values.length
      const address = piece(length)
      const data = new Uint32Array(memory.buffer, address, length)
      if (typeof values !== 'number') data.set(values)
      return { address, data }
    },
    run: group.run,
    dispose: group.dispose,
  }
}

/** What pieces of these lengths, in numbers of 4 bytes, need together. */
export function arenaBytes(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + Math.ceil((length * 4) / 64) * 64, 0)
}
