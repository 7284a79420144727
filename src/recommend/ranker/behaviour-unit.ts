import { activate, applyMlp, initMlp, type MlpParameters } from '../../nets/index.ts'
import type { Random } from '../../run/index.ts'
import { add, expandDims, linear, mul, type Symbolic, slice, sub, type Tensor } from '../../tensor/index.ts'

/**
 * What a behaviour is set against. A `target` has the same features as a behaviour, and unit and target meet as
 * [h, t, h ⊙ t, h − t] (DIN); a `query` has others, and they meet as [h, q].
 */
export type UnitForm = 'target' | 'query'

/**
 * A perceptron over a behaviour and what it is set against. Its layers are those of a perceptron over the whole row.
 *
 * @param behaviour columns of a behaviour
 * @param other columns of what it is set against; as many in the form `target`
 */
export function initBehaviourUnit(
  random: Random,
  form: UnitForm,
  behaviour: number,
  other: number,
  sizes: readonly number[],
): MlpParameters {
  return initMlp(random, [form === 'target' ? 4 * behaviour : behaviour + other, ...sizes])
}

/**
 * The unit for each behaviour of each row. The first layer is taken apart, W [h, t, h ⊙ t, h − t] = (W₁ + W₄) h +
 * (W₂ − W₄) t + W₃ (h ⊙ t), so that the long row is never made and t is mapped once for all behaviours.
 *
 * @param behaviours [rows, behaviours, columns]
 * @param other [rows, columns of the other]
 * @returns [rows, behaviours, sizes.at(-1)]
 */
export function applyBehaviourUnit(
  { layers }: Symbolic<MlpParameters>,
  form: UnitForm,
  behaviours: Tensor,
  other: Tensor,
): Tensor {
  const [first, ...rest] = layers
  if (!first) throw new RangeError('a unit without layers, expected at least one')
  const width = Number(behaviours.shape[2])
  const block = (from: number, to: number): Tensor => slice(first.weight, 1, from, to)
  const part = (x: Tensor, weight: Tensor, bias?: Tensor): Tensor => linear(x, weight, bias, { transposed: true })
  const total = Number(first.weight.shape[1])
  const met =
    form === 'target'
      ? add(
          add(
            part(behaviours, add(block(0, width), block(3 * width, total))),
            expandDims(part(other, sub(block(width, 2 * width), block(3 * width, total)), first.bias), 1),
          ),
          part(mul(behaviours, expandDims(other, 1)), block(2 * width, 3 * width)),
        )
      : add(part(behaviours, block(0, width)), expandDims(part(other, block(width, total), first.bias), 1))
  return rest.length === 0 ? met : applyMlp({ layers: rest }, activate(met, 'relu'))
}
