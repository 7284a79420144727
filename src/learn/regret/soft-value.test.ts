import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { checkGradients, constant, evaluate, value } from '../../tensor/index.ts'
import { bestKnownValues, randomPolicyFeatures } from '../tabular/policy-improvement.ts'
import { randomMdp } from '../tabular/random-mdp.fixture.ts'
import { valueIteration } from '../tabular/value-iteration.ts'
import { softValue } from './soft-value.ts'

describe('the soft value', () => {
  it('is the mean of policies’ values weighted by their softmax, as worked out by hand', async () => {
    // Two policies, one state, values 1 and 3 at w = (1, 2); τ = 2/ln 3 gives weights 1/4 and 3/4.
    const psi = [[[1, 0]], [[1, 1]]]
    const [found] = (await evaluate(({ psi, w }) => softValue(psi, w, 2 / Math.log(3)), { psi, w: [1, 2] })) as number[]
    expect(found).toBeCloseTo(0.25 * 1 + 0.75 * 3, 12)
  })

  it('has the gradient of both its factors', async () => {
    const random = seeded('soft value')
    const numbers = (count: number) => Float64Array.from({ length: count }, () => random.normal())
    const { error } = await checkGradients(
      ({ psi, w }) => softValue(psi as never, w as never, 0.7),
      { psi: value(numbers(3 * 4 * 2), [3, 4, 2]), w: value(numbers(2)) },
      { order: 2 },
    )
    expect(error).toBeLessThan(1e-7)
  })

  it('is nowhere above the best known policy, nor that above the optimum, and comes to it as τ falls', async () => {
    const random = seeded('bound')
    const mdp = randomMdp(random)
    const psi = randomPolicyFeatures(mdp, 8, random, { discount: 0.95 })
    const weights = Float64Array.from({ length: mdp.features }, () => random.normal())
    const known = bestKnownValues(mdp, psi, weights)
    const optimal = valueIteration(mdp, weights, { discount: 0.95 }).values
    const at = async (temperature: number): Promise<readonly number[]> => {
      const held = constant(value(psi, [8, mdp.states, mdp.features]))
      return (await evaluate(({ w }) => softValue(held, w, temperature), { w: weights })) as number[]
    }
    for (const temperature of [0.001, 0.1, 10])
      (await at(temperature)).forEach((soft, state) => {
        expect(soft).toBeLessThanOrEqual((known[state] as number) + 1e-9)
        expect(known[state]).toBeLessThanOrEqual((optimal[state] as number) + 1e-6)
      })
    ;(await at(1e-6)).forEach((soft, state) => {
      expect(soft).toBeCloseTo(known[state] as number, 6)
    })
  })

  it('is finite for values as large as endless loops make them', async () => {
    const psi = [[[1e6]], [[-1e6]]]
    expect(await evaluate(({ psi, w }) => softValue(psi, w, 1e-3), { psi, w: [50] })).toEqual([5e7])
  })

  it('refuses other shapes and temperatures', () => {
    const psi = constant(value(new Float64Array(4), [2, 2]))
    const w = constant(value(new Float64Array(2)))
    expect(() => softValue(psi, w, 1)).toThrow('psi has 2 axes and the weights 1')
    const whole = constant(value(new Float64Array(4), [2, 1, 2]))
    expect(() => softValue(whole, w, 0)).toThrow('the temperature is 0')
  })
})
