import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { add, concat, constant, flatten, mul, slice, stack, type Tensor, value } from '../../tensor/index.ts'
import { checkNet, distance, numbersOf } from '../checks.fixture.ts'
import { normalValue } from '../parameters.ts'
import { distanceFrom, referenceCase } from '../reference.fixture.ts'
import { applyGru, type GruParameters, initGru } from './gru.ts'

const random = seeded('gru')

describe('gru', () => {
  it("agrees with PyTorch's nn.GRU of two layers, states, last states and gradients", async () => {
    const known = referenceCase<GruParameters>('sequence', 'gru')
    const apart = await distanceFrom(known, (p, { x, initial }) => {
      const { states, last } = applyGru(p, x as Tensor, { initial: initial as Tensor })
      return concat([flatten(states), flatten(last)])
    })
    expect(apart.result).toBeLessThan(1e-8)
    expect(apart.gradients).toBeLessThan(1e-5)
  })

  it('has the gradients that finite differences give, from an initial state and under a mask', async () => {
    const parameters = initGru(random, { inputs: 2, hidden: 2, layers: 2 }, 'float64')
    const mask = value(Uint8Array.from([1, 1, 0, 0, 1, 1]), [2, 3], 'bool')
    const { error } = await checkNet(
      parameters,
      (p, { x, initial }) => {
        const { states, last } = applyGru(p, x as Tensor, { initial: initial as Tensor, mask: constant(mask) })
        return [states, last]
      },
      { x: normalValue(random, [2, 3, 2], 1, 'float64'), initial: normalValue(random, [2, 2, 2], 1, 'float64') },
    )
    expect(error).toBeLessThan(1e-6)
  })

  it('ends where the unpadded sequence ends, padded on either side', async () => {
    const parameters = initGru(random, { inputs: 2, hidden: 3 }, 'float64')
    const x = normalValue(random, [1, 4, 2], 1, 'float64')
    const lastOf = (mask: number[], from: number, to: number): Promise<number[][]> =>
      Promise.all([
        numbersOf(
          parameters,
          (p) => applyGru(p, constant(x), { mask: constant(value(Uint8Array.from(mask), [1, 4], 'bool')) }).last,
        ),
        numbersOf(parameters, (p) => applyGru(p, slice(constant(x), 1, from, to)).last),
      ])
    for (const [mask, from, to] of [
      [[0, 0, 1, 1], 2, 4],
      [[1, 1, 1, 0], 0, 3],
    ] as const) {
      const [padded, plain] = await lastOf([...mask], from, to)
      expect(distance(padded ?? [], plain ?? [])).toBeLessThan(1e-12)
    }
  })

  it('carries its state from one part of a sequence to the next', async () => {
    const parameters = initGru(random, { inputs: 2, hidden: 3, layers: 2 }, 'float64')
    const x = normalValue(random, [2, 5, 2], 1, 'float64')
    const whole = await numbersOf(parameters, (p) => applyGru(p, constant(x)).last)
    const parts = await numbersOf(parameters, (p) => {
      const { last } = applyGru(p, slice(constant(x), 1, 0, 2))
      return applyGru(p, slice(constant(x), 1, 2), { initial: last }).last
    })
    expect(distance(whole, parts)).toBeLessThan(1e-12)
  })

  it('stays bounded by its state and its new values', async () => {
    const parameters = initGru(random, { inputs: 2, hidden: 3 }, 'float64')
    const states = await numbersOf(
      parameters,
      (p) => applyGru(p, mul(constant(normalValue(random, [4, 6, 2], 50, 'float64')), 10)).states,
    )
    expect(Math.max(...states.map(Math.abs))).toBeLessThanOrEqual(1)
  })

  it('refuses lengths it cannot unroll and inputs of another width', () => {
    const zero = constant(value(new Float32Array(0), [2, 0, 2]))
    const p = { layers: [{ input: { weight: stackOf(3, 2) }, hidden: { weight: stackOf(3, 1) } }] }
    expect(() => applyGru(p, zero)).toThrow('the length is 0')
    expect(() => applyGru(p, constant(value(new Float32Array(6), [1, 2, 3])))).toThrow(
      'gru: x is [1, 2, 3], expected [·, ·, 2]',
    )
    expect(() => applyGru({ layers: [] }, zero)).toThrow('no layers')
  })
})

function stackOf(rows: number, columns: number): Tensor {
  return add(stack(Array.from({ length: rows }, () => constant(value(new Float32Array(columns))))), 0)
}
