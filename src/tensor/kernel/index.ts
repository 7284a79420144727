/** What other rooms write kernels of their own with. */
export { type KernelGroup, kernelGroup } from './crew.ts'
export { type KernelMemory, kernelMemory } from './kernel-memory.ts'
export { type NamedLocals, namedLocals } from './named-locals.ts'
export {
  atomic,
  block,
  branch,
  branchIf,
  type Code,
  call,
  drop,
  f32,
  f32x4,
  forBelow,
  forever,
  get,
  i32,
  i32x4,
  type Local,
  loop,
  set,
  tee,
  type WasmFunction,
  wasmModule,
  when,
} from './wasm.ts'
export { Memory as WasmMemory, Module as WasmModule } from './webassembly.ts'
