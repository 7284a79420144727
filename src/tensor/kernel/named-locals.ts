import type { Local } from './wasm.ts'

/** Numbers of a function's parameters and locals by their names, and the types of the locals in order. */
export interface NamedLocals<Name extends string> {
  readonly at: Readonly<Record<Name, number>>
  readonly parameters: number
  readonly locals: readonly Local[]
}

/** Numbers parameters and locals in the order in which WebAssembly counts them. */
export function namedLocals<
  const P extends readonly string[],
  const I extends readonly string[],
  const F extends readonly string[],
  const V extends readonly string[],
>(
  parameters: P,
  { i32, f32, v128 }: { readonly i32: I; readonly f32: F; readonly v128: V },
): NamedLocals<P[number] | I[number] | F[number] | V[number]> {
  const names = [...parameters, ...i32, ...f32, ...v128]
  return {
    at: Object.fromEntries(names.map((name, number) => [name, number])) as NamedLocals<
      P[number] | I[number] | F[number] | V[number]
    >['at'],
    parameters: parameters.length,
    locals: [...i32.map(() => 'i32' as const), ...f32.map(() => 'f32' as const), ...v128.map(() => 'v128' as const)],
  }
}
