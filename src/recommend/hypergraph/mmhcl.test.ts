import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { propagateHypergraph } from '../../nets/index.ts'
import { seeded, startRun } from '../../run/index.ts'
import {
  checkGradients,
  compile,
  constant,
  evaluate,
  type FitMetrics,
  spec,
  type Tensor,
  type TensorValue,
  toValue,
  value,
} from '../../tensor/index.ts'
import { modalShop } from '../../worlds/index.ts'
import { evaluateRanking } from '../evaluation/evaluate-ranking.ts'
import { graphNetwork } from '../graph/graph-network.ts'
import { interactionLog } from '../interactions/interaction-log.ts'
import { historyOf, interactionSet } from '../interactions/interaction-set.ts'
import { loadRecommender } from '../load-recommender.ts'
import { randomSplit } from '../split.ts'
import { hypergraphNetwork, itemHypergraph, userHypergraph } from './hypergraph-network.ts'
import { type MmhclOptions, type MmhclRecommender, mmhcl } from './mmhcl.ts'
import { placeItems } from './new-items.ts'
import { synergisticContrast } from './synergistic-contrast.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-mmhcl-'))
let folders = 0
const fresh = (seed = 1) => startRun({ seed, folder: join(folder, String(folders++)) })

describe('synergistic contrast', () => {
  const alike = Array.from({ length: 5 }, () => [1, 2])

  it('is ln(2N − 1) when everything is alike, on all nodes and on a sample of them', async () => {
    expect(await evaluate(({ a }) => synergisticContrast(a, a), { a: alike })).toBeCloseTo(Math.log(9), 10)
    const sampled = await evaluate(({ a, key }) => synergisticContrast(a, a, { sample: { nodes: 3, key } }), {
      a: alike,
      key: value(Uint32Array.of(1, 2)),
    })
    expect(sampled).toBeCloseTo(Math.log(9), 5)
  })

  it('sets the second view of a node against all views of all, its own first one left out', async () => {
    const [first, second] = [
      [
        [1, 0],
        [0, 2],
      ],
      [
        [3, 3],
        [0, -1],
      ],
    ]
    const s = (cosine: number): number => Math.exp(cosine / 0.6)
    const half = Math.SQRT1_2
    const wanted = (-Math.log(s(half) / (s(0) + s(half) + s(0))) - Math.log(s(-1) / (s(0) + s(half) + s(-1)))) / 2
    expect(await evaluate(({ a, b }) => synergisticContrast(a, b), { a: first, b: second })).toBeCloseTo(wanted, 10)
    // The other way round it is another number.
    expect(await evaluate(({ a, b }) => synergisticContrast(b, a), { a: first, b: second })).not.toBeCloseTo(wanted, 3)
  })

  it('pulls at both views, and picks the nearest alone as τ falls', async () => {
    const views = {
      a: [
        [1, 0.2],
        [0.1, 2],
        [-1, 0.3],
      ],
      b: [
        [2, -0.4],
        [1, 1],
        [-1, -0.2],
      ],
    }
    const check = await checkGradients(({ a, b }) => synergisticContrast(a as Tensor, b as Tensor), views)
    expect(check.error).toBeLessThan(1e-8)
    // Every node's second view is nearest to it, but for the second: there it is the first view of the first node.
    const cold = Number(await evaluate(({ a, b }) => synergisticContrast(a, b, { temperature: 1e-3 }), views))
    const cosine = (x: readonly number[], y: readonly number[]): number =>
      ((x[0] ?? 0) * (y[0] ?? 0) + (x[1] ?? 0) * (y[1] ?? 0)) / (Math.hypot(...x) * Math.hypot(...y))
    const lags = views.a.map((x, at) => {
      const own = cosine(x, views.b[at] ?? [])
      const rest = [...views.a.filter((_, other) => other !== at), ...views.b].map((y) => cosine(x, y))
      return Math.max(0, Math.max(...rest) - own) / 1e-3
    })
    expect(cold).toBeCloseTo(lags.reduce((sum, lag) => sum + lag, 0) / 3, 3)
  })

  it('draws other nodes for another key, and says how few it can do with', async () => {
    const data = Float32Array.from({ length: 60 }, (_, at) => (at % 2 ? Math.cos(1.5 * at) : Math.sin(at / 2)))
    const sampled = (nodes: number) =>
      compile(({ a, key }) => synergisticContrast(a, a, { sample: { nodes, key } }), {
        inputs: { a: spec([30, 2]), key: spec([2], 'uint32') },
      })
    const inputs = (key: number) => ({ a: value(data, [30, 2]), key: value(Uint32Array.of(key, 1)) })
    const [some, whole] = [await sampled(10), await sampled(30)]
    const of = async (key: number): Promise<number> => Number((await some(inputs(key))).data[0])
    expect(await of(1)).toBe(await of(1))
    expect(await of(1)).not.toBe(await of(2))
    let sum = 0
    for (let key = 0; key < 1000; key++) sum += await of(key)
    // One draw deviates by less than 0.5, the mean of 1000 by less than 0.016; the logarithm of a sum over a sample is a
    // little too low.
    expect(Math.abs(sum / 1000 - Number((await whole(inputs(0))).data[0]))).toBeLessThan(0.05)
    for (const each of [some, whole]) await each.dispose()
    await expect(sampled(1)).rejects.toThrow('the sample has 1 nodes')
  })
})

// Users 0 and 1 share item 0, users 1 and 2 item 1; user 3 took item 3 alone, user 4 nothing. Nobody took item 4.
const small = interactionSet(
  interactionLog({ users: [0, 1, 1, 2, 2, 3], items: [0, 0, 1, 1, 2, 3], userCount: 5, itemCount: 5 }),
)
// Items 0, 1 and 4 point the same way by the first kind, 2 across, 3 nowhere; by the second 2 and 3 are one.
const kinds = [
  toValue([
    [1, 0],
    [2, 0],
    [0, 1],
    [0, 0],
    [3, 0],
  ]),
  toValue([
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
    [0, 0, 2],
    [-1, 0, 0],
  ]),
].map(({ data, shape }) => value(Float32Array.from(data as ArrayLike<number>), shape))

async function matrixOf(graph: Awaited<ReturnType<typeof itemHypergraph>>): Promise<number[][]> {
  const found = await evaluate(({ x }) => propagateHypergraph(graph, x), {
    x: Array.from({ length: graph.nodes }, (_, row) =>
      Array.from({ length: graph.nodes }, (_, column) => (row === column ? 1 : 0)),
    ),
  })
  return found as number[][]
}

describe('hypergraphs', () => {
  it('let users hear the mean of those they share items with, and nobody where there is none', async () => {
    expect(await matrixOf(userHypergraph(small))).toEqual([
      [0, 1, 0, 0, 0],
      [0.5, 0, 0.5, 0, 0],
      [0, 1, 0, 0, 0],
      [0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0],
    ])
  })

  it('let items hear those whose neighbourhoods meet theirs, by all kinds together', async () => {
    // Nearest two by the first kind: 0 → {0, 1}, 1 → {1, 0}, 2 → {2}, 3 → {3}, 4 → {4, 0};
    // by the second: 0 → {0}, 1 → {1}, 2 → {2, 3}, 3 → {3, 2}, 4 → {4}.
    const shared = [
      [3, 2, 0, 0, 1],
      [2, 3, 0, 0, 1],
      [0, 0, 3, 2, 0],
      [0, 0, 2, 3, 0],
      [1, 1, 0, 0, 3],
    ]
    const degrees = shared.map((row) => row.reduce((sum, number) => sum + number, 0))
    const found = await matrixOf(await itemHypergraph(5, kinds, 2))
    for (const [row, numbers] of shared.entries())
      for (const [column, number] of numbers.entries())
        expect(found[row]?.[column], `${row}, ${column}`).toBeCloseTo(
          number / Math.sqrt((degrees[row] ?? 0) * (degrees[column] ?? 0)),
          6,
        )
    // The root of the degrees is what it leaves as it is: its largest eigenvalue is 1.
    for (const [row, numbers] of found.entries())
      expect(numbers.reduce((sum, number, column) => sum + number * Math.sqrt(degrees[column] ?? 0), 0)).toBeCloseTo(
        Math.sqrt(degrees[row] ?? 0),
        6,
      )
  })

  it('say which features do not fit', async () => {
    await expect(itemHypergraph(4, kinds, 2)).rejects.toThrow('features 0 are [5, 2], expected a row for each of the 4')
    await expect(itemHypergraph(5, [], 2)).rejects.toThrow('there are no features')
  })
})

async function viewsOf(sides: { users: boolean; modalities?: readonly TensorValue[] }, model?: 'mf' | 'ngcf') {
  const network = await hypergraphNetwork(small, sides, { width: 4, neighbours: 2, ...(model && { model }) }, seeded(3))
  const forward = await compile((_, held) => network.views(held), { inputs: {}, parameters: network.parameters })
  const { vectors, users, items } = await forward({})
  await forward.dispose()
  const rows = ({ data, shape }: TensorValue): number[][] =>
    Array.from({ length: shape[0] ?? 0 }, (_, row) =>
      Array.from({ length: shape[1] ?? 0 }, (_, column) => Number(data[row * (shape[1] ?? 0) + column])),
    )
  return {
    network,
    vectors: rows(vectors),
    users: users && rows(users),
    items: items && rows(items),
  }
}

describe('hypergraph networks', () => {
  it('are LightGCN, and its like, without hypergraphs', async () => {
    for (const model of ['mf', 'ngcf', undefined] as const) {
      const { network, vectors, users, items } = await viewsOf({ users: false }, model)
      expect([users, items]).toEqual([undefined, undefined])
      const plain = graphNetwork(small, { model: model ?? 'light-gcn', width: 4, layers: 2 }, seeded(3))
      const forward = await compile((_, held) => plain.vectors(held), {
        inputs: {},
        parameters: network.parameters.graph,
      })
      expect(Array.from((await forward({})).data as ArrayLike<number>)).toEqual(vectors.flat())
      await forward.dispose()
    }
  })

  it('add the last round of the second order at length 1, and nothing to a node that shares nothing', async () => {
    const both = await viewsOf({ users: true, modalities: kinds })
    const none = await viewsOf({ users: false })
    // The same start for the first order: it is drawn before the rest.
    const added = both.vectors.map((row, at) => row.map((number, column) => number - (none.vectors[at]?.[column] ?? 0)))
    const lengths = added.map((row) => Math.hypot(...row))
    for (const [node, length] of [1, 1, 1, 0, 0, 1, 1, 1, 1, 1].entries())
      expect(lengths[node], `node ${node}`).toBeCloseTo(length, 5)
    const start = both.network.parameters.users
    if (!start) throw new Error('there is no table of users')
    const graph = userHypergraph(small)
    const wanted = (await evaluate(
      () => propagateHypergraph(graph, propagateHypergraph(graph, propagateHypergraph(graph, constant(start)))),
      {},
    )) as number[][]
    for (const [user, row] of wanted.entries())
      for (const [column, number] of row.entries()) expect(both.users?.[user]?.[column]).toBeCloseTo(number, 6)
  })
})

const world = modalShop({ users: 120, items: 100, circles: 4, taken: 6 }, seeded(5))
const set = interactionSet(interactionLog({ ...world.early, userCount: 120, itemCount: 100 }))
const { train, valid, test } = randomSplit(set, seeded(6), { test: 0.3, valid: 0.15 })
const late = interactionSet(interactionLog({ ...world.late, userCount: 120, itemCount: 100 }))
const modalities = world.features.map((data) => value(data, [100, world.width]))
const quick: MmhclOptions = {
  ...{ width: 16, learningRate: 1e-2, batchSize: 128, epochs: 8, checkpointEvery: 0, modalities },
}

describe('mmhcl', () => {
  it('learns, and adds both contrasts to the loss', async () => {
    const firstLoss = async (options: MmhclOptions): Promise<readonly [number, number]> => {
      const losses: number[] = []
      const onMetrics = ({ kind, loss }: FitMetrics): void => void (kind === 'step' && losses.push(loss))
      await (await mmhcl(train, { ...quick, lambda: 0, onMetrics, ...options }, fresh())).dispose()
      return [losses[0] ?? 0, losses.at(-1) ?? 0]
    }
    const [first, last] = await firstLoss({})
    expect(last).toBeLessThan(first)
    // Once more of each weight adds once more of its contrast, the step's choices and start being the same.
    const [plain] = await firstLoss({ userWeight: 1e-9, itemWeight: 1e-9 })
    const [users] = await firstLoss({ userWeight: 1, itemWeight: 1e-9 })
    const [items] = await firstLoss({ userWeight: 1e-9, itemWeight: 1 })
    const [all] = await firstLoss({ userWeight: 1, itemWeight: 1 })
    expect(all - plain).toBeCloseTo(users - plain + (items - plain), 4)
    // A fused view is near its own second one: less than what likeness to all would give, and above nothing.
    expect(users - plain).toBeGreaterThan(0)
    expect(users - plain).toBeLessThan(Math.log(2 * 120 - 1))
    expect(items - plain).toBeLessThan(Math.log(2 * 100 - 1))
  })

  it('finds more of what was held out with features than with those of other items', async () => {
    const recall = async (kinds: readonly TensorValue[]): Promise<number> => {
      const model = await mmhcl(train, { ...quick, epochs: 25, modalities: kinds, valid }, fresh())
      const { means } = await evaluateRanking(model, test, { metrics: ['recall'] })
      await model.dispose()
      return means['recall@20'] ?? 0
    }
    const order = Array.from({ length: 100 }, (_, item) => (item * 37) % 100)
    const others = world.features.map((data) =>
      value(
        Float32Array.from(data, (_, at) => data[(order[Math.floor(at / 16)] ?? 0) * 16 + (at % 16)] ?? 0),
        [100, 16],
      ),
    )
    expect(await recall(modalities)).toBeGreaterThan(1.1 * (await recall(others)))
  })

  it('finds items that came later by what they are like, where they sink when only trained', async () => {
    const recall = async (coldItems: 'trained' | 'placed'): Promise<number> => {
      const model = await mmhcl(train, { ...quick, epochs: 30, coldItems }, fresh())
      const { means } = await evaluateRanking(model, late, { metrics: ['recall'] })
      await model.dispose()
      return means['recall@20'] ?? 0
    }
    const [trained, placed] = [await recall('trained'), await recall('placed')]
    expect(placed).toBeGreaterThan(1.5 * trained)
  })

  it('gives the same numbers for a seed, goes on after a stop, and is saved with its second order', async () => {
    const options: MmhclOptions = { ...quick, contrastNodes: 50, checkpointEvery: 3 }
    const whole = await mmhcl(train, options, fresh())
    const place = join(folder, 'stopped')
    const stop = new AbortController()
    let steps = 0
    const onMetrics = ({ kind }: FitMetrics): void => {
      if (kind === 'step' && ++steps === 17) stop.abort()
    }
    await expect(
      mmhcl(train, { ...options, onMetrics }, startRun({ seed: 1, folder: place, signal: stop.signal })),
    ).rejects.toThrow()
    const resumed = await mmhcl(train, options, startRun({ seed: 1, folder: place }))
    const other = await mmhcl(train, options, fresh(2))
    const audience = { users: [0, 5, 119] }
    const wanted = await whole.scoreItems(audience)
    expect(await resumed.scoreItems(audience)).toEqual(wanted)
    expect(await other.scoreItems(audience)).not.toEqual(wanted)
    const path = join(folder, 'mmhcl.safetensors')
    await whole.save(path)
    const loaded = (await loadRecommender(path)) as MmhclRecommender
    expect(loaded.kind).toBe('mmhcl')
    expect(loaded.secondOrder).toEqual(whole.secondOrder)
    for (const each of [audience, { histories: [historyOf(train, 3), [], [7, 7]] }])
      expect(await loaded.scoreItems(each)).toEqual(await whole.scoreItems(each))
    const plain = await mmhcl(train, { ...quick, modalities: [], itemWeight: 0, epochs: 1 }, fresh())
    await plain.save(path)
    expect(((await loadRecommender(path)) as MmhclRecommender).secondOrder).toBeUndefined()
  })

  it('takes new items in by their features alone', async () => {
    const model = await mmhcl(train, quick, fresh())
    const twin = modalities.map(({ data }) => value(Float32Array.from(data.slice(0, 16) as ArrayLike<number>), [1, 16]))
    const more = await model.withNewItems(modalities, twin)
    expect(more.items).toBe(101)
    const users = { users: [2, 3] }
    const [old, now] = [await model.scoreItems(users), await more.scoreItems(users)]
    expect(now.slice(0, 100)).toEqual(old.slice(0, 100))
    expect(now.slice(101, 201)).toEqual(old.slice(100, 200))
    const plain = await mmhcl(train, { ...quick, itemWeight: 0, epochs: 1 }, fresh())
    await expect(plain.withNewItems(modalities, twin)).rejects.toThrow('without features')
  })

  it('says which options are out of range', async () => {
    for (const [options, message] of [
      [{ userWeight: -1 }, 'userWeight is -1'],
      [{ temperature: 0 }, 'temperature is 0'],
      [{ decay: 0 }, 'decay is 0'],
      [{ learningRate: 0 }, 'learningRate is 0'],
      [{ lambda: -1 }, 'lambda is -1'],
      [{ messageDropout: 1 }, 'messageDropout is 1'],
      [{ contrastNodes: 1 }, 'contrastNodes is 1'],
      [{ batchSize: 0 }, 'batchSize is 0'],
      [{ userLayers: 0 }, 'userLayers is 0'],
      [{ itemLayers: 1.5 }, 'itemLayers is 1.5'],
      [{ neighbours: 0 }, 'neighbours is 0'],
      [{ itemWeight: 0, coldItems: 'placed' }, 'needs features'],
    ] as const)
      await expect(mmhcl(train, { ...quick, ...options }, fresh()), message).rejects.toThrow(message)
    const { modalities: _, ...bare } = quick
    await expect(mmhcl(train, { ...bare, itemWeight: 0.1 }, fresh())).rejects.toThrow('no features of items')
  })
})

describe('new items', () => {
  const known = {
    modalities: kinds,
    // One direction an item, so that the weights can be read off.
    secondOrder: Float32Array.from({ length: 25 }, (_, at) => (Math.floor(at / 5) === at % 5 ? 1 : 0)),
    width: 5,
  }

  it('lie where items lie that share their neighbourhoods, as often as they do', async () => {
    // With k = 2 the new item has one neighbour a kind: by the first item 0 (of 0, 1 and 4 the first), which 0, 1 and 4
    // have among theirs; by the second item 2 (before 3, its double), which 2 and 3 have.
    const placed = await placeItems(
      known,
      [value(Float32Array.of(5, 0), [1, 2]), value(Float32Array.of(0, 0, 1), [1, 3])],
      2,
    )
    for (const number of placed) expect(number).toBeCloseTo(1 / Math.sqrt(5), 6)
    const one = await placeItems(
      known,
      [value(Float32Array.of(5, 0), [1, 2]), value(Float32Array.of(0, -1, 0), [1, 3])],
      2,
    )
    expect([...one].map((number) => Math.round(number * Math.sqrt(3)))).toEqual([1, 1, 0, 0, 1])
  })

  it('lie nowhere when they are like nothing', async () => {
    const zeros = [value(new Float32Array(2), [1, 2]), value(new Float32Array(3), [1, 3])]
    expect([...(await placeItems(known, zeros, 3))]).toEqual([0, 0, 0, 0, 0])
  })

  it('say what does not fit', async () => {
    const right = [value(new Float32Array(2), [1, 2]), value(new Float32Array(3), [1, 3])]
    await expect(placeItems(known, right, 1)).rejects.toThrow('neighbours is 1')
    await expect(placeItems(known, right.slice(1), 2)).rejects.toThrow('there are 1 kinds')
    await expect(placeItems(known, [...right].reverse(), 2)).rejects.toThrow('features 0 of new items are [1, 3]')
  })
})
