import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { at, compile, type Symbolic, type Tensor, type TensorValue, value } from '../../tensor/index.ts'
import {
  type AdaAdapterParameters,
  adaptItems,
  adaptUser,
  filterRetrieved,
  filterRounds,
  initAdaAdapters,
  rememberUser,
} from './ada-adapters.ts'

const read = (branch: unknown): unknown => {
  if (typeof branch !== 'object' || branch === null) return branch
  if (Array.isArray(branch)) return branch.map(read)
  if ('data' in branch && 'shape' in branch)
    return value(Float64Array.from(branch.data as number[]), branch.shape as number[])
  return Object.fromEntries(Object.entries(branch).map(([name, item]) => [name, read(item)]))
}

/** What fixtures/ada.py computed with PyTorch in float64. */
const known = read(JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/ada.json'), 'utf8'))) as {
  readonly adapters: AdaAdapterParameters
  readonly inputs: Readonly<Record<'retrieved' | 'history' | 'users' | 'encoded', TensorValue>>
  readonly context: TensorValue
  readonly adapted: TensorValue
  readonly memory: TensorValue
  readonly user: TensorValue
}

async function numbers<P>(parameters: P, fn: (p: Symbolic<P>) => Tensor): Promise<readonly number[]> {
  const run = await compile((_, p: Symbolic<P>) => fn(p), { inputs: {}, parameters, threads: 1 })
  const { data } = await run({})
  await run.dispose()
  return Array.from(data, Number)
}

function expectClose(found: readonly number[], expected: ArrayLike<number | bigint>): void {
  expect(found.length).toBe(expected.length)
  found.forEach((number, place) => {
    expect(number).toBeCloseTo(Number(expected[place]), 8)
  })
}

describe('the adapters of Ada-Retrieval', () => {
  it('agree with PyTorch: filtered rounds, adapted items, memory and adapted user', async () => {
    const all = { adapters: known.adapters, inputs: known.inputs, context: known.context, memory: known.memory }
    expectClose(await numbers(all, (p) => filterRounds(p.adapters, p.inputs.retrieved)), known.context.data)
    expectClose(await numbers(all, (p) => adaptItems(p.adapters, p.inputs.history, p.context)), known.adapted.data)
    expectClose(
      await numbers(all, (p) => {
        const [first, second] = [at(p.inputs.users, 1, 0), at(p.inputs.users, 1, 1)]
        return rememberUser(p.adapters, second, rememberUser(p.adapters, first))
      }),
      known.memory.data,
    )
    expectClose(await numbers(all, (p) => adaptUser(p.adapters, p.inputs.encoded, p.memory)), known.user.data)
  })

  it('do not look at the imaginary part of frequency 0, nor of the last one of an even number of items', async () => {
    const adapters = initAdaAdapters(seeded(1), 4, 4)
    const retrieved = value(
      Float32Array.from({ length: 16 }, (_, place) => Math.sin(place)),
      [1, 4, 4],
    )
    const filtered = (change: (data: Float32Array) => void) => {
      const data = Float32Array.from(adapters.filter.data as Float32Array)
      change(data)
      const changed = { ...adapters, filter: { ...adapters.filter, data } }
      return numbers({ changed, retrieved }, (p) => filterRetrieved(p.changed, p.retrieved))
    }
    const plain = await filtered(() => {})
    // [3 frequencies, 4, 2]: imaginary parts of frequency 0 begin at 1, of the last at 17, of the one between at 9.
    for (const place of [1, 17])
      expect(
        await filtered((data) => {
          data[place] = 9
        }),
      ).toEqual(plain)
    expect(
      await filtered((data) => {
        data[9] = 9
      }),
    ).not.toEqual(plain)
  })

  it('attend to each item by itself: equal items are adapted equally', async () => {
    const parameters = {
      adapters: known.adapters,
      history: value(Float64Array.of(1, 2, 3, 4, 0, 1, 0, 1, 1, 2, 3, 4), [1, 3, 4]),
      context: value(Float64Array.from(known.context.data.slice(0, 24) as Float64Array), [1, 6, 4]),
    }
    const adapted = await numbers(parameters, (p) => adaptItems(p.adapters, p.history, p.context))
    expect(adapted.slice(0, 4)).toEqual(adapted.slice(8))
  })
})
