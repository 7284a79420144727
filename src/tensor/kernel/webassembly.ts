// TypeScript declares WebAssembly's JavaScript interface for browsers only; this is the part of it in use.

/** A compiled module. */
export interface WasmModule {
  readonly __wasmModule?: never
}

/** Memory that threads share. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer
  /** Adds pages of 64 KiB. Earlier views of `buffer` stay good, and keep their length. */
  grow(pages: number): number
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, (...numbers: readonly number[]) => void>>
}

interface WebAssemblyInterface {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule
  readonly Memory: new (size: {
    readonly initial: number
    readonly maximum: number
    readonly shared: true
  }) => WasmMemory
  readonly Instance: new (
    module: WasmModule,
    imports: { readonly env: { readonly memory: WasmMemory } },
  ) => WasmInstance
}

export const { Module, Memory, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface })
  .WebAssembly
