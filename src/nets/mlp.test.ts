import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { constant, value } from '../tensor/index.ts'
import { checkNet, numbersOf } from './checks.fixture.ts'
import { applyMlp, initMlp } from './mlp.ts'

describe('mlp', () => {
  it('computes a small one as by hand', async () => {
    // [1, −2]: hidden relu([1 − 2 + 0.5, 2·1 + 2]) = [0, 4]; output 3·0 − 4 + 1 = −3
    const parameters = {
      layers: [
        {
          weight: value(Float64Array.from([1, 1, 2, -1]), [2, 2]),
          bias: value(Float64Array.from([0.5, 0])),
        },
        { weight: value(Float64Array.from([3, -1]), [1, 2]), bias: value(Float64Array.from([1])) },
      ],
    }
    const x = value(Float64Array.from([1, -2]), [1, 2])
    expect(await numbersOf(parameters, (p) => applyMlp(p, constant(x)))).toEqual([-3])
  })

  it('has the gradients that finite differences give', async () => {
    for (const activation of ['relu', 'gelu', 'geluTanh', 'quickGelu', 'silu', 'tanh'] as const) {
      const parameters = initMlp(seeded(activation), [3, 4, 2], { dtype: 'float64' })
      const x = value(Float64Array.from([0.3, -0.8, 1.1, 2, 0.1, -1]), [2, 3])
      const { error } = await checkNet(parameters, (p, { x }) => (x ? applyMlp(p, x, { activation }) : []), { x })
      expect(error, activation).toBeLessThan(1e-6)
    }
  })

  it('takes an empty batch', async () => {
    const parameters = initMlp(seeded(1), [3, 4, 2])
    expect(await numbersOf(parameters, (p) => applyMlp(p, constant(value(new Float32Array(0), [0, 3]))))).toEqual([])
  })

  it('refuses to be without layers', () => {
    expect(() => initMlp(seeded(1), [3])).toThrow('sizes are [3], expected at least two')
  })
})
