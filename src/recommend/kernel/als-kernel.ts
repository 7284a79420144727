import { kernels } from '../../tensor/index.ts'
import { namedLocals } from './named-locals.ts'
import { addScaledCode, assertKernelWidth, dotCode, more, symmetricProductCode } from './vector-code.ts'

const { block, branchIf, f32, f32x4, forBelow, get, i32, set } = kernels
type Code = kernels.Code

/** Rows of scratch that a share works in: the residual, the direction and its image. */
export const alsScratchRows = 3

/** Residuals whose square is below this are solved. */
const solved = 1e-20

/**
 * Improves rows x of one side by conjugate gradients on (G + Σ a·y·yᵀ)·x = Σ (1 + a)·y, from where they are; y are the
 * rows of the other side that belong to x, G = YᵀY + λI. A row without entries becomes zero. Every row is worked on by
 * one thread in one order.
 *
 * Arguments after the bounds of a share: addresses of x, y, G, row offsets, columns, a and scratch, then the number of
 * steps and the base-2 logarithm of the rows of a share.
 */
export function alsKernel(width: number): kernels.WasmFunction {
  assertKernelWidth(width)
  const bytes = width * 4
  const { at, parameters, locals } = namedLocals(
    ['row', 'end', 'x', 'y', 'gram', 'offsets', 'columns', 'extra', 'scratch', 'steps', 'shift'],
    {
      i32: [
        'own',
        'from',
        'to',
        'entry',
        'other',
        'residual',
        'direction',
        'image',
        'step',
        'walk',
        'stop',
        'matrixRow',
      ],
      f32: ['squares', 'before', 'length', 'a'],
      v128: ['scale', 's0', 's1', 's2', 's3', 's4', 's5', 's6', 's7'],
    },
  )
  const sums = [at.s0, at.s1, at.s2, at.s3, at.s4, at.s5, at.s6, at.s7]
  const dot = (a: number, b: number): Code => dotCode(width, a, b, sums.slice(0, 4))
  const product = (v: number, out: number): Code =>
    symmetricProductCode(width, at.gram, v, out, { at: at.walk, stop: at.stop, row: at.matrixRow, sums })
  const scaled = (scale: Code, from: number, to: number): Code => [
    [scale, more.splat, set(at.scale)],
    addScaledCode(width, at.scale, from, to),
  ]
  /** Over the row's entries, with `other` at the entry's y and `a` its weight. */
  const entries = (body: Code): Code => [
    [get(at.from), set(at.entry)],
    forBelow(
      at.entry,
      at.to,
      4,
      [get(at.columns), get(at.entry), i32.add, i32.load(), i32.constant(bytes), i32.multiply, get(at.y), i32.add],
      [set(at.other), get(at.extra), get(at.entry), i32.add, f32.load(), set(at.a)],
      body,
    ),
  ]
  const minus = (code: Code): Code => [f32.constant(-1), code, f32.multiply]
  const vectors = Array.from({ length: width / 4 }, (_, vector) => vector * 16)
  const copied = (from: number, to: number): Code =>
    vectors.map((offset): Code => [get(to), get(from), f32x4.load(offset), f32x4.store(offset)])
  /** direction = residual + ratio · direction */
  const turned = (ratio: Code): Code => [
    [ratio, more.splat, set(at.scale)],
    vectors.map(
      (offset): Code => [
        get(at.direction),
        [get(at.direction), f32x4.load(offset), get(at.scale), f32x4.multiply],
        [get(at.residual), f32x4.load(offset), f32x4.add, f32x4.store(offset)],
      ],
    ),
  ]
  const address = (name: number, row: Code): Code => [
    row,
    i32.constant(4),
    i32.multiply,
    get(name),
    i32.add,
    i32.load(),
  ]
  const oneRow: Code = [
    [get(at.row), i32.constant(bytes), i32.multiply, get(at.x), i32.add, set(at.own)],
    // Offsets count entries; here they become bytes.
    [address(at.offsets, get(at.row)), i32.constant(4), i32.multiply, set(at.from)],
    [address(at.offsets, [get(at.row), i32.constant(1), i32.add]), i32.constant(4), i32.multiply, set(at.to)],
    [get(at.from), get(at.to), more.equals],
    [0x04, 0x40, vectors.map((offset): Code => [get(at.own), f32x4.constant(0), f32x4.store(offset)])],
    [0x05],
    // residual = Σ (1 + a − a·(y·x))·y − G·x
    product(at.own, at.residual),
    vectors.map(
      (offset): Code => [get(at.residual), [get(at.residual), f32x4.load(offset), f32x4.negate, f32x4.store(offset)]],
    ),
    entries(
      scaled(
        [f32.constant(1), get(at.a), f32.add, get(at.a), dot(at.other, at.own), f32.multiply, more.subtractSingle],
        at.other,
        at.residual,
      ),
    ),
    copied(at.residual, at.direction),
    [dot(at.residual, at.residual), set(at.squares), i32.constant(0), set(at.step)],
    block(
      forBelow(
        at.step,
        at.steps,
        1,
        [get(at.squares), f32.constant(solved), more.isBelowSingle, branchIf(2)],
        product(at.direction, at.image),
        entries(scaled([get(at.a), dot(at.other, at.direction), f32.multiply], at.other, at.image)),
        [get(at.squares), dot(at.direction, at.image), more.divideSingle, set(at.length)],
        scaled(get(at.length), at.direction, at.own),
        scaled(minus(get(at.length)), at.image, at.residual),
        [get(at.squares), set(at.before), dot(at.residual, at.residual), set(at.squares)],
        turned([get(at.squares), get(at.before), more.divideSingle]),
      ),
    ),
    [0x0b],
  ]
  const share: Code = [
    [get(at.row), get(at.shift), more.shiftRight, i32.constant(alsScratchRows * bytes), i32.multiply],
    [get(at.scratch), i32.add, set(at.residual)],
    [get(at.residual), i32.constant(bytes), i32.add, set(at.direction)],
    [get(at.direction), i32.constant(bytes), i32.add, set(at.image)],
  ]
  return { parameters, locals, body: [share, forBelow(at.row, at.end, 1, oneRow)] }
}
