import type { WasmInstance, WasmMemory, WasmModule } from './webassembly.ts'

/** What the threads of a crew have of a group of kernels: where they work, and with what. */
export interface Assignment {
  readonly module: WasmModule
  readonly memory: WasmMemory
  /** Names of the module's functions, by number. */
  readonly names: readonly string[]
}

/** What a thread is told: a group of kernels to come, or one that is gone. */
export interface CrewMessage {
  readonly group: number
  readonly assignment?: Assignment
}

/** Places in the 32-bit words that the threads share. */
export const slots = {
  /** Counts calls for help. */
  call: 0,
  /** Where the next share of the job begins. */
  next: 1,
  /** How many threads other than the caller are at work, or looking whether there is any. */
  present: 2,
  /** 1 while a job may be joined. */
  open: 3,
  /** 1 once a thread failed. */
  failed: 4,
  group: 5,
  /** Number of the function. */
  kernel: 6,
  /** The job is 0, …, count − 1, in shares of some size. */
  count: 7,
  size: 8,
  /** How many further arguments the function takes; they follow. */
  argumentCount: 9,
  arguments: 10,
} as const

/** The most arguments of a kernel beside the bounds of a share. */
export const mostArguments = 48

/** Does shares of the open job until none is left. Which thread takes which share decides no result. */
export function share(control: Int32Array, instance: WasmInstance, names: readonly string[]): void {
  const at = (slot: number): number => Atomics.load(control, slot)
  const name = names[at(slots.kernel)] ?? ''
  const kernel = instance.exports[name]
  if (kernel === undefined) throw new RangeError(`no kernel "${name}"; there are ${names.join(', ')}`)
  const [count, size] = [at(slots.count), at(slots.size)]
  const others = Array.from(control.subarray(slots.arguments, slots.arguments + at(slots.argumentCount)))
  for (;;) {
    const from = Atomics.add(control, slots.next, size)
    if (from >= count) return
    kernel(from, Math.min(count, from + size), ...others)
  }
}
