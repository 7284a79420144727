import { expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { compile, constant, spec, type Tensor, value } from '../../tensor/index.ts'
import { distance, numbersOf, whole } from '../checks.fixture.ts'
import { normalValue } from '../parameters.ts'
import { applyGru, initGru } from './gru.ts'
import { applySasrec, initSasrec } from './sasrec.ts'
import { earlier } from './segments.ts'

const config = { items: 9, length: 6, width: 4, heads: 2, layers: 2 } as const
const matrix = (rows: readonly (readonly number[])[]): Tensor =>
  constant(value(Int32Array.from(rows.flat()), [rows.length, rows[0]?.length ?? 0]))

it('gives histories that share a row of SASRec the states that they have alone', async () => {
  const parameters = initSasrec(seeded(1), config, 'float64')
  const alone = await numbersOf(parameters, (p) =>
    applySasrec(
      p,
      matrix([
        [0, 0, 0, 0, 3, 5],
        [0, 0, 0, 2, 7, 3],
      ]),
      config,
    ),
  )
  const together = (segments: readonly number[]) =>
    numbersOf(parameters, (p) =>
      applySasrec(p, matrix([[0, 3, 5, 2, 7, 3]]), config, {
        segments: matrix([segments]),
        places: matrix([[0, 4, 5, 3, 4, 5]]),
      }),
    )
  const expected = [...alone.slice(16, 24), ...alone.slice(36)]
  expect(distance((await together([0, 1, 1, 2, 2, 2])).slice(4), expected)).toBeLessThan(1e-12)
  expect(distance((await together([0, 1, 1, 1, 1, 1])).slice(4), expected)).toBeGreaterThan(1e-3)
})

it('gives rows without their padding the same states, at a named length too', async () => {
  const parameters = initSasrec(seeded(2), config, 'float64')
  const long = await numbersOf(parameters, (p) => applySasrec(p, matrix([[0, 0, 0, 4, 1, 9]]), config))
  const short = await compile(({ ids }, p) => applySasrec(p, ids, config), {
    inputs: { ids: spec(['batch', 'length'], 'int32') },
    parameters,
    threads: 1,
  })
  const { data } = await short({ ids: value(Int32Array.of(4, 1, 9), [1, 3]) })
  await short.dispose()
  expect(distance(Array.from(data, Number), long.slice(12))).toBeLessThan(1e-12)
  await expect(
    numbersOf(parameters, (p) => applySasrec(p, constant(whole([[1, 2, 3, 4, 5, 6, 7]])), config)),
  ).rejects.toThrow('sasrec: ids are [1, 7], expected [batch, at most 6]')
})

it('begins a GRU anew where another sequence starts', async () => {
  const random = seeded(3)
  const parameters = initGru(random, { inputs: 2, hidden: 3, layers: 2 }, 'float64')
  const x = normalValue(random, [1, 5, 2], 1, 'float64')
  const from = (start: number, end: number) =>
    numbersOf(
      parameters,
      (p) =>
        applyGru(p, constant(value((x.data as Float64Array).slice(2 * start, 2 * end), [1, end - start, 2]))).states,
    )
  const starts = value(Uint8Array.of(0, 0, 1, 0, 0), [1, 5], 'bool')
  const states = await numbersOf(parameters, (p) => applyGru(p, constant(x), { starts: constant(starts) }).states)
  expect(distance(states, [...(await from(0, 2)), ...(await from(2, 5))])).toBeLessThan(1e-12)
})

it('moves positions back with zeros before them, also further than they are many', async () => {
  const x = matrix([[1, 2, 3]])
  expect(await numbersOf({}, () => earlier(x, 1))).toEqual([0, 1, 2])
  expect(await numbersOf({}, () => earlier(x, 5))).toEqual([0, 0, 0])
})
