import { dimAt, formatShape } from '../graph/dimension.ts'
import { applyOne, type Emitter, inputAt, type Op, type Tensor } from '../graph/tensor.ts'
import { type TensorValue, value } from '../graph/value.ts'
import { neg } from './arithmetic.ts'

/** Cosines and sines of the angles by which features are turned, [positions, width/2] each. */
export interface RotaryTables<T = Tensor> {
  readonly cos: T
  readonly sin: T
}

/**
 * Tables of rotary positions: the angle of pair i at a position p is `p · base^(−2i/width)` (Su et al. 2021,
 * arXiv 2104.09864).
 *
 * @param base default 10,000
 */
export function rotaryTables(positions: number, width: number, base = 10_000): RotaryTables<TensorValue> {
  if (width % 2 !== 0) throw new RangeError(`rotaryTables: width is ${width}, expected an even number`)
  const half = width / 2
  const angle = (index: number): number => Math.floor(index / half) * base ** (-(index % half) / half)
  const table = (f: (x: number) => number): TensorValue =>
    value(
      Float32Array.from({ length: positions * half }, (_, index) => f(angle(index))),
      [positions, half],
    )
  return { cos: table(Math.cos), sin: table(Math.sin) }
}

function emitPlain(emitter: Emitter, names: readonly string[], x: Tensor, offset: boolean): string {
  const [name = '', positions = '', cos = '', sin = ''] = names
  const half = Number(dimAt(x.shape, 3)) / 2
  const places = offset
    ? emitter.node('Add', [
        emitter.node('Range', [
          emitter.scalar(0, 'int64'),
          emitter.node('Reshape', [emitter.sizes([dimAt(x.shape, 2)]), emitter.integers([])]),
          emitter.scalar(1, 'int64'),
        ]),
        positions,
      ])
    : positions
  // [positions, half] → [1, positions, half], or [batch, positions, half] → [batch, 1, positions, half].
  const at = (table: string): string =>
    emitter.node('Unsqueeze', [
      emitter.node('Gather', [table, places], { axis: 0 }),
      emitter.integers([offset ? 0 : 1]),
    ])
  const part = (from: number, to: number): string =>
    emitter.node('Slice', [name, emitter.integers([from]), emitter.integers([to]), emitter.integers([3])])
  const [first, second, c, s] = [part(0, half), part(half, 2 * half), at(cos), at(sin)]
  const times = (a: string, b: string): string => emitter.node('Mul', [a, b])
  return emitter.node(
    'Concat',
    [
      emitter.node('Sub', [times(first, c), times(second, s)]),
      emitter.node('Add', [times(second, c), times(first, s)]),
    ],
    { axis: 3 },
  )
}

const rotaryOp: Op<Record<never, never>> = {
  name: 'rotary',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit({ inputs }, emitter) {
    const [x, positions] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    const names = inputs.map(emitter.name)
    return x.dtype === 'float32' && !emitter.portable
      ? emitter.runtimeNode('RotaryEmbedding', names, { interleaved: 0 })
      : emitPlain(emitter, names, x, positions.shape.length === 1)
  },
  // A turn by the opposite angle.
  vjp({ inputs }, [gradient]) {
    const [positions, cos, sin] = [inputAt(inputs, 1), inputAt(inputs, 2), inputAt(inputs, 3)]
    return [gradient && applyOne(rotaryOp, [gradient, positions, cos, neg(sin)], {})]
  },
}

/**
 * Turns pairs of features by an angle that grows with the position, so that products of turned queries and keys depend
 * on their distance only. Feature i is paired with i + width/2, as the Llama family has it. The tables are constants:
 * no gradient flows into them.
 *
 * @param x [batch, heads, positions, width]
 * @param tables [most positions, width/2] each (see `rotaryTables`)
 * @param positions int64: [1], where the first position stands, or [batch, positions], each position's place
 */
export function rotary(x: Tensor, tables: RotaryTables, positions: Tensor): Tensor {
  const width = dimAt(x.shape, -1)
  if (x.shape.length !== 4 || typeof width !== 'number' || width % 2 !== 0)
    throw new RangeError(
      `rotary: ${formatShape(x.shape)}, expected [batch, heads, positions, width] with an even width`,
    )
  for (const table of [tables.cos, tables.sin])
    if (table.dtype !== x.dtype || table.shape.length !== 2 || table.shape[1] !== width / 2)
      throw new RangeError(
        `rotary: a table is ${table.dtype} ${formatShape(table.shape)}, expected ${x.dtype} [positions, ${width / 2}]`,
      )
  const offset = positions.shape.length === 1 && positions.shape[0] === 1
  const each = positions.shape.length === 2 && positions.shape[1] === x.shape[2]
  if (positions.dtype !== 'int64' || !(offset || each))
    throw new RangeError(
      `rotary: positions are ${positions.dtype} ${formatShape(positions.shape)}, expected int64 [1] or [batch, ${x.shape[2]}]`,
    )
  return applyOne(rotaryOp, [x, positions, tables.cos, tables.sin], {})
}
