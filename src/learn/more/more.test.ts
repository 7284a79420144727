import { describe, expect, it } from 'vitest'
import { seeded, startRun } from '../../run/index.ts'
import { sgd } from '../../tensor/index.ts'
import { diverseSourcesWorld } from '../../worlds/index.ts'
import { fitPreferences, rewardKind } from '../model/index.ts'
import { featurePairs, type PairData } from '../pairs/pair-data.ts'
import {
  fitMore,
  type MoreTraining,
  minNormOfTwo,
  minNormWeights,
  normalizeGradients,
  type SourceWeights,
} from './index.ts'

const rounded = (numbers: ArrayLike<number>): number[] => Array.from(numbers, (x) => Number(x.toFixed(6)))

describe('minNormWeights', () => {
  it('has closed forms for vectors at right angles', () => {
    expect(rounded(minNormWeights([[1, 0, 0], [0, 1, 0], [0, 0, 1]]).weights)).toEqual([0.333333, 0.333333, 0.333333]) // biome-ignore format: a table
    // λ_t in proportion to 1/‖g_t‖²: 1, ¼, 1/9, so small gradients count most.
    const { weights, norm } = minNormWeights([[1, 0, 0], [0, 2, 0], [0, 0, 3]]) // biome-ignore format: a table
    const total = 1 + 1 / 4 + 1 / 9
    expect(rounded(weights)).toEqual(rounded([1 / total, 1 / 4 / total, 1 / 9 / total]))
    expect(norm).toBeCloseTo(1 / Math.sqrt(total), 6)
    expect(rounded(minNormWeights([[1, 0], [0, 2]]).weights)).toEqual([0.8, 0.2]) // biome-ignore format: a table
  })

  it('takes the shorter of two that lean the same way, cancels opposite ones, and keeps equal ones numbers', () => {
    expect([minNormOfTwo(1, 2, 9), minNormOfTwo(9, 2, 1), minNormOfTwo(1, -1, 1)]).toEqual([1, 0, 0.5])
    const opposite = minNormWeights([[3, 0], [-1, 0]]) // biome-ignore format: a table
    expect(rounded(opposite.weights)).toEqual([0.25, 0.75])
    expect(opposite.norm).toBeCloseTo(0, 12)
    for (const same of [
      minNormWeights([
        [1, 2],
        [1, 2],
        [1, 2],
      ]),
      minNormWeights([
        [0, 0],
        [0, 0],
      ]),
    ]) {
      // biome-ignore format: a list
      expect(same.weights.reduce((sum, weight) => sum + weight, 0)).toBe(1)
      expect(Number.isFinite(same.norm)).toBe(true)
    }
    expect(rounded(minNormWeights([[5, 5]]).weights)).toEqual([1])
  })

  it('finds a common direction: u·g ≥ ‖u‖² for all, and equal where a weight is above 0', () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = seeded(seed)
      const count = 3 + random.integer(6)
      const width = 1 + random.integer(12)
      const shift = random.normal()
      const vectors = Array.from({ length: count }, () => Array.from({ length: width }, () => shift + random.normal()))
      const { weights, norm } = minNormWeights(vectors)
      const u = Array.from({ length: width }, (_, k) =>
        vectors.reduce((sum, vector, t) => sum + (weights[t] as number) * (vector[k] as number), 0),
      )
      expect(Math.hypot(...u)).toBeCloseTo(norm, 6)
      expect(Math.min(...weights)).toBeGreaterThanOrEqual(0)
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 10)
      vectors.forEach((vector, t) => {
        const along = vector.reduce((sum, x, k) => sum + x * (u[k] as number), 0)
        expect(along).toBeGreaterThan(norm ** 2 - 1e-4)
        if ((weights[t] as number) > 1e-3) expect(along).toBeCloseTo(norm ** 2, 3)
      })
    }
  })

  it('closes the gap to the shortest mixture in few steps, also where that is 0', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = seeded(seed)
      // More vectors than dimensions, around 0 in most cases, where steps towards single vectors hardly get nearer.
      const vectors = Array.from({ length: 4 + (seed % 3) }, () => [random.normal(), random.normal(), random.normal()])
      const { weights, norm, iterations } = minNormWeights(vectors)
      const u = [0, 1, 2].map((k) => vectors.reduce((sum, v, t) => sum + (weights[t] as number) * (v[k] as number), 0))
      const least = Math.min(...vectors.map((v) => v.reduce((sum, x, k) => sum + x * (u[k] as number), 0)))
      const longest = Math.max(...vectors.map((v) => v.reduce((sum, x) => sum + x * x, 0)))
      expect(norm ** 2 - least).toBeLessThanOrEqual(1e-10 * longest)
      expect(iterations).toBeLessThan(20)
    }
  })

  it('says which number is wrong', () => {
    expect(() => minNormWeights([])).toThrow('no gradients')
    expect(() => minNormWeights([[1], [1, 2]])).toThrow('gradient 1 has 2 numbers')
    expect(() => minNormWeights([[1], [Number.NaN]])).toThrow('number 0 of gradient 1 is NaN')
  })
})

it('puts gradients on one scale, and leaves what cannot be divided', () => {
  const of = (by: 'l2' | 'loss' | 'loss+' | 'none') =>
    normalizeGradients([[3, 4], [0, 0]], [1, 2], by).map((vector) => rounded(vector)) // biome-ignore format: a table
  expect(of('l2')).toEqual([[0.6, 0.8], [0, 0]]) // biome-ignore format: a table
  expect(of('none')).toEqual([[3, 4], [0, 0]]) // biome-ignore format: a table
  // (1 + 1)/5 and 5·1.
  expect(of('loss')).toEqual([[7.5, 10], [0, 0]]) // biome-ignore format: a table
  expect(of('loss+')).toEqual([[0.6, 0.8], [0, 0]]) // biome-ignore format: a table
})

/** One pair of each of two sources, which look at different columns. */
const apart = (): PairData =>
  featurePairs({ a: [[2, 0], [0, 1]], b: [[0, 0], [0, 0]], sources: ['large', 'small'] }) // biome-ignore format: a table

describe('fitMore', () => {
  it('weighs by the gradients of the head, worked out by hand for one step', async () => {
    const parameters = (await fitPreferences({ kind: rewardKind, options: { bias: false }, data: apart(), epochs: 1 }))
      .parameters
    parameters.model.layers[0]?.weight.data.fill(0 as never)
    const seen: SourceWeights[] = []
    const step = { data: apart(), parameters, epochs: 1, optimizer: sgd({ learningRate: 1 }) }
    const model = await fitMore({
      ...step,
      more: { normalize: 'none' },
      onWeights: (weights) => seen.push(weights),
    })
    // At 0 the gradients are −½(2, 0) and −½(0, 1): λ in proportion to 1/1 and 1/¼. Loss 2·Σ λ ℓ/2.
    expect(rounded(seen[0]?.weights ?? [])).toEqual([0.2, 0.8])
    expect(seen[0]?.norm).toBeCloseTo(1 / Math.sqrt(5), 6)
    expect(rounded(seen[0]?.losses ?? [])).toEqual(rounded([Math.LN2, Math.LN2]))
    expect(rounded(model.parameters.model.layers[0]?.weight.data as Float32Array)).toEqual([0.2, 0.4])
    expect(model.metrics['weight/small']).toBeCloseTo(0.8, 6)
    const scaled = await fitMore(step)
    expect(rounded(scaled.parameters.model.layers[0]?.weight.data as Float32Array)).toEqual([0.5, 0.25])
    // Equal weights are the mean pair loss of the batch.
    const equal = await fitMore({ ...step, more: { weighting: 'equal' } })
    const plain = await fitPreferences({ kind: rewardKind, options: { bias: false }, ...step })
    expect(equal.parameters).toEqual(plain.parameters)
    expect(equal.metrics['trainLoss']).toBeCloseTo(Math.LN2, 6)
  })

  it('takes no step where one source undoes another, and follows a single source as it is', async () => {
    const a = [[1, 0], [1, 0]] // biome-ignore format: a table
    const b = [[0, 0], [0, 0]] // biome-ignore format: a table
    const opposed = featurePairs({ a, b, targets: [1, 0], sources: ['one', 'other'] })
    const seen: SourceWeights[] = []
    const run = () => startRun({ seed: 3 })
    const start = { options: { bias: false }, epochs: 5, optimizer: sgd({ learningRate: 1 }) }
    const still = await fitMore({ ...start, data: opposed, optimizer: sgd({ learningRate: 1e-30 }) }, run())
    w0(still).fill(0)
    const stalled = await fitMore(
      { ...start, data: opposed, parameters: still.parameters, onWeights: (weights) => seen.push(weights) },
      run(),
    )
    expect([...w0(stalled)]).toEqual([0, 0])
    expect(seen.every(({ weights, norm }) => norm < 1e-6 && weights.every((weight) => weight === 0))).toBe(true)

    const alone = featurePairs({ a, b, targets: [1, 1], sources: ['one', 'one'] })
    const more = await fitMore({ ...start, data: alone }, run())
    const plain = await fitPreferences({ kind: rewardKind, ...start, data: alone }, run())
    expect(rounded(w0(more))).toEqual(rounded(w0(plain)))
    expect(more.metrics['weight/one']).toBe(1)
  })

  it('remembers gradients, from the first one on', async () => {
    // Two updates, the parameters all but still, from two batches of one pair of each source.
    const data = featurePairs({ a: [[2, 0], [4, 0], [0, 1], [0, 3]], b: [[0, 0], [0, 0], [0, 0], [0, 0]], sources: ['x', 'x', 'y', 'y'] }) // biome-ignore format: a table
    const seen: SourceWeights[] = []
    const start = { data, options: { bias: false }, batchSize: 1, epochs: 1, optimizer: sgd({ learningRate: 1e-30 }) }
    const still = await fitMore({ ...start, epochs: 1 })
    w0(still).fill(0)
    await fitMore({
      ...start,
      parameters: still.parameters,
      more: { normalize: 'none', momentum: 0.75 },
      onWeights: (weights) => seen.push(weights),
    })
    // At 0 gradients are half the differences. First (x₁, y₁), then (¼ x₁ + ¾ x₂, ¼ y₁ + ¾ y₂): λ ∝ 1/‖m‖².
    const [first, second] = seen.map(({ weights }) => Math.sqrt((weights[1] as number) / (weights[0] as number))) as [
      number,
      number,
    ]
    const ratios = [2, 4].flatMap((x) =>
      [1, 3].map((y) => ({ x, y, first: x / y, second: (x + 3 * (6 - x)) / (y + 3 * (4 - y)) })),
    )
    const found = ratios.filter((ratio) => Math.abs(ratio.first - first) < 1e-4)
    expect(found.length).toBe(1)
    expect(second).toBeCloseTo(found[0]?.second as number, 4)
  })

  it('with mixed batches weighs the sources that are there', async () => {
    const seen: SourceWeights[] = []
    await fitMore({
      data: apart(),
      more: { batches: 'mixed' },
      batchSize: 1,
      epochs: 2,
      onWeights: (weights) => seen.push(weights),
    })
    expect(seen.length).toBe(4)
    for (const { weights, losses } of seen) {
      expect([...weights].sort()).toEqual([0, 1])
      expect(losses.filter(Number.isNaN).length).toBe(1)
    }
  })

  it('takes steps that help every source, where the mean of them would hurt one', async () => {
    const data = featurePairs({ a: [[10, 0], [-1, 1]], b: [[0, 0], [0, 0]], sources: ['loud', 'quiet'] }) // biome-ignore format: a table
    const start = { data, options: { bias: false }, epochs: 1 }
    const still = await fitMore({ ...start, optimizer: sgd({ learningRate: 1e-30 }) })
    w0(still).fill(0)
    const step = { ...start, parameters: still.parameters, optimizer: sgd({ learningRate: 0.1 }) }
    const leads = async (more: MoreTraining) => [...(await (await fitMore({ ...step, more })).logits(data))]
    // Gradients −½(10, 0) and −½(−1, 1): inner products 25, −2.5 and 0.5, so λ = (3/30.5, 27.5/30.5).
    const [loud, quiet] = await leads({ normalize: 'none' })
    const u = [0.5 * (3 * 10 - 27.5), 0.5 * 27.5].map((x) => (0.1 * x) / 30.5) as [number, number]
    expect(loud).toBeCloseTo(10 * u[0], 5)
    expect(quiet).toBeCloseTo(u[1] - u[0], 5)
    expect(Math.min(loud as number, quiet as number)).toBeGreaterThan(0)
    expect((await leads({ weighting: 'equal' }))[1]).toBeLessThan(0)
  })

  it('learns what sources share, at weights that sum to 1', async () => {
    const world = diverseSourcesWorld({ dimensions: 12, pairsPerSource: 400 }, seeded(1))
    const row = (pair: number) => [...world.differences.subarray(12 * pair, 12 * pair + 12)]
    const pairs = Array.from(world.source, (_, pair) => pair)
    const data = featurePairs({
      a: pairs.map(row),
      b: pairs.map(() => new Array<number>(12).fill(0)),
      targets: world.targets,
      sources: pairs.map((pair) => world.sources[world.source[pair] as number] as string),
    })
    const model = await fitMore({ data, epochs: 8, optimizer: sgd({ learningRate: 0.5 }) }, startRun({ seed: 1 }))
    const w = w0(model)
    const along = w.reduce((sum, x, k) => sum + x * (world.direction[k] as number), 0)
    expect(along / Math.hypot(...w)).toBeGreaterThan(0.6)
    const sum = world.sources.reduce((total, name) => total + (model.metrics[`weight/${name}`] as number), 0)
    expect(sum).toBeCloseTo(1, 6)
  })

  it('refuses what cannot be', async () => {
    await expect(fitMore({ data: apart(), more: { momentum: 0 } })).rejects.toThrow()
    await expect(fitMore({ data: apart(), more: { batches: 'mixed', pairsPerSource: 2 } })).rejects.toThrow(
      'is for batches by source',
    )
    await expect(fitMore({ data: { ...apart(), rows: [] } as PairData })).rejects.toThrow('encoder')
  })
})

function w0(model: Awaited<ReturnType<typeof fitMore>>): Float32Array {
  return model.parameters.model.layers[0]?.weight.data as Float32Array
}
