import { readFileSync } from 'node:fs'
import { seeded } from '../run/index.ts'
import type { TensorValue } from '../tensor/index.ts'
import {
  compile,
  gradients,
  parameterLeaves,
  type Symbolic,
  sin,
  spec,
  sum,
  type Tensor,
  value,
} from '../tensor/index.ts'
import { distance, fixture } from './checks.fixture.ts'

interface Stored {
  readonly shape: readonly number[]
  readonly data: readonly number[]
  readonly dtype?: 'int64'
}

/** A case that fixtures/reference.py computed with PyTorch in float64. */
export interface ReferenceCase<P> {
  readonly parameters: P
  readonly inputs: Readonly<Record<string, TensorValue>>
  readonly result: TensorValue
  /** Of Σ sin(result), in the order of the parameters. */
  readonly gradients: readonly TensorValue[]
}

function isStored(branch: object): branch is Stored {
  return 'data' in branch && 'shape' in branch
}

function read(branch: unknown): unknown {
  if (typeof branch !== 'object' || branch === null) return branch
  if (Array.isArray(branch)) return branch.map(read)
  if (!isStored(branch)) return Object.fromEntries(Object.entries(branch).map(([name, item]) => [name, read(item)]))
  const { dtype, data, shape } = branch
  return value(dtype === 'int64' ? BigInt64Array.from(data, BigInt) : Float64Array.from(data), shape)
}

/** Everything a fixture script wrote, with tensors as float64 or int64 values. */
export function references(file: string): Readonly<Record<string, unknown>> {
  return read(JSON.parse(readFileSync(fixture(`${file}.json`), 'utf8'))) as Readonly<Record<string, unknown>>
}

/** One case of a fixture file. @throws {RangeError} when it is not there */
export function referenceCase<P>(file: string, name: string): ReferenceCase<P> {
  const found = references(file)[name]
  if (found === undefined) throw new RangeError(`${file}.json has no case "${name}"`)
  return found as ReferenceCase<P>
}

/** How far a net is from a reference: in its result and in its gradients, the largest absolute differences. */
export async function distanceFrom<P>(
  known: ReferenceCase<P>,
  fn: (parameters: Symbolic<P>, inputs: Readonly<Record<string, Tensor>>) => Tensor,
): Promise<{ readonly result: number; readonly gradients: number }> {
  const paths = parameterLeaves(known.parameters).map(({ path }) => path)
  const run = await compile(
    (inputs: Readonly<Record<string, Tensor>>, parameters: Symbolic<P>) => {
      const result = fn(parameters, inputs)
      return { result, gradients: gradients(sum(sin(result)), symbolicLeaves(parameters)) }
    },
    {
      inputs: Object.fromEntries(
        Object.entries(known.inputs).map(([name, { shape, dtype }]) => [name, spec(shape, dtype)]),
      ),
      parameters: known.parameters,
      threads: 1,
    },
  )
  const made = await run(known.inputs)
  await run.dispose()
  if (made.gradients.length !== paths.length) return { result: Number.NaN, gradients: Number.POSITIVE_INFINITY }
  const apart = made.gradients.map((gradient, at) => distance(gradient.data, known.gradients[at]?.data ?? []))
  return { result: distance(made.result.data, known.result.data), gradients: Math.max(...apart) }
}

function symbolicLeaves(tree: unknown): Tensor[] {
  if (typeof tree !== 'object' || tree === null) return []
  if ('node' in tree && 'output' in tree) return [tree as Tensor]
  return Object.values(tree).flatMap(symbolicLeaves)
}

/** float64 parameters moved off their initial values, so that no gradient is hidden behind a zero. */
export function shaken<P>(parameters: P, deviation = 0.3): P {
  const random = seeded('shaken')
  const move = (branch: unknown): unknown => {
    if (typeof branch !== 'object' || branch === null) return branch
    if ('data' in branch && branch.data instanceof Float64Array)
      return { ...branch, data: branch.data.map((number) => number + deviation * random.normal()) }
    if (Array.isArray(branch)) return branch.map(move)
    return Object.fromEntries(Object.entries(branch).map(([name, item]) => [name, move(item)]))
  }
  return move(parameters) as P
}
