import { describe, expect, it } from 'vitest'
import { lbfgs } from './lbfgs.ts'
import { cholesky } from './linear-algebra.ts'
import { type ConvexObjective, newton } from './newton.ts'

/** Σ [e^{x_i} − target_i·x_i], least at x = ln target. */
function exponentials(targets: readonly number[]): ConvexObjective & { hessians: number } {
  const objective = {
    size: targets.length,
    hessians: 0,
    gradient(x: Float64Array, gradient: Float64Array): number {
      let value = 0
      targets.forEach((target, i) => {
        value += Math.exp(x[i] as number) - target * (x[i] as number)
        gradient[i] = Math.exp(x[i] as number) - target
      })
      return value
    },
    hessian(x: Float64Array, hessian: Float64Array): void {
      objective.hessians++
      hessian.fill(0)
      targets.forEach((_, i) => {
        hessian[i * targets.length + i] = Math.exp(x[i] as number)
      })
    },
  }
  return objective
}

describe('newton', () => {
  it('finds ln 3 and ln 20, from far away too', () => {
    for (const start of [0, -4, 5]) {
      const { parameters, converged } = newton(exponentials([3, 20]), Float64Array.of(start, start))
      expect(converged).toBe(true)
      expect(parameters[0]).toBeCloseTo(Math.log(3), 9)
      expect(parameters[1]).toBeCloseTo(Math.log(20), 9)
    }
  })

  it('needs no Hessian when a factor from nearby is handed over', () => {
    const objective = exponentials([3, 20])
    const factor = cholesky(Float64Array.of(3.1, 0, 0, 19), 2)
    const found = newton(objective, Float64Array.of(1.1, 3), { factor })
    expect(found.converged).toBe(true)
    expect(objective.hessians).toBe(0)
    expect(found.parameters[1]).toBeCloseTo(Math.log(20), 9)
  })

  it('throws a useless factor away', () => {
    const objective = exponentials([3, 20])
    const found = newton(objective, Float64Array.of(0, 0), { factor: cholesky(Float64Array.of(1e-6, 0, 0, 1e-6), 2) })
    expect(found.converged).toBe(true)
    expect(objective.hessians).toBeGreaterThan(0)
  })

  it('stays inside a domain that ends', () => {
    // x − ln x on x > 0, least at 1; a full first step from 4 would leave the domain.
    const found = newton(
      {
        size: 1,
        gradient(x, gradient) {
          const at = x[0] as number
          if (at <= 0) return Number.POSITIVE_INFINITY
          gradient[0] = 1 - 1 / at
          return at - Math.log(at)
        },
        hessian(x, hessian) {
          hessian[0] = 1 / (x[0] as number) ** 2
        },
      },
      Float64Array.of(4),
    )
    expect(found.parameters[0]).toBeCloseTo(1, 9)
  })

  it('copes with a singular Hessian, and says when it has not arrived', () => {
    // (x + y − 2)², flat along x − y.
    const flat: ConvexObjective = {
      size: 2,
      gradient(x, gradient) {
        const gap = (x[0] as number) + (x[1] as number) - 2
        gradient.fill(2 * gap)
        return gap * gap
      },
      hessian: (_, hessian) => void hessian.fill(2),
    }
    const { parameters } = newton(flat, new Float64Array(2))
    expect((parameters[0] as number) + (parameters[1] as number)).toBeCloseTo(2, 9)
    expect(newton(exponentials([3]), Float64Array.of(-3), { maxIterations: 1 }).converged).toBe(false)
  })
})

describe('lbfgs', () => {
  it("walks Rosenbrock's valley to (1, 1)", () => {
    const found = lbfgs(
      {
        size: 2,
        gradient(x, gradient) {
          const [a, b] = [x[0] as number, x[1] as number]
          gradient[0] = -400 * a * (b - a * a) - 2 * (1 - a)
          gradient[1] = 200 * (b - a * a)
          return 100 * (b - a * a) ** 2 + (1 - a) ** 2
        },
      },
      Float64Array.of(-1.2, 1),
    )
    expect(found.converged).toBe(true)
    expect(found.parameters[0]).toBeCloseTo(1, 8)
    expect(found.parameters[1]).toBeCloseTo(1, 8)
    expect(found.iterations).toBeLessThan(60)
  })

  it('agrees with Newton in many dimensions', () => {
    const objective = exponentials(Array.from({ length: 40 }, (_, i) => 1 + i))
    const quasi = lbfgs(objective, new Float64Array(40))
    const exact = newton(objective, new Float64Array(40))
    expect(quasi.converged).toBe(true)
    quasi.parameters.forEach((value, i) => {
      expect(value).toBeCloseTo(exact.parameters[i] as number, 8)
    })
  })

  it('says when it has not arrived', () => {
    expect(lbfgs(exponentials([3, 9]), Float64Array.of(-3, -3), { maxIterations: 2 }).converged).toBe(false)
  })

  it('goes on by the gradient where the value is known to twelve digits only, as a sum of many rows is', () => {
    // ln cosh(x − 1), 10⁵ times, on a value of 10⁵, with an error of 10⁻⁸ that no step can foresee.
    let calls = 0
    const minimum = newton(
      {
        size: 1,
        gradient(x, gradient) {
          calls++
          const at = (x[0] as number) - 1
          gradient[0] = 1e5 * Math.tanh(at)
          return 1e5 * (1 + Math.log(Math.cosh(at))) + 1e-8 * Math.sin(1e12 * at)
        },
        hessian(x, hessian) {
          hessian[0] = 1e5 / Math.cosh((x[0] as number) - 1) ** 2
        },
      },
      Float64Array.of(0.3),
      { gradientTolerance: 1e-7 },
    )
    expect(minimum.converged).toBe(true)
    expect(minimum.parameters[0]).toBeCloseTo(1, 11)
    expect(calls).toBeLessThan(40)
  })
})
