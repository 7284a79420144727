import { type Code, f32x4, forBelow, get, i32, set, type WasmFunction } from './wasm.ts'

/** Element-by-element operations that kernels know, with how many operands each has. */
export const elementOperations = {
  add: 2,
  sub: 2,
  mul: 2,
  div: 2,
  neg: 1,
  sqrt: 1,
} as const
export type ElementOperation = keyof typeof elementOperations

const instructions: Readonly<Record<ElementOperation, Code>> = {
  add: f32x4.add,
  sub: f32x4.subtract,
  mul: f32x4.multiply,
  div: f32x4.divide,
  neg: f32x4.negate,
  sqrt: f32x4.root,
}

/** A value of an expression: read from memory, a number, or computed from values before it, by their positions. */
export type ElementValue =
  | { readonly kind: 'array'; readonly place: number }
  | { readonly kind: 'scalar'; readonly place: number }
  | { readonly kind: 'constant'; readonly number: number }
  | { readonly kind: 'operation'; readonly operation: ElementOperation; readonly operands: readonly number[] }

/**
 * Several expressions over arrays of one length. Arrays and scalars are told apart by `place`, the position of their
 * address among the kernel's arguments; the arrays written to come last.
 */
export interface Elementwise {
  readonly values: readonly ElementValue[]
  /** Positions of the values that are written, in the order of their places. */
  readonly written: readonly number[]
}

/** How many numbers are computed at once; the bounds of shares are multiples of it. */
export const elementsAtOnce = 4

/** How many addresses there are before those of the arrays that are written. */
function readPlaces({ values }: Elementwise): number {
  return values.filter(({ kind }) => kind === 'array' || kind === 'scalar').length
}

/**
 * One pass over the elements of a share that reads every array once, whatever is computed. All is read before anything
 * is written, so a result may take the place of an array read. The last four elements are computed whole: arrays need
 * room for them.
 */
export function elementwiseKernel(expressions: Elementwise): WasmFunction {
  const { values, written } = expressions
  const [index, end] = [0, 1]
  const addresses = readPlaces(expressions) + written.length
  const address = (place: number): Code => get(2 + place)
  const offset = 2 + addresses
  const local = (value: number): number => offset + 1 + value
  const before: Code[] = []
  const inside: Code[] = [[get(index), i32.constant(4), i32.multiply, set(offset)]]
  values.forEach((value, at) => {
    if (value.kind === 'constant') before.push([f32x4.constant(value.number), set(local(at))])
    else if (value.kind === 'scalar') before.push([address(value.place), f32x4.loadSplat(), set(local(at))])
    else if (value.kind === 'array')
      inside.push([address(value.place), get(offset), i32.add, f32x4.load(), set(local(at))])
    else
      inside.push([value.operands.map((operand) => get(local(operand))), instructions[value.operation], set(local(at))])
  })
  const stores = written.map(
    (value, at): Code => [
      [address(readPlaces(expressions) + at), get(offset), i32.add],
      [get(local(value)), f32x4.store()],
    ],
  )
  return {
    parameters: 2 + addresses,
    locals: ['i32', ...values.map(() => 'v128' as const)],
    body: [before, forBelow(index, end, elementsAtOnce, inside, stores)],
  }
}
