import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fetchedFolder } from '../../collect/index.ts'
import { seeded, startRun } from '../../run/index.ts'
import { compile, type FitMetrics, isTensorValue, mapTree, value } from '../../tensor/index.ts'
import { shopWorld } from '../../worlds/index.ts'
import { evaluateRanking } from '../evaluation/evaluate-ranking.ts'
import { interactionLog } from '../interactions/interaction-log.ts'
import { historyOf, interactionSet } from '../interactions/interaction-set.ts'
import { readInteractions } from '../interactions/read-interactions.ts'
import { loadRecommender } from '../load-recommender.ts'
import { randomSplit } from '../split.ts'
import { type GraphNetworkOptions, graphNetwork } from './graph-network.ts'
import { type GraphRecommenderOptions, graphRecommender } from './graph-recommender.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-graph-'))
let folders = 0
const fresh = (seed = 1) => startRun({ seed, folder: join(folder, String(folders++)) })

// User 3 has taken nothing, user 4 everything.
const small = interactionSet(
  interactionLog({
    users: [0, 0, 1, 1, 2, 2, 4, 4, 4, 4, 4],
    items: [0, 1, 1, 2, 2, 3, 0, 1, 2, 3, 4],
    userCount: 5,
    itemCount: 5,
  }),
)

async function vectorsOf(options: GraphNetworkOptions, change: (path: string, data: Float32Array) => void = () => {}) {
  const network = graphNetwork(small, options, seeded(3))
  const at = new Map<unknown, string>()
  const walk = (tree: unknown, path: string): void => {
    if (isTensorValue(tree)) at.set(tree, path)
    else if (tree && typeof tree === 'object')
      for (const [key, branch] of Object.entries(tree)) walk(branch, path === '' ? key : `${path}.${key}`)
  }
  walk(network.parameters, '')
  const parameters = mapTree(network.parameters, isTensorValue, (held) => {
    const data = Float32Array.from(held.data as ArrayLike<number>)
    change(at.get(held) ?? '', data)
    return value(data, held.shape)
  }) as typeof network.parameters
  const forward = await compile((_, symbolic) => network.vectors(symbolic), { inputs: {}, parameters })
  const { data } = await forward({})
  await forward.dispose()
  const embedding = Array.from(parameters.embedding.data as ArrayLike<number>)
  return { vectors: Array.from(data as ArrayLike<number>), embedding, width: network.width }
}

/** The graph of `small`, written down: neighbours of the nodes, items being 5 to 9. */
const neighbours = [[5, 6], [6, 7], [7, 8], [], [5, 6, 7, 8, 9], [0, 4], [0, 1, 4], [1, 2, 4], [2, 4], [4]]
const degree = (node: number): number => neighbours[node]?.length ?? 0

/** Rounds of neighbours' sums by weights, on plain numbers. */
function propagated(x: readonly number[], width: number, weight: (to: number, from: number) => number, own: number[]) {
  return neighbours.flatMap((from, node) =>
    Array.from({ length: width }, (_, at) =>
      [...from, node].reduce(
        (total, other) =>
          total + (other === node ? (own[node] ?? 0) : weight(node, other)) * (x[other * width + at] ?? 0),
        0,
      ),
    ),
  )
}

function expectClose(found: readonly number[], wanted: readonly number[]): void {
  expect(found.length).toBe(wanted.length)
  for (const [at, number] of wanted.entries()) expect(found[at], `at ${at}`).toBeCloseTo(number, 5)
}

describe('networks of graph recommenders', () => {
  it('are the embeddings themselves without rounds, whatever the model', async () => {
    const plain = await vectorsOf({ model: 'mf', width: 4 })
    expect(plain.vectors).toEqual(plain.embedding)
    for (const model of ['ngcf', 'light-gcn', 'gcn'] as const)
      expect((await vectorsOf({ model, width: 4, layers: 0 })).vectors, model).toEqual(plain.vectors)
  })

  it('average rounds over D^-½ A D^-½ in LightGCN, where nobody’s own vector comes back but in round 0', async () => {
    const { vectors, embedding } = await vectorsOf({ model: 'light-gcn', width: 4, layers: 2 })
    const symmetric = (x: readonly number[]) =>
      propagated(x, 4, (to, from) => 1 / Math.sqrt(degree(to) * degree(from)), [])
    const [once, twice] = [symmetric(embedding), symmetric(symmetric(embedding))]
    expectClose(
      vectors,
      embedding.map((number, at) => (number + (once[at] ?? 0) + (twice[at] ?? 0)) / 3),
    )
    // User 3 has no neighbour.
    expectClose(
      vectors.slice(12, 16),
      embedding.slice(12, 16).map((number) => number / 3),
    )
  })

  it('propagate linearly along (D + I)⁻¹(A + I) in NGCF’s code when weights are the identity and products zero', async () => {
    const identity = (path: string, data: Float32Array): void => {
      if (!path.includes('weight')) return
      data.fill(0)
      if (path.includes('sum')) for (let at = 0; at < 4; at++) data[at * 5] = 1
    }
    // All positive, so that the leaky ReLU passes them on as they are.
    const { vectors, embedding, width } = await vectorsOf({ width: 4, layers: 2 }, (path, data) => {
      identity(path, data)
      if (path === 'embedding') for (const [at, number] of data.entries()) data[at] = Math.abs(number)
    })
    expect(width).toBe(12)
    const own = neighbours.map((from) => 1 / (from.length + 1))
    const step = (x: readonly number[]) => propagated(x, 4, (to) => 1 / (degree(to) + 1), own)
    const [once, twice] = [step(embedding), step(step(embedding))]
    const unit = (x: readonly number[], node: number): number[] => {
      const row = x.slice(node * 4, node * 4 + 4)
      return row.map((number) => number / Math.hypot(...row))
    }
    // Layers go into the result with length 1 and into the next layer as they are; embeddings stay as they are.
    expectClose(
      vectors,
      neighbours.flatMap((_, node) => [
        ...embedding.slice(node * 4, node * 4 + 4),
        ...unit(once, node),
        ...unit(twice, node),
      ]),
    )
  })

  it('differ between NGCF’s code and paper, and keep an isolated node finite in both', async () => {
    const code = await vectorsOf({ width: 4, layers: 1 })
    const paper = await vectorsOf({ width: 4, layers: 1, variant: 'paper' })
    expect(code.embedding).toEqual(paper.embedding)
    expect(code.vectors).not.toEqual(paper.vectors)
    for (const { vectors } of [code, paper]) expect(vectors.every(Number.isFinite)).toBe(true)
  })

  it('say what sizes they take', () => {
    expect(() => graphNetwork(small, { width: 0 }, seeded(1))).toThrow('width is 0')
    expect(() => graphNetwork(small, { layers: -1 }, seeded(1))).toThrow('layers is -1')
  })
})

const world = shopWorld({ users: 200, items: 160, circles: 4, inside: 0.12, outside: 0.004 }, seeded(5))
const set = interactionSet(interactionLog({ ...world, userCount: world.userCount, itemCount: world.itemCount }))
const { train, valid, test } = randomSplit(set, seeded(6), { test: 0.2, valid: 0.1 })
const quick = { width: 16, layers: 2, learningRate: 1e-2, batchSize: 256, epochs: 6 } as const

describe('graph recommenders', () => {
  it('learn, from a loss of ln 2 where all scores are near nothing: where layers are not brought to length 1', async () => {
    for (const model of ['ngcf', 'light-gcn', 'gcn', 'mf'] as const) {
      const losses: number[] = []
      const onMetrics = ({ kind, loss }: FitMetrics): void => void (kind === 'step' && losses.push(loss))
      await (await graphRecommender(train, { ...quick, model, onMetrics, checkpointEvery: 0 }, fresh())).dispose()
      if (model !== 'ngcf') expect(losses[0], model).toBeCloseTo(Math.LN2, 1)
      expect(losses.at(-1), model).toBeLessThan((losses[0] ?? 0) - 0.02)
    }
  })

  it('find more of what was held out than vectors without a graph where few items are known', async () => {
    const recall = async (options: GraphRecommenderOptions) => {
      const model = await graphRecommender(train, { ...quick, epochs: 30, checkpointEvery: 0, ...options }, fresh())
      const { means } = await evaluateRanking(model, test, { metrics: ['recall'] })
      return means['recall@20'] ?? Number.NaN
    }
    const plain = await recall({ model: 'mf' })
    for (const model of ['ngcf', 'light-gcn', 'gcn'] as const)
      expect(await recall({ model }), model).toBeGreaterThan(1.2 * plain)
  })

  it('give the same numbers again, and others with another seed', async () => {
    const scores = async (seed: number) => {
      const model = await graphRecommender(train, { ...quick, epochs: 2, checkpointEvery: 0 }, fresh(seed))
      return model.scoreItems({ users: [0, 1] })
    }
    const first = await scores(1)
    expect(await scores(1)).toEqual(first)
    expect(await scores(2)).not.toEqual(first)
  })

  it('go on after a stop as if there had been none', async () => {
    const options = { ...quick, valid, validateEvery: 2 } as const
    const whole = await graphRecommender(train, options, fresh())
    const place = join(folder, 'stopped')
    const stop = new AbortController()
    const stopping = graphRecommender(
      train,
      { ...options, onMetrics: ({ updates }) => updates === 10 && stop.abort(new Error('enough')) },
      startRun({ seed: 1, folder: place, signal: stop.signal }),
    )
    await expect(stopping).rejects.toThrow('enough')
    const epochs: number[] = []
    const resumed = await graphRecommender(
      train,
      { ...options, onMetrics: ({ kind, epoch }) => void (kind === 'step' && epochs.push(epoch)) },
      startRun({ seed: 1, folder: place }),
    )
    expect(epochs[0]).toBeGreaterThan(1)
    const users = Array.from({ length: set.users }, (_, user) => user)
    expect(await resumed.scoreItems({ users })).toEqual(await whole.scoreItems({ users }))
  })

  it('end with the epoch that found most of the validation items, and stop when it stays the best', async () => {
    const found: number[] = []
    const model = await graphRecommender(
      train,
      {
        ...quick,
        model: 'mf',
        learningRate: 0.05,
        epochs: 60,
        valid,
        validateEvery: 1,
        patience: 3,
        checkpointEvery: 0,
        onMetrics: ({ validation }) => void (validation && found.push(validation['recall@20'] ?? Number.NaN)),
      },
      fresh(),
    )
    expect(found.length).toBeLessThan(60)
    expect(found.length - 1 - found.indexOf(Math.max(...found))).toBe(3)
    const { means } = await evaluateRanking(model, valid, { metrics: ['recall'] })
    expect(means['recall@20']).toBe(Math.max(...found))
  })

  it('are saved and read with all they know, and fold new people in', async () => {
    const model = await graphRecommender(train, { ...quick, epochs: 20, checkpointEvery: 0 }, fresh())
    const path = join(folder, 'model.safetensors')
    await model.save(path)
    const loaded = await loadRecommender(path)
    expect(loaded.kind).toBe('ngcf')
    const histories = [[3, 7, 3], [1]]
    for (const audience of [{ users: [4, 9] }, { histories }])
      expect(await loaded.scoreItems(audience)).toEqual(await model.scoreItems(audience))
    expect(await model.scoreItems({ histories: [[3, 7]] })).toEqual(await model.scoreItems({ histories: [[7, 3, 3]] }))
    const recall = async (history?: (user: number) => Uint32Array) =>
      (await evaluateRanking(model, test, { metrics: ['recall'], ...(history && { history }) })).means['recall@20'] ?? 0
    expect(await recall((user) => historyOf(train, user))).toBeGreaterThan(0.8 * (await recall()))
  })

  it('say which options are out of range', async () => {
    for (const [options, message] of [
      [{ learningRate: 0 }, 'learningRate is 0'],
      [{ lambda: -1 }, 'lambda is -1'],
      [{ messageDropout: 1 }, 'messageDropout is 1'],
      [{ batchSize: 0 }, 'batchSize is 0'],
      [{ epochs: 0 }, 'epochs is 0'],
      [{ patience: 0 }, 'patience is 0'],
    ] as const)
      await expect(graphRecommender(train, options, fresh()), message).rejects.toThrow(message)
  })
})

const gowalla = join(fetchedFolder(), 'gowalla')
describe('on real data', () => {
  // The published split of LightGCN and NGCF (SNAP, for research) does not come with the package.
  it.skipIf(!existsSync(gowalla))('reads Gowalla as published, where PENCHANT_DATASETS has gowalla', async () => {
    const read = async (name: string) =>
      interactionSet(
        await readInteractions(join(gowalla, name), { layout: 'lists', numberedFrom: 0, users: 29_858, items: 40_981 }),
      )
    expect((await read('train.txt.gz')).columns.length).toBe(810_128)
    expect((await read('test.txt.gz')).columns.length).toBe(217_242)
  })
})
