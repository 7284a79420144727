import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Run, seeded, startRun } from '../../run/index.ts'
import { shownItemsWorld } from '../../worlds/index.ts'
import { evaluateImpressions } from '../impressions/evaluate-impressions.ts'
import { featureTable } from '../impressions/feature-table.ts'
import { type Impressions, impressionsOf, selectRequests } from '../impressions/impressions.ts'
import { loadRecommender } from '../load-recommender.ts'
import { isBehaviourRanker } from './behaviour-ranker.ts'
import { type BehaviourRankerOptions, behaviourRanker } from './fit-behaviour-ranker.ts'
import type { RankerFeatures } from './ranker-network.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-ranker-'))
afterAll(() => rmSync(folder, { recursive: true }))
const runIn = (name: string, more: Parameters<typeof startRun>[0] = {}): Run =>
  startRun({ seed: 3, folder: join(folder, name), ...more })

// Users 0 to 89 ask for items of one of two kinds and take those whose feature their group likes.
const world = shownItemsWorld(
  { users: 90, items: 60, groups: 2, features: 2, tags: 4, categories: 2, many: 12, requests: 4, shown: 6, scale: 6 },
  seeded(1),
)
const all = impressionsOf(world.requests, world.itemCount)
const [train, test] = [0, 1].map((part) => selectRequests(all, (request) => (request % 4 === 3 ? 1 : 0) === part)) as [
  Impressions,
  Impressions,
]
const features: RankerFeatures = {
  items: featureTable(world.itemCount, { fields: { tag: Array.from(world.tags, String) }, numbers: world.features }),
  queries: featureTable(world.categoryCount),
}
const small: BehaviourRankerOptions = {
  ...{ experts: 2, width: 4, hidden: [16], unitHidden: [8], length: 8 },
  ...{ batchSize: 128, learningRate: 0.02, epochs: 4 },
  session: { spinning: false, threads: 1 },
}

describe('a ranker by behaviours', () => {
  it('learns what its users take, in each of its forms', async () => {
    for (const model of ['aw-moe', 'category-moe', 'din', 'dnn'] as const) {
      const ranker = await behaviourRanker(train, features, { ...small, model, checkpointEvery: 0 }, runIn(model))
      expect(ranker.kind).toBe(model)
      const { means } = evaluateImpressions(await ranker.scoreImpressions(test), test)
      expect(means['auc'], model).toBeGreaterThan(0.75)
      await ranker.dispose()
    }
  })

  it('gives a request of its own the order of its chances, and one with numbers what it needs', async () => {
    const numbers = { width: 1, data: Float32Array.from(train.labels, (label) => label - 0.5) }
    const told: Impressions = { ...train, numbers }
    const ranker = await behaviourRanker(
      told,
      { ...features, numbers: 1 },
      { ...small, checkpointEvery: 0 },
      runIn('told'),
    )
    // What is to be found out is given away, so that the ranker must use it.
    const { items, chances } = await ranker.rankItems(
      { query: 0, history: [3, 4] },
      [7, 9, 11],
      Float32Array.of(-0.5, 0.5, -0.5),
    )
    expect(items[0]).toBe(9)
    expect([...chances].toSorted((a, b) => b - a)).toEqual([...chances])
    await expect(ranker.rankItems({}, [7, 9], Float32Array.of(1))).rejects.toThrow('1 numbers of 2 items, expected 1')
    await expect(ranker.rankItems({ query: 2 }, [7], Float32Array.of(1))).rejects.toThrow('there is no query 2')
    await expect(ranker.rankItems({ history: [60] }, [7], Float32Array.of(1))).rejects.toThrow('there is no behaviour')
    await expect(ranker.rankItems({}, [60], Float32Array.of(1))).rejects.toThrow('there is no item 60')
    await ranker.dispose()
  })

  it('recommends where it can score everything, and is the same after it was saved', async () => {
    const ranker = await behaviourRanker(train, features, { ...small, epochs: 2, checkpointEvery: 0 }, runIn('saved'))
    const users = { users: [0, 1, 2, 89] }
    const scores = await ranker.scoreItems(users)
    const path = join(folder, 'ranker.safetensors')
    await ranker.save(path)
    const loaded = await loadRecommender(path)
    if (!isBehaviourRanker(loaded)) throw new Error('no ranker was loaded')
    expect(loaded.shape).toEqual(ranker.shape)
    expect(loaded.features.items.fields.map(({ name, labels }) => [name, labels])).toEqual(
      features.items.fields.map(({ name, labels }) => [name, labels]),
    )
    expect(await loaded.scoreItems(users)).toEqual(scores)
    expect(await loaded.scoreImpressions(test)).toEqual(await ranker.scoreImpressions(test))
    const { items } = await loaded.recommend({ histories: [[1, 2, 3]] }, { count: 60 })
    expect(new Set(items)).toEqual(
      new Set([-1, ...Array.from({ length: 60 }, (_, item) => item).filter((item) => ![1, 2, 3].includes(item))]),
    )
    // Candidates have the scores that they have among all items.
    const wanted = { rows: 2, count: 3, items: Int32Array.of(5, 9, -1, 0, 1, 2) }
    const some = await loaded.scoreCandidates({ users: [0, 1] }, wanted)
    for (const [at, item] of wanted.items.entries())
      if (item < 0) expect(some[at]).toBe(Number.NEGATIVE_INFINITY)
      else expect(some[at]).toBeCloseTo(scores[Math.floor(at / 3) * 60 + item] ?? 0, 4)
    await ranker.dispose()
    await loaded.dispose()
  })

  it('scores somebody of whom nothing is known by how often items were taken, as every recommender', async () => {
    const ranker = await behaviourRanker(train, features, { ...small, epochs: 1, checkpointEvery: 0 }, runIn('nobody'))
    const [all = new Float32Array(0), few] = [
      await ranker.scoreItems({ histories: [[]] }),
      await ranker.scoreCandidates({ histories: [[]] }, { rows: 1, count: 2, items: Int32Array.of(4, 8) }),
    ]
    expect([...few]).toEqual([all[4], all[8]])
    expect(Number.isInteger(all[4])).toBe(true)
    // For a request it has a gate of its own instead.
    const { chances } = await ranker.rankItems({ query: 1 }, [4, 8])
    for (const chance of chances) expect(chance > 0 && chance < 1).toBe(true)
    await ranker.dispose()
  })

  it('goes on after a stop with the same numbers, and stops at the best epoch', async () => {
    const options: BehaviourRankerOptions = { ...small, valid: test, patience: 2, epochs: 4 }
    const epochs: number[] = []
    const whole = await behaviourRanker(
      train,
      features,
      { ...options, onMetrics: ({ kind, validation }) => kind === 'epoch' && epochs.push(validation?.['auc'] ?? 0) },
      runIn('whole'),
    )
    const stop = new AbortController()
    const interrupted = behaviourRanker(
      train,
      features,
      {
        ...options,
        onMetrics: ({ kind, epoch }) => kind === 'epoch' && epoch === 2 && stop.abort(new Error('stopped')),
      },
      runIn('parts', { signal: stop.signal }),
    )
    await expect(interrupted).rejects.toThrow('stopped')
    const resumed = await behaviourRanker(train, features, options, runIn('parts'))
    const scores = await whole.scoreImpressions(test)
    expect(await resumed.scoreImpressions(test)).toEqual(scores)
    expect(evaluateImpressions(scores, test).auc).toBeCloseTo(Math.max(...epochs), 6)
    await whole.dispose()
    await resumed.dispose()
  })

  it('says what does not fit', async () => {
    const fitted = (options: BehaviourRankerOptions, other: RankerFeatures = features, given: Impressions = train) =>
      behaviourRanker(given, other, options, runIn('wrong'))
    await expect(fitted({ experts: 0 })).rejects.toThrow('experts is 0')
    await expect(fitted({ contrast: -1 })).rejects.toThrow('contrast is -1')
    await expect(fitted({ gateBy: 'query' }, { items: features.items })).rejects.toThrow('nothing is known of queries')
    await expect(fitted({}, { ...features, items: featureTable(3) })).rejects.toThrow('of 60 items, expected 3')
    await expect(fitted({}, { ...features, numbers: 2 })).rejects.toThrow(
      'have 0 numbers for each shown item, expected 2',
    )
    await expect(fitted({}, { ...features, users: featureTable(2) })).rejects.toThrow('there is no user 2')
    const { queries: _, ...silent } = train
    await expect(fitted({}, features, silent)).rejects.toThrow('the impressions have no queries')
  })
})
