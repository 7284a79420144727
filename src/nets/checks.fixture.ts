import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  checkGradients,
  compile,
  type GradientCheck,
  parameterLeaves,
  type Symbolic,
  type Tensor,
  type TensorValue,
  value,
} from '../tensor/index.ts'

/** The folder of a checkpoint that fixtures/make.py wrote. */
export function fixture(name: string): string {
  return join(import.meta.dirname, 'fixtures', name)
}

/** What PyTorch computed for a checkpoint. */
export function expected(name: string): Readonly<Record<string, number[] & number[][]>> {
  return JSON.parse(readFileSync(join(fixture(name), 'expected.json'), 'utf8'))
}

/** Whole numbers of known shape, as token ids are fed. */
export function whole(rows: readonly (readonly number[])[]): TensorValue {
  return value(BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0]?.length ?? 0])
}

/** Largest absolute difference between two lists of numbers; infinite when their lengths differ. */
export function distance(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let worst = 0
  for (let at = 0; at < a.length; at++) worst = Math.max(worst, Math.abs(Number(a[at]) - Number(b[at])))
  return worst
}

/** The numbers of one graph function of parameters alone. */
export async function numbersOf<P>(parameters: P, fn: (p: Symbolic<P>) => Tensor): Promise<number[]> {
  const run = await compile((_: Readonly<Record<string, Tensor>>, p: Symbolic<P>) => fn(p), {
    inputs: {},
    parameters,
    threads: 1,
  })
  const { data } = await run({})
  await run.dispose()
  return Array.from(data, Number)
}

function rebuilt(branch: unknown, find: (value: TensorValue) => Tensor | undefined): unknown {
  if (typeof branch !== 'object' || branch === null) return branch
  if ('data' in branch && 'dtype' in branch) return find(branch as TensorValue)
  if (Array.isArray(branch)) return branch.map((item) => rebuilt(item, find))
  return Object.fromEntries(Object.entries(branch).map(([key, item]) => [key, rebuilt(item, find)]))
}

/**
 * Compares the gradients of a net with finite differences with respect to every parameter, in float64.
 *
 * @param inputs further inputs to differentiate with respect to, or whole numbers held fixed
 */
export function checkNet<P>(
  parameters: P,
  fn: (p: Symbolic<P>, inputs: Readonly<Record<string, Tensor>>) => unknown,
  inputs: Readonly<Record<string, TensorValue>> = {},
): Promise<GradientCheck> {
  const leaves = parameterLeaves(parameters)
  const pathOf = new Map(leaves.map(({ path, leaf }) => [leaf, path]))
  return checkGradients(
    (symbolic) => fn(rebuilt(parameters, (value) => symbolic[pathOf.get(value) ?? '']) as Symbolic<P>, symbolic),
    { ...Object.fromEntries(leaves.map(({ path, leaf }) => [path, leaf])), ...inputs },
  )
}
