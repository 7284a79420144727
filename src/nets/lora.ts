import type { Random } from '../run/index.ts'
import { type TensorValue, type TypedArray, value, zeros } from '../tensor/index.ts'
import type { LinearParameters, LoraParameters } from './linear.ts'
import { uniformValue } from './parameters.ts'

function isLeaf(branch: object): boolean {
  return 'data' in branch && 'dtype' in branch
}

/** A branch of a tree that is a linear map: an object with a matrix named `weight`. */
function isLinear(branch: object): branch is LinearParameters {
  const weight = (branch as { weight?: TensorValue }).weight
  return weight !== undefined && 'shape' in weight && weight.shape.length === 2
}

/** A tree of the same form with every linear map replaced. */
export function mapLinear<T>(tree: T, replace: (map: LinearParameters, path: string) => LinearParameters): T {
  const visit = (branch: unknown, path: string): unknown => {
    if (typeof branch !== 'object' || branch === null || isLeaf(branch)) return branch
    if (isLinear(branch)) return replace(branch, path)
    const at = (key: string | number): string => (path === '' ? String(key) : `${path}.${key}`)
    if (Array.isArray(branch)) return branch.map((item, index) => visit(item, at(index)))
    return Object.fromEntries(Object.entries(branch).map(([key, item]) => [key, visit(item, at(key))]))
  }
  return visit(tree, '') as T
}

export interface LoraOptions {
  /** Columns of the low-rank factors. Default 8. */
  readonly rank?: number
  /** Whole number; the addition is scaled by alpha/rank. Default 2 · rank. */
  readonly alpha?: number
  /** Which linear maps get an addition, by path in the tree. Default all. */
  readonly targets?: (path: string) => boolean
}

/**
 * Adds a low-rank map to linear maps (Hu et al. 2021, arXiv 2106.09685): A is drawn uniformly within ±1/√in, B is 0, so
 * that nothing changes at first. The original weights are shared, not copied.
 *
 * @throws {RangeError} when no map matches, or alpha is not whole
 * @example
 * const adapted = addLora(random, parameters, { rank: 8, targets: (path) => /query|value/.test(path) })
 * const step = await trainStep(loss, { parameters: adapted, trainable: isLoraPath, … })
 */
export function addLora<T>(random: Random, parameters: T, options: LoraOptions = {}): T {
  const { rank = 8, targets = () => true } = options
  const alpha = options.alpha ?? 2 * rank
  if (!Number.isInteger(rank) || rank < 1)
    throw new RangeError(`addLora: rank is ${rank}, expected a whole number of at least 1`)
  let added = 0
  const adapted = mapLinear(parameters, (map, path) => {
    if (!targets(path)) return map
    added++
    const [outputs = 0, inputs = 0] = map.weight.shape
    const dtype = map.weight.dtype === 'float64' ? 'float64' : 'float32'
    const a = uniformValue(random.fork(path), [rank, inputs], 1 / Math.sqrt(inputs), dtype)
    return { ...map, lora: loraParameters(a, zeros([outputs, rank], dtype), alpha) }
  })
  if (added === 0) throw new RangeError('addLora: no linear map matches the targets')
  return adapted
}

/** A low-rank addition from its factors. @throws {RangeError} when alpha is not a whole number */
export function loraParameters(a: TensorValue, b: TensorValue, alpha: number): LoraParameters {
  if (!Number.isInteger(alpha)) throw new RangeError(`LoRA's alpha is ${alpha}, expected a whole number`)
  return { a, b, alpha: value(BigInt64Array.from([BigInt(alpha)]), []) }
}

/** Whether a path of a tree is a factor of a low-rank addition: what is trained while the model stays as it is. */
export function isLoraPath(path: string): boolean {
  return /(^|\.)lora\.[ab]$/.test(path)
}

/** alpha/rank · B A as a [out, in] matrix added to a weight, in a new array. */
function merged(weight: TensorValue, { a, b, alpha }: LoraParameters): TensorValue {
  const [outputs = 0, inputs = 0] = weight.shape
  const rank = a.shape[0] ?? 0
  const factor = Number(alpha.data[0]) / rank
  const data = weight.data.slice() as Exclude<TypedArray, BigInt64Array | BigUint64Array>
  const row = new Float64Array(inputs)
  for (let output = 0; output < outputs; output++) {
    row.fill(0)
    for (let r = 0; r < rank; r++) {
      const by = factor * Number(b.data[output * rank + r])
      if (by !== 0)
        for (let input = 0; input < inputs; input++)
          row[input] = (row[input] ?? 0) + by * Number(a.data[r * inputs + input])
    }
    const start = output * inputs
    for (let input = 0; input < inputs; input++) data[start + input] = (data[start + input] ?? 0) + (row[input] ?? 0)
  }
  return value(data, weight.shape, weight.dtype)
}

/** Folds every low-rank addition into its weight: the same function with no extra products. */
export function mergeLora<T>(parameters: T): T {
  return mapLinear(parameters, ({ lora, ...map }) => (lora ? { ...map, weight: merged(map.weight, lora) } : map))
}

/** Takes every low-rank addition away again. */
export function removeLora<T>(parameters: T): T {
  return mapLinear(parameters, ({ lora: _, ...map }) => map)
}
