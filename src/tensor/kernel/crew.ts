import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { type Assignment, type CrewMessage, mostArguments, share, slots } from './crew-job.ts'
import { Instance, type WasmMemory, type WasmModule } from './webassembly.ts'

/**
 * Threads that share the work of kernels. They are started when first needed, sleep between jobs, keep no process alive
 * and are never needed for a job to end: whoever calls for help takes part, and a thread that comes too late finds
 * nothing left to do. Every thread of the program that runs kernels has a crew of its own.
 */
interface Crew {
  readonly control: Int32Array
  readonly helpers: { readonly worker: Worker; readonly port: MessagePort }[]
  readonly groups: Map<number, Assignment>
}

let crew: Crew | undefined
let groupCount = 0

// The compiled package has the script beside this file with the extension this file has then.
const script = new URL(`./crew-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

function theCrew(): Crew {
  crew ??= {
    control: new Int32Array(new SharedArrayBuffer(4 * (slots.arguments + mostArguments))),
    helpers: [],
    groups: new Map(),
  }
  return crew
}

function tell({ helpers }: Crew, message: CrewMessage): void {
  for (const { port } of helpers) port.postMessage(message)
}

/** Starts a helper. Work goes on without one that may not start, or does not stay. */
function hire(): boolean {
  const { control, helpers, groups } = theCrew()
  const { port1: port, port2 } = new MessageChannel()
  let worker: Worker
  try {
    worker = new Worker(script, {
      workerData: { control, port: port2 },
      transferList: [port2],
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: {},
    })
  } catch {
    port.close()
    return false
  }
  worker.unref()
  port.unref()
  worker.on('error', () => {
    const index = helpers.findIndex((helper) => helper.worker === worker)
    if (index >= 0) helpers.splice(index, 1)
  })
  helpers.push({ worker, port })
  for (const [group, assignment] of groups) port.postMessage({ group, assignment } satisfies CrewMessage)
  return true
}

/** Kernels in a memory, ready to be run by several threads. */
export interface KernelGroup {
  /**
   * Runs a kernel over 0, …, count − 1, in shares of at most `size`, and returns when all are done. Its first arguments
   * are the bounds of the share.
   *
   * @throws {Error} when a share fails
   */
  run(kernel: string, count: number, size: number, others: readonly number[]): void
  /** Lets the threads forget the group. */
  dispose(): void
}

// Groups that nobody disposes of are forgotten when the last reference to them is.
const forgotten = new FinalizationRegistry<number>((group) => forget(group))

function forget(group: number): void {
  const current = theCrew()
  if (!current.groups.delete(group)) return
  tell(current, { group })
  Atomics.add(current.control, slots.call, 1)
  Atomics.notify(current.control, slots.call)
}

/**
 * @param threads how many take part, the caller included
 */
export function kernelGroup(
  module: WasmModule,
  memory: WasmMemory,
  names: readonly string[],
  threads: number,
): KernelGroup {
  const current = theCrew()
  const { control, helpers, groups } = current
  const assignment: Assignment = { module, memory, names }
  const instance = new Instance(module, { env: { memory } })
  const id = ++groupCount
  const wanted = Math.max(0, threads - 1)
  if (wanted > 0) {
    groups.set(id, assignment)
    tell(current, { group: id, assignment })
    while (helpers.length < wanted && hire());
  }

  const group: KernelGroup = {
    run(kernel, count, size, others) {
      if (others.length > mostArguments)
        throw new RangeError(`${kernel}: ${others.length} arguments, expected at most ${mostArguments}`)
      if (count === 0) return
      const put = (slot: number, number: number): void => void Atomics.store(control, slot, number)
      put(slots.group, id)
      put(slots.kernel, names.indexOf(kernel))
      put(slots.count, count)
      put(slots.size, size)
      put(slots.argumentCount, others.length)
      control.set(others, slots.arguments)
      put(slots.failed, 0)
      put(slots.next, 0)
      put(slots.open, 1)
      const shares = Math.ceil(count / size)
      if (wanted > 0 && shares > 1) {
        Atomics.add(control, slots.call, 1)
        Atomics.notify(control, slots.call, Math.min(wanted, shares - 1))
      }
      try {
        share(control, instance, names)
      } finally {
        put(slots.open, 0)
        for (let present = Atomics.load(control, slots.present); present > 0; ) {
          Atomics.wait(control, slots.present, present)
          present = Atomics.load(control, slots.present)
        }
      }
      if (Atomics.load(control, slots.failed) === 1)
        throw new Error(`${kernel}: a thread could not do its share of ${count}`)
    },
    dispose: () => {
      forgotten.unregister(group)
      forget(id)
    },
  }
  forgotten.register(group, id, group)
  return group
}
