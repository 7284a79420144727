import { seeded } from '../run/index.ts'
import { compile, spec } from './compile.ts'
import { gradients } from './gradient.ts'
import { constant, isTensor, type Tensor } from './graph/tensor.ts'
import { type TensorValue, toValue, type ValueLike, value } from './graph/value.ts'
import { addAll, mul } from './ops/arithmetic.ts'
import { sum } from './ops/layout.ts'
import { leaves } from './parameter-tree.ts'

export interface GradientCheckOptions {
  /** Step of the central difference. Default 1e-6 (the error of a smooth function is then near 1e-9). */
  readonly step?: number
  /** 2 checks the gradient of the gradient as well. Default 1. */
  readonly order?: 1 | 2
  readonly seed?: number
}

/** Where a gradient and its finite difference were furthest apart. */
export interface GradientCheck {
  /** Largest |gradient − difference| / max(1, |difference|) over all elements of all inputs. */
  readonly error: number
  readonly input: string
  readonly element: number
  readonly gradient: number
  readonly difference: number
}

/** A scalar that depends on every result: a fixed random combination of all elements. */
function project(results: readonly Tensor[], seed: number): Tensor {
  const random = seeded(`projection/${seed}`)
  return addAll(
    results.map((result) => {
      const shape = result.shape.map(Number)
      const weights = Float64Array.from({ length: shape.reduce((count, size) => count * size, 1) }, () =>
        random.normal(),
      )
      return sum(mul(result, constant(value(weights, shape))))
    }),
  )
}

/**
 * Compares the gradients of a graph function with central finite differences in float64.
 *
 * @param fn a tensor or tree of tensors from inputs
 * @param inputs float64 numbers to differentiate at; integer and bool inputs are held fixed
 */
export async function checkGradients(
  fn: (inputs: Readonly<Record<string, Tensor>>) => unknown,
  inputs: Readonly<Record<string, ValueLike>>,
  options: GradientCheckOptions = {},
): Promise<GradientCheck> {
  const { step = 1e-6, order = 1, seed = 1 } = options
  const values: Record<string, TensorValue> = Object.fromEntries(
    Object.entries(inputs).map(([name, like]) => [name, toValue(like)]),
  )
  const moving = Object.keys(values).filter((name) => values[name]?.dtype === 'float64')
  const scalarOf = (symbolic: Readonly<Record<string, Tensor>>, depth: number): Tensor => {
    if (depth === 0)
      return project(
        leaves(fn(symbolic), isTensor).map(({ leaf }) => leaf),
        seed,
      )
    const inner = gradients(
      scalarOf(symbolic, depth - 1),
      moving.map((name) => symbolic[name] as Tensor),
    )
    return project(inner, seed + 1)
  }
  const specs = Object.fromEntries(Object.entries(values).map(([name, { shape, dtype }]) => [name, spec(shape, dtype)]))
  const both = await compile(
    (symbolic: Readonly<Record<string, Tensor>>) => {
      const y = scalarOf(symbolic, order - 1)
      return { y, slopes: gradients(y, Object.fromEntries(moving.map((name) => [name, symbolic[name] as Tensor]))) }
    },
    { inputs: specs, threads: 1 },
  )
  const only = await compile((symbolic: Readonly<Record<string, Tensor>>) => scalarOf(symbolic, order - 1), {
    inputs: specs,
    threads: 1,
  })
  const { slopes } = await both(values)
  let worst: GradientCheck = { error: 0, input: moving[0] ?? '', element: 0, gradient: 0, difference: 0 }
  for (const name of moving) {
    const held = values[name]
    const slope = slopes[name]
    if (held === undefined || slope === undefined) continue
    const data = held.data as Float64Array
    for (let element = 0; element < data.length; element++) {
      const before = data[element] ?? 0
      const at = async (x: number): Promise<number> => {
        data[element] = x
        return Number((await only(values)).data[0])
      }
      const difference = ((await at(before + step)) - (await at(before - step))) / (2 * step)
      data[element] = before
      const gradient = Number(slope.data[element])
      const error = Math.abs(gradient - difference) / Math.max(1, Math.abs(difference))
      if (!(error <= worst.error)) worst = { error, input: name, element, gradient, difference }
    }
  }
  await both.dispose()
  await only.dispose()
  return worst
}
