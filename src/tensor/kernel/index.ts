/** What other rooms write kernels of their own with. */
export { type KernelGroup, kernelGroup } from './crew.ts'
export {
  block,
  branch,
  branchIf,
  type Code,
  f32,
  f32x4,
  forBelow,
  get,
  i32,
  type Local,
  loop,
  set,
  tee,
  type WasmFunction,
  wasmModule,
} from './wasm.ts'
export { Memory as WasmMemory, Module as WasmModule } from './webassembly.ts'
