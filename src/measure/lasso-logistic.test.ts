import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import peers from './fixtures/peers.json' with { type: 'json' }
import { lassoLogistic, lassoPath, lassoViolation, selectColumns } from './lasso-logistic.ts'
import { logisticRegression } from './logistic-regression.ts'

const { columns, outcomes } = peers.logistic
const data = { design: Float64Array.from(peers.logistic.design), columns, outcomes }
/** The intercept is not penalised. */
const factors = [0, 1, 1, 1, 1, 1]

function planted(seed: string, rows: number, truth: readonly number[]) {
  const random = seeded(seed)
  const design = Float64Array.from({ length: rows * truth.length }, () => random.integer(3) - 1)
  const won = Array.from({ length: rows }, (_, row) => {
    const score = truth.reduce((sum, beta, k) => sum + beta * (design[row * truth.length + k] as number), 0)
    return random.chance(1 / (1 + Math.exp(-score))) ? 1 : 0
  })
  return { design, columns: truth.length, outcomes: won }
}

describe('lassoLogistic', () => {
  it('gives the coefficients of scikit-learn 1.9 (saga), the same ones 0', () => {
    for (const { c, coefficients } of peers.l1) {
      const fit = lassoLogistic(data, { penalty: 1 / c, factors })
      expect(fit.converged).toBe(true)
      coefficients.forEach((expected, k) => {
        expect(fit.coefficients[k]).toBeCloseTo(expected, 6)
        expect(fit.coefficients[k] === 0).toBe(expected === 0)
      })
    }
  })

  it('is σ⁻¹ of the shifted share for one column, and 0 within the penalty: by hand', () => {
    // 8 rows of x = 1, 6 of them 1: the slope at 0 is 4 − 6 = −2; with λ = 1, 8·σ(β) = 6 − 1, so β = ln(5/3).
    const one = { design: new Float64Array(8).fill(1), columns: 1, outcomes: [1, 1, 1, 1, 1, 1, 0, 0] }
    expect(lassoLogistic(one, { penalty: 1 }).coefficients[0]).toBeCloseTo(Math.log(5 / 3), 9)
    expect(lassoLogistic(one, { penalty: 2 }).coefficients[0]).toBe(0)
    expect(lassoLogistic(one, { penalty: 2.5 }).coefficients[0]).toBe(0)
  })

  it('meets the optimality conditions for random weights, offsets and factors', () => {
    const number = fc.double({ min: -3, max: 3, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(number, number, number, fc.integer({ min: 0, max: 1 }), fc.nat(4)), {
          minLength: 3,
          maxLength: 20,
        }),
        fc.double({ min: 0.05, max: 5, noNaN: true }),
        fc.double({ min: 0.1, max: 2, noNaN: true }),
        (rows, penalty, factor) => {
          const random = {
            design: Float64Array.from(rows.flatMap(([x1, x2]) => [1, x1, x2])),
            columns: 3,
            outcomes: rows.map(([, , , y]) => y),
            weights: rows.map(([, , , , weight]) => weight),
            offsets: rows.map(([, , offset]) => offset),
          }
          const given = { penalty, factors: [factor, 1, factor] }
          const fit = lassoLogistic(random, given)
          expect(fit.converged).toBe(true)
          expect(lassoViolation(random, fit.coefficients, given)).toBeCloseTo(fit.violation, 12)
          expect(fit.violation).toBeLessThan(1e-6)
          // A step in any direction makes the objective worse.
          const objective = (beta: Float64Array): number =>
            rows.reduce((sum, [x1, x2, offset, y, weight]) => {
              const score = offset + (beta[0] ?? 0) + x1 * (beta[1] ?? 0) + x2 * (beta[2] ?? 0)
              return sum + weight * (Math.log(1 + Math.exp(-Math.abs(score))) + Math.max(score, 0) - y * score)
            }, 0) + beta.reduce((sum, value, k) => sum + penalty * (given.factors[k] ?? 0) * Math.abs(value), 0)
          const best = objective(fit.coefficients)
          for (let k = 0; k < 3; k++)
            for (const step of [-1e-3, 1e-3]) {
              const moved = Float64Array.from(fit.coefficients)
              moved[k] = (moved[k] ?? 0) + step
              expect(objective(moved)).toBeGreaterThanOrEqual(best - 1e-9)
            }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('is the fit without penalty for λ = 0', () => {
    const plain = { ...data, design: data.design.filter((_, i) => i % columns < 5), columns: 5 }
    const free = logisticRegression(plain)
    lassoLogistic(plain, { penalty: 0 }).coefficients.forEach((value, k) => {
      expect(value).toBeCloseTo(free.coefficients[k] as number, 7)
    })
  })

  it('reports that it did not converge where no finite fit exists', () => {
    const separated = { design: Float64Array.of(-1, 1), columns: 1, outcomes: [0, 1] }
    const fit = lassoLogistic(separated, { penalty: 1, factors: [0], maxIterations: 5 })
    expect(fit.converged).toBe(false)
    expect(fit.violation).toBeGreaterThan(1e-3)
  })

  it('names what does not fit', () => {
    expect(() => lassoLogistic(data, { penalty: -1 })).toThrow('penalty is -1')
    expect(() => lassoLogistic(data, { penalty: 1, factors: [1] })).toThrow('factors has 1 entries, expected 6')
    expect(() => lassoLogistic(data, { penalty: 1, factors: [1, 1, 1, 1, 1, -2] })).toThrow('factor 5 is -2')
    expect(() => lassoLogistic(data, { penalty: 1, start: [0] })).toThrow('start has 1 entries, expected 6')
  })
})

describe('lassoPath', () => {
  it('begins where the first column is about to enter, and each fit is that of its λ alone', () => {
    const path = lassoPath(data, { factors, count: 8, ratio: 0.01 })
    expect(path).toHaveLength(8)
    const [first, ...others] = path
    expect(first?.coefficients.slice(1).every((beta) => beta === 0)).toBe(true)
    expect(first?.coefficients[0]).not.toBe(0)
    expect((path[7]?.penalty ?? 0) / (first?.penalty ?? 1)).toBeCloseTo(0.01, 12)
    const barely = lassoLogistic(data, { penalty: (first?.penalty ?? 0) * 0.999, factors })
    expect(barely.coefficients.slice(1).filter((beta) => beta !== 0)).toHaveLength(1)
    for (const { penalty, coefficients } of others) {
      const alone = lassoLogistic(data, { penalty, factors })
      alone.coefficients.forEach((expected, k) => {
        expect(coefficients[k]).toBeCloseTo(expected, 6)
      })
    }
  })
})

describe('selectColumns', () => {
  const truth = Array.from({ length: 29 }, (_, k) => ({ 3: 0.9, 7: -0.7, 11: 0.5 })[k] ?? 0)

  it('finds the three columns that matter among 29', () => {
    expect(selectColumns(planted('select', 400, truth), 3).columns).toEqual([3, 7, 11])
  })

  it('keeps controls beside the columns counted', () => {
    const rows = planted('controls', 400, truth)
    const { columns: kept, fit } = selectColumns(rows, 2, { factors: truth.map((_, k) => (k === 3 ? 0 : 1)) })
    expect(kept).toEqual([7, 11])
    expect(fit.coefficients[3]).not.toBe(0)
  })

  it('cuts columns that enter together to the number asked for', () => {
    const base = planted('twins', 200, [1, 0.2])
    const twins = Float64Array.from(
      { length: 600 },
      (_, i) => base.design[2 * Math.floor(i / 3) + (i % 3 === 2 ? 1 : 0)] as number,
    )
    expect(selectColumns({ ...base, design: twins, columns: 3 }, 1).columns).toHaveLength(1)
  })

  it('takes none and all, and refuses more', () => {
    expect(selectColumns(data, 0, { factors }).columns).toEqual([])
    const rows = planted('all', 100, [1, -1])
    expect(selectColumns(rows, 2).columns).toEqual([0, 1])
    expect(() => selectColumns(rows, 3)).toThrow('count is 3, expected an integer from 0 to 2')
  })
})
