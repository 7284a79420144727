import { expect, it } from 'vitest'
import { logisticRegression } from '../../measure/index.ts'
import { seeded } from '../../run/index.ts'
import { adaptLinearRaters, type LinearRaters } from './linear-raters.ts'

const random = seeded('raters')
const width = 3
const pairs = 120
const raters = 7
const problem: LinearRaters = {
  differences: {
    rows: pairs,
    columns: width,
    data: Float32Array.from({ length: pairs * width }, () => random.normal()),
  },
  // Nobody is rater 4.
  rater: Int32Array.from({ length: pairs }, () => [0, 1, 2, 3, 5, 6][random.integer(6)] as number),
  raters,
  targets: Float32Array.from({ length: pairs }, () => random.pick([0, 0.5, 1])),
  weights: Float32Array.from({ length: pairs }, () => 0.5 + random.uniform()),
  offsets: Float32Array.from({ length: pairs }, () => random.normal()),
  precision: [0.5, 1, 2],
  means: [0.3, -0.2, 0.1],
}

it('gives each rater the ridge regression of their own pairs', () => {
  const { parameters } = adaptLinearRaters(problem)
  for (let rater = 0; rater < raters; rater++) {
    const own = Array.from(problem.rater, (of, pair) => (of === rater ? pair : -1)).filter((pair) => pair >= 0)
    if (own.length === 0) continue
    const design = own.flatMap((pair) => [...problem.differences.data.slice(pair * width, (pair + 1) * width)])
    const take = (numbers: ArrayLike<number> | undefined): number[] => own.map((pair) => numbers?.[pair] as number)
    const { coefficients } = logisticRegression(
      {
        design: Float64Array.from(design),
        columns: width,
        outcomes: take(problem.targets),
        weights: take(problem.weights),
        offsets: take(problem.offsets),
      },
      { ridge: [0.5, 1, 2], centre: [0.3, -0.2, 0.1] },
    )
    coefficients.forEach((coefficient, k) => {
      expect(parameters.data[rater * width + k]).toBeCloseTo(coefficient, 5)
    })
  }
})

it('leaves a rater without pairs at the prior means', () => {
  const { parameters } = adaptLinearRaters(problem)
  expect([...parameters.data.slice(4 * width, 5 * width)]).toEqual([0.3, -0.2, 0.1].map(Math.fround))
})

it('stays finite where a rater always decides one way, even for differences of 1000', () => {
  const { parameters, iterations } = adaptLinearRaters({
    differences: { rows: 3, columns: 1, data: Float32Array.of(1000, 1000, 1) },
    rater: [0, 0, 1],
    raters: 2,
    precision: 1e-3,
  })
  expect([...parameters.data].every(Number.isFinite)).toBe(true)
  // λ θ = σ(−θ): the root of the second rater's equation.
  const theta = parameters.data[1] as number
  expect(1e-3 * theta * (1 + Math.exp(theta))).toBeCloseTo(1, 4)
  expect(iterations).toBeLessThan(60)
})

it('names what does not fit', () => {
  const wrong =
    (changes: Partial<LinearRaters>): (() => unknown) =>
    () =>
      adaptLinearRaters({ ...problem, ...changes })
  expect(wrong({ raters: 5 })).toThrow('the rater of pair')
  expect(wrong({ precision: 0 })).toThrow('precision 0 is 0')
  expect(wrong({ means: [1] })).toThrow('means has 1 entries, expected 3 or 7 × 3')
  expect(wrong({ targets: [1] })).toThrow('targets has 1 entries for 120 pairs')
  const last = (numbers: ArrayLike<number> | undefined, number: number): number[] => [
    ...Array.from(numbers ?? []).slice(0, -1),
    number,
  ]
  expect(wrong({ targets: last(problem.targets, 3) })).toThrow('number 119 of targets is 3')
  expect(wrong({ weights: last(problem.weights, -3) })).toThrow('number 119 of weights is -3')
  expect(wrong({ offsets: last(problem.offsets, Number.NaN) })).toThrow('number 119 of offsets is NaN')
  expect(wrong({ means: [1, 2, Number.NaN] })).toThrow('number 2 of means is NaN')
  expect(wrong({ differences: { rows: 120, columns: 3, data: new Float32Array(360).fill(Number.NaN) } })).toThrow(
    'is NaN',
  )
})
