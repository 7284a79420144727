import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import {
  adam,
  add,
  constant,
  gather,
  logSigmoid,
  mean,
  mul,
  neg,
  parameterLeaves,
  randomKey,
  type Symbolic,
  spec,
  sub,
  sum,
  type Tensor,
  type TensorValue,
  trainStep,
  value,
} from '../../tensor/index.ts'
import { checkNet, distance, numbersOf } from '../checks.fixture.ts'
import { normalValue } from '../parameters.ts'
import { distanceFrom, referenceCase, references } from '../reference.fixture.ts'
import { adjacency, propagate } from './adjacency.ts'
import { applyGcn, type GcnParameters, initGcn } from './gcn.ts'
import { hypergraph, propagateHypergraph } from './hypergraph.ts'
import { applyLightGcn, initLightGcn, type LightGcnParameters } from './light-gcn.ts'
import { applyNgcf, initNgcf, type NgcfParameters } from './ngcf.ts'
import { interactionEntries, userItemEntries } from './user-item.ts'

const pairs = references('graph').pairs as readonly (readonly [number, number])[]
const edges = userItemEntries(3, 4, { users: pairs.map(([user]) => user), items: pairs.map(([, item]) => item) })
const symmetric = adjacency(7, edges)
const withSelf = adjacency(7, edges, { normalization: 'row', selfLoops: 'before' })

describe('lightGcn', () => {
  it('agrees with PyTorch on a dense matrix', async () => {
    const apart = await distanceFrom(referenceCase<LightGcnParameters>('graph', 'lightGcn'), (p) =>
      applyLightGcn(p, symmetric),
    )
    expect(apart.result).toBeLessThan(1e-6)
    expect(apart.gradients).toBeLessThan(1e-5)
  })

  it('is the mean of its layers, and matrix factorisation without any', async () => {
    const parameters = initLightGcn(seeded(5), 7, 3, 'float64')
    const layers = [await numbersOf(parameters, (p) => p.embedding)]
    for (let layer = 1; layer <= 3; layer++)
      layers.push(
        await numbersOf(parameters, (p) =>
          Array.from({ length: layer }).reduce<typeof p.embedding>((x) => propagate(symmetric, x), p.embedding),
        ),
      )
    const means = layers[0]?.map((_, at) => layers.reduce((total, layer) => total + (layer[at] ?? 0), 0) / 4) ?? []
    expect(distance(await numbersOf(parameters, (p) => applyLightGcn(p, symmetric)), means)).toBeLessThan(1e-12)
    expect(await numbersOf(parameters, (p) => applyLightGcn(p, symmetric, { layers: 0 }))).toEqual(layers[0])
  })

  it('learns which block items belong to from few edges, better than without propagation', async () => {
    // Two blocks of 20 users and 20 items; each user took 3 items of its block. Held out: the other pairs.
    const random = seeded('blocks')
    const [users, items] = [40, 40]
    const taken: [number, number][] = []
    for (let user = 0; user < users; user++)
      for (const item of random.shuffle(Array.from({ length: 20 }, (_, at) => at)).slice(0, 3))
        taken.push([user, (user < 20 ? 0 : 20) + item])
    const graph = adjacency(
      80,
      userItemEntries(users, items, { users: taken.map(([u]) => u), items: taken.map(([, i]) => i) }),
    )
    const triples = taken.map(([user, item]) => [user, users + item, users + random.integer(items)])
    const accuracy = async (layers: number): Promise<number> => {
      const step = await trainStep(
        ({ ids }, p) => {
          const rows = applyLightGcn(p, graph, { layers })
          const [user, positive, negative] = [0, 1, 2].map((at) =>
            gather(rows, gather(ids, constant(value(BigInt64Array.of(BigInt(at)))), { axis: 1 })),
          )
          if (!user || !positive || !negative) throw new Error('three columns')
          return neg(mean(logSigmoid(sum(mul(user, sub(positive, negative)), -1))))
        },
        {
          inputs: { ids: spec([triples.length, 3], 'int64') },
          parameters: initLightGcn(seeded(2), 80, 8),
          optimizer: adam({ learningRate: 0.05 }),
          threads: 1,
        },
      )
      const ids = value(BigInt64Array.from(triples.flat(), BigInt), [triples.length, 3])
      let loss = 0
      for (let round = 0; round < 40; round++) loss = (await step({ ids })).loss
      expect(loss).toBeLessThan(0.45)
      const rows = await numbersOf(step.parameters, (p) => applyLightGcn(p, graph, { layers }))
      await step.dispose()
      const score = (a: number, b: number): number =>
        Array.from({ length: 8 }, (_, at) => (rows[a * 8 + at] ?? 0) * (rows[b * 8 + at] ?? 0)).reduce(
          (s, n) => s + n,
          0,
        )
      let [right, total] = [0, 0]
      for (let user = 0; user < users; user++)
        for (let item = 0; item < 20; item++) {
          const block = user < 20 ? 0 : 20
          right += Number(score(user, users + block + item) > score(user, users + (20 - block) + item))
          total++
        }
      return right / total
    }
    const [plain, spread] = [await accuracy(0), await accuracy(3)]
    expect(spread).toBeGreaterThan(0.85)
    expect(plain).toBeLessThan(0.7)
  })
})

describe('gcn', () => {
  it('agrees with PyTorch on a dense matrix', async () => {
    const graph = adjacency(7, edges, { selfLoops: 'before' })
    const apart = await distanceFrom(referenceCase<GcnParameters>('graph', 'gcn'), (p, { x }) =>
      applyGcn(p, graph, x ?? (p.layers[0]?.weight as never)),
    )
    expect(apart.result).toBeLessThan(1e-6)
    expect(apart.gradients).toBeLessThan(1e-5)
  })

  it('has the gradients that finite differences give', async () => {
    const x = normalValue(seeded(1), [7, 3], 1, 'float64')
    const { error } = await checkNet(
      initGcn(seeded(4), [3, 4, 2], 'float64'),
      (p, inputs) => (inputs.x ? applyGcn(p, withSelf, inputs.x, { activation: 'tanh' }) : []),
      { x },
    )
    expect(error).toBeLessThan(1e-6)
  })
})

describe('ngcf', () => {
  it.each(['code', 'paper'] as const)('agrees with PyTorch on a dense matrix, as in the %s', async (variant) => {
    const graph = variant === 'code' ? withSelf : symmetric
    const apart = await distanceFrom(referenceCase<NgcfParameters>('graph', `ngcf ${variant}`), (p) =>
      applyNgcf(p, graph, { variant }),
    )
    expect(apart.result).toBeLessThan(1e-6)
    expect(apart.gradients).toBeLessThan(1e-5)
  })

  it('gives layers of length 1 after embeddings as they are', async () => {
    const parameters = initNgcf(seeded(6), 7, [4, 3, 2], {}, 'float64')
    const rows = await numbersOf(parameters, (p) => applyNgcf(p, withSelf))
    for (let node = 0; node < 7; node++) {
      const row = rows.slice(node * 9, node * 9 + 9)
      expect(
        distance(row.slice(0, 4), Array.from(parameters.embedding.data.slice(node * 4, node * 4 + 4), Number)),
      ).toBe(0)
      expect(Math.hypot(...row.slice(4, 7))).toBeCloseTo(1, 10)
      expect(Math.hypot(...row.slice(7, 9))).toBeCloseTo(1, 10)
    }
  })

  it('has the gradients that finite differences give', async () => {
    for (const variant of ['code', 'paper'] as const) {
      const parameters = initNgcf(seeded(variant), 7, [3, 2], { variant }, 'float64')
      const { error } = await checkNet(parameters, (p) => applyNgcf(p, withSelf, { variant }))
      expect(error).toBeLessThan(1e-5)
    }
  })

  it('drops messages only when it is given a key, and keeps their mean', async () => {
    const parameters = initNgcf(seeded(7), 7, [4, 200], {}, 'float64')
    const options = { dropout: 0.5 }
    const plain = await numbersOf(parameters, (p) => applyNgcf(p, withSelf, options))
    expect(plain).toEqual(await numbersOf(parameters, (p) => applyNgcf(p, withSelf)))
    const dropped = await numbersOf(parameters, (p) =>
      applyNgcf(p, withSelf, { ...options, key: constant(randomKey(1)) }),
    )
    const zeros = dropped.filter((number) => number === 0).length
    expect(zeros).toBeGreaterThan(600)
    expect(zeros).toBeLessThan(800)
  })
})

describe('on kernels', () => {
  // Large enough for passes over whole tables as well.
  const random = seeded('kernels')
  const [users, items, width] = [200, 312, 32]
  const pairsOf = (count: number) => ({
    users: Array.from({ length: count }, () => random.integer(users)),
    items: Array.from({ length: count }, () => random.integer(items)),
  })
  const large = userItemEntries(users, items, pairsOf(1500))
  const shared = hypergraph(users + items, items, interactionEntries(users + items, items, pairsOf(900)), {
    normalization: 'row',
    ownMessages: false,
  })
  const linked = adjacency(users + items, large)
  const loops = adjacency(users + items, large, { normalization: 'row', selfLoops: 'before' })
  const after = adjacency(users + items, large, { selfLoops: 'after' })
  const key = constant(randomKey(1, 1))
  interface Embedded {
    readonly embedding: TensorValue
  }
  const embedding = () => normalValue(seeded('embedding'), [users + items, width], 0.5)
  const nets = {
    lightGcn: [
      initLightGcn(seeded(1), users + items, width),
      (p: Symbolic<LightGcnParameters>) => applyLightGcn(p, linked),
    ],
    ngcf: [
      initNgcf(seeded(2), users + items, [width, width, 16]),
      (p: Symbolic<NgcfParameters>) => applyNgcf(p, loops, { dropout: 0.1, key }),
    ],
    gcn: [
      { ...initGcn(seeded(3), [width, 48, 16]), embedding: embedding() },
      (p: Symbolic<GcnParameters & Embedded>) => applyGcn(p, after, p.embedding, { dropout: 0.2, key }),
    ],
    hypergraph: [
      { embedding: embedding() },
      (p: Symbolic<Embedded>) =>
        add(p.embedding, propagateHypergraph(shared, propagateHypergraph(shared, p.embedding))),
    ],
  } satisfies Record<string, readonly [unknown, (parameters: never) => Tensor]>

  it.each(Object.entries(nets))('%s trains as it does in ONNX Runtime alone', async (_, [initial, apply]) => {
    const trained = async (sparse: 'kernels' | 'onnx'): Promise<readonly number[][]> => {
      const parameters = structuredClone(initial)
      const step = await trainStep(
        ({ ids }, p) => {
          const rows = (apply as (parameters: unknown) => Tensor)(p)
          const [a, b] = [0, 1].map((at) => gather(rows, gather(ids, constant(value(BigInt64Array.of(BigInt(at)))))))
          if (!a || !b) throw new Error('two rows of ids')
          return neg(mean(logSigmoid(sum(mul(a, b), -1))))
        },
        {
          inputs: { ids: spec([2, 40], 'int64') },
          parameters,
          optimizer: adam({ learningRate: 0.01 }),
          sparse,
          threads: 2,
        },
      )
      const drawn = seeded('ids')
      const losses: number[] = []
      for (let update = 0; update < 3; update++) {
        const ids = BigInt64Array.from({ length: 80 }, () => BigInt(drawn.integer(users + items)))
        losses.push((await step({ ids: value(ids, [2, 40]) })).loss)
      }
      await step.dispose()
      return [losses, ...parameterLeaves(parameters).map(({ leaf }) => Array.from(leaf.data, Number))]
    }
    const [kernels, onnx] = [await trained('kernels'), await trained('onnx')]
    kernels.forEach((numbers, at) => {
      expect(distance(numbers, onnx[at] ?? [])).toBeLessThan(1e-3)
    })
  })
})
