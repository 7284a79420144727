import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { at, constant, evaluate, gather, type Tensor, value } from '../../tensor/index.ts'
import { checkNet, distance, numbersOf, whole } from '../checks.fixture.ts'
import { normalValue } from '../parameters.ts'
import { distanceFrom, referenceCase, shaken } from '../reference.fixture.ts'
import { applyFmlp, type FmlpParameters, initFmlp } from './fmlp.ts'
import { fourierFilter, fourierMatrices } from './fourier-filter.ts'
import { applyNextItNet, initNextItNet, type NextItNetParameters } from './next-it-net.ts'
import { applySrGnn, initSrGnn, type SrGnnParameters, sessionGraph } from './sr-gnn.ts'

const ids = (rows: readonly (readonly number[])[]): Tensor => constant(whole(rows))

describe('nextItNet', () => {
  const config = { items: 7, length: 6, width: 3, dilations: [1, 2] } as const

  it('agrees with PyTorch on histories without their padding', async () => {
    const known = referenceCase<NextItNetParameters>('sequence-encoders', 'nextItNet')
    const apart = await distanceFrom(known, (p, inputs) => at(applyNextItNet(p, inputs.ids as Tensor, config), 1, -1))
    expect(apart.result).toBeLessThan(1e-7)
    expect(apart.gradients).toBeLessThan(1e-5)
  })

  it('has the gradients that finite differences give', async () => {
    const small = { ...config, dilations: [1] }
    const { error } = await checkNet(
      shaken(initNextItNet(seeded(1), small, 'float64')),
      (p, inputs) => applyNextItNet(p, inputs.ids as Tensor, small),
      { ids: whole([[0, 4, 2, 4]]) },
    )
    expect(error).toBeLessThan(1e-5)
  })

  it('gives histories that share a row the states that they have alone', async () => {
    const parameters = initNextItNet(seeded(2), config, 'float64')
    const alone = await numbersOf(parameters, (p) =>
      applyNextItNet(
        p,
        ids([
          [0, 0, 3, 5],
          [0, 2, 7, 3],
        ]),
        config,
      ),
    )
    const segments = constant(value(Int32Array.of(0, 1, 1, 2, 2, 2), [1, 6]))
    const together = await numbersOf(parameters, (p) =>
      applyNextItNet(p, ids([[0, 3, 5, 2, 7, 3]]), config, { segments }),
    )
    expect(distance(together.slice(3), [...alone.slice(6, 12), ...alone.slice(15)])).toBeLessThan(1e-12)
  })
})

describe('srGnn', () => {
  const config = { items: 7, length: 6, width: 3, steps: 2 } as const

  it('agrees with PyTorch on graphs made edge by edge', async () => {
    const known = referenceCase<SrGnnParameters>('sequence-encoders', 'srGnn')
    const apart = await distanceFrom(known, (p, inputs) => applySrGnn(p, inputs.ids as Tensor, config))
    expect(apart.result).toBeLessThan(1e-7)
    expect(apart.gradients).toBeLessThan(1e-5)
  })

  it('counts each neighbour once, by its first position', async () => {
    // 4 → 1 → 4 → 2: two items come after 4, one after 1; into 4 comes 1, into 1 and 2 comes 4.
    const { incoming, outgoing, nodes } = (await evaluate(
      () => sessionGraph(ids([[0, 4, 1, 4, 2]]), 'float64'),
      {},
    )) as {
      incoming: number[][][]
      outgoing: number[][][]
      nodes: number[][][]
    }
    const none = [0, 0, 0, 0, 0]
    expect(incoming[0]).toEqual([none, [0, 0, 1, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 1, 0, 0, 0]])
    expect(outgoing[0]).toEqual([none, [0, 0, 0.5, 0, 0.5], [0, 1, 0, 0, 0], [0, 0, 0.5, 0, 0.5], none])
    expect(nodes[0]).toEqual([none, [0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 1]])
  })

  it('takes other embeddings by items, those of the first position', async () => {
    const parameters = initSrGnn(seeded(4), config, 'float64')
    const row = [0, 4, 1, 4]
    const own = await numbersOf(parameters, (p) => applySrGnn(p, ids([row]), config))
    const given = await numbersOf(parameters, (p) => {
      const embedded = gather(p.items, ids([[7, 4, 1, 3]]))
      return applySrGnn(p, ids([row]), config, { embedded })
    })
    expect(distance(own, given)).toBeLessThan(1e-12)
  })

  it('does not see padding', async () => {
    const parameters = initSrGnn(seeded(3), config, 'float64')
    const run = (row: readonly number[]) => numbersOf(parameters, (p) => applySrGnn(p, ids([row]), config))
    expect(distance(await run([0, 0, 3, 1, 3]), await run([3, 1, 3]))).toBeLessThan(1e-12)
    await expect(run([1, 2, 3, 4, 5, 6, 7])).rejects.toThrow('srGnn: ids are [1, 7], expected [batch, at most 6]')
  })
})

describe('fmlp', () => {
  const config = { items: 7, length: 6, width: 3, hidden: 5 } as const

  it.each([
    ['even', 6],
    ['odd', 5],
  ] as const)('agrees with PyTorch at an %s length', async (name, length) => {
    const known = referenceCase<FmlpParameters>('sequence-encoders', `fmlp ${name}`)
    const apart = await distanceFrom(known, (p, inputs) => applyFmlp(p, inputs.ids as Tensor, { ...config, length }))
    expect(apart.result).toBeLessThan(1e-7)
    expect(apart.gradients).toBeLessThan(1e-5)
  })

  it('drops only with a key, and takes the full length alone', async () => {
    const parameters = initFmlp(seeded(4), config, 'float64')
    const run = (row: readonly number[]) => numbersOf(parameters, (p) => applyFmlp(p, ids([row]), config))
    expect(distance(await run([1, 2, 3, 4, 5, 6]), await run([1, 2, 3, 4, 5, 6]))).toBe(0)
    await expect(run([1, 2, 3])).rejects.toThrow('fmlp: ids are [1, 3], expected [batch, 6]')
  })
})

describe('fourierFilter', () => {
  it.each([4, 5])('is the circular convolution with irfft(W), at length %i', async (length) => {
    const random = seeded(5)
    const width = 2
    const count = Math.floor(length / 2) + 1
    const [x, weight] = [
      normalValue(random, [1, length, width], 1, 'float64'),
      normalValue(random, [count, width, 2], 1, 'float64'),
    ]
    const w = (k: number, c: number, part: number): number => Number(weight.data[(k * width + c) * 2 + part])
    // irfft by its definition, imaginary parts at the ends left out.
    const kernel = (c: number): number[] =>
      Array.from({ length }, (_, n) => {
        let sum = 0
        for (let k = 0; k < count; k++) {
          const end = k === 0 || 2 * k === length
          const angle = (2 * Math.PI * k * n) / length
          sum += (end ? 1 : 2) * w(k, c, 0) * Math.cos(angle) - (end ? 0 : 2 * w(k, c, 1) * Math.sin(angle))
        }
        return sum / length
      })
    const expected = Array.from({ length }, (_, n) =>
      [0, 1].map((c) =>
        kernel(c).reduce((sum, part, m) => sum + part * Number(x.data[((n - m + length) % length) * width + c]), 0),
      ),
    ).flat()
    const found = await numbersOf({ x, weight }, (p) => fourierFilter(p.x, p.weight))
    expect(distance(found, expected)).toBeLessThan(1e-12)
  })

  it('is nothing at all with a weight of 1, and has matrices that undo each other', async () => {
    const x = normalValue(seeded(6), [2, 5, 3], 1, 'float64')
    const ones = value(
      Float64Array.from({ length: 3 * 3 * 2 }, (_, at) => (at % 2 === 0 ? 1 : 0)),
      [3, 3, 2],
    )
    const found = await numbersOf({ x, ones }, (p) => fourierFilter(p.x, p.ones))
    expect(distance(found, Array.from(x.data, Number))).toBeLessThan(1e-12)
    const { forward, back } = fourierMatrices(4, 'float64')
    for (let row = 0; row < 4; row++)
      for (let column = 0; column < 4; column++) {
        let sum = 0
        for (let k = 0; k < 6; k++) sum += Number(back.data[row * 6 + k]) * Number(forward.data[k * 4 + column])
        expect(sum).toBeCloseTo(row === column ? 1 : 0, 12)
      }
  })

  it('says what does not fit', async () => {
    const x = normalValue(seeded(7), [1, 4, 2], 1, 'float64')
    const weight = normalValue(seeded(7), [2, 2, 2], 1, 'float64')
    await expect(numbersOf({ x, weight }, (p) => fourierFilter(p.x, p.weight))).rejects.toThrow(
      'the weight is [2, 2, 2], expected [3, 2, 2]',
    )
  })
})
