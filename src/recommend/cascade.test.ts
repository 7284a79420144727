import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { ease } from './baseline/ease.ts'
import { itemNeighbours } from './baseline/item-neighbours.ts'
import { popularity } from './baseline/popularity.ts'
import { shopLog } from './baseline/shop.fixture.ts'
import { cascade } from './cascade.ts'
import { audienceSize, type Recommender } from './contract.ts'
import { evaluateRanking } from './evaluation/evaluate-ranking.ts'
import { interactionLog } from './interactions/interaction-log.ts'
import { type InteractionSet, interactionSet } from './interactions/interaction-set.ts'
import { loadRecommender } from './load-recommender.ts'
import { type Ranker, rankerOf } from './ranker.ts'
import { recommender } from './recommender.ts'
import { randomSplit } from './split.ts'

const train = interactionSet(interactionLog({ users: [0, 0, 1], items: [0, 5, 1], userCount: 3, itemCount: 6 }))

/** Scores every user alike. */
function fixed(kind: string, scores: readonly number[], set: InteractionSet = train): Recommender {
  return recommender({
    kind,
    items: scores.length,
    seen: set,
    scoring: {
      form: 'scores',
      scores: (audience) =>
        Float32Array.from(
          { length: audienceSize(audience) * scores.length },
          (_, at) => scores[at % scores.length] ?? 0,
        ),
    },
    tensors: {},
    metadata: {},
  })
}

/** Counts the items that it is asked for. */
function counting(scores: readonly number[]): Ranker & { readonly asked: number[][] } {
  const asked: number[][] = []
  return {
    kind: 'counting',
    items: scores.length,
    asked,
    async scoreCandidates(_, { rows, count, items }) {
      for (let row = 0; row < rows; row++) asked.push(Array.from(items.subarray(row * count, (row + 1) * count)))
      // What is no candidate gets a high score, which must not matter.
      return Float32Array.from(items, (item) => (item < 0 ? 99 : (scores[item] ?? 0)))
    },
  }
}

const finds = [6, 5, 4, 3, 2, 1]
const sorts = [1, 9, 2, 8, 3, 7]

describe('a cascade', () => {
  it('gives the last stage’s best of what the stages before it kept', async () => {
    const last = counting(sorts)
    const made = cascade([
      { by: fixed('finds', finds), keep: 5 },
      { by: fixed('coarse', [9, 0, 8, 7, 6, 5]), keep: 3 },
      { by: last },
    ])
    // 5 is not found; of 0 to 4 the coarse stage keeps 0, 2, 3; the last one likes 3 best.
    const found = await made.recommend({ histories: [[5]] }, { count: 2, exclude: 'nothing' })
    expect([...found.items]).toEqual([3, 2])
    expect([...found.scores]).toEqual([8, 2])
    expect(last.asked).toEqual([[0, 2, 3]])
    const scores = await made.scoreItems({ histories: [[5]] })
    expect([...scores]).toEqual([1, -Infinity, 2, 8, -Infinity, -Infinity])
  })

  it('is the last stage alone when nothing is dropped, whatever the others are', async () => {
    const log = interactionSet(shopLog(seeded(1)))
    const { train: known, test } = randomSplit(log, seeded(2))
    const last = ease(known)
    const whole = cascade([
      { by: popularity(known), keep: known.items },
      { by: await itemNeighbours(known) },
      { by: await last },
    ])
    const users = Uint32Array.from({ length: known.users }, (_, user) => user)
    const [ours, alone] = [
      await whole.recommend({ users }, { count: 10 }),
      await (await last).recommend({ users }, { count: 10 }),
    ]
    expect(ours.items).toEqual(alone.items)
    const report = await evaluateRanking(whole, test, { cutoffs: [10], metrics: ['recall'] })
    expect(report.means).toEqual(
      (await evaluateRanking(await last, test, { cutoffs: [10], metrics: ['recall'] })).means,
    )
    await whole.dispose()
  })

  it('obeys exclusions, filters and counts as recommend does, before any place is spent', async () => {
    const made = cascade([{ by: fixed('finds', finds), keep: 2 }, { by: counting(sorts) }])
    const ask = async (audience: object, options: object) => [
      ...(await made.recommend(audience as never, options)).items,
    ]
    // User 0 was trained on 0 and 5: 1 and 2 are found, and 1 is the better of them.
    expect(await ask({ users: [0] }, { count: 2 })).toEqual([1, 2])
    expect(await ask({ users: [0] }, { count: 2, exclude: 'nothing' })).toEqual([1, 0])
    expect(await ask({ users: [1, 0] }, { count: 1, exclude: (row: number) => (row === 0 ? [0, 1] : [1, 2]) })).toEqual(
      [3, 3],
    )
    expect(await ask({ histories: [[5]] }, { count: 2, filter: (item: number) => item > 2 })).toEqual([3, 4])
    // More than a stage keeps are asked for: it keeps as many.
    expect(await ask({ histories: [[5]] }, { count: 4 })).toEqual([1, 3, 2, 0])
    expect(await ask({ histories: [[5]] }, { count: 9, filter: (item: number) => item < 2 })).toEqual([
      1, 0, -1, -1, -1, -1,
    ])
    await expect(ask({ users: [0] }, { count: 0 })).rejects.toThrow('count is 0')
    await expect(ask({ users: [7] }, {})).rejects.toThrow('there is no user 7')
  })

  it('orders equal scores by the item’s number', async () => {
    const made = cascade([{ by: fixed('finds', finds.toReversed()), keep: 4 }, { by: counting([1, 1, 1, 1, 1, 1]) }])
    expect([...(await made.recommend({ histories: [[0]] }, { count: 3, exclude: 'nothing' })).items]).toEqual([2, 3, 4])
  })

  it('gives those that nothing is known of what most took', async () => {
    const set = interactionSet(interactionLog({ users: [0, 1, 2, 1], items: [3, 3, 3, 2], userCount: 4, itemCount: 6 }))
    const made = cascade([{ by: fixed('finds', finds, set), keep: 4 }, { by: fixed('sorts', sorts, set) }])
    for (const audience of [{ users: [3] }, { histories: [[]] }])
      expect([...(await made.recommend(audience, { count: 3 })).items]).toEqual([3, 2, 0])
  })

  it('traces what each stage scored, kept and lost of the last one’s best', async () => {
    const made = cascade([
      { by: fixed('finds', finds), keep: 4 },
      { by: fixed('coarse', [9, 8, 7, 0, 0, 0]), keep: 3 },
      { by: counting(sorts) },
    ])
    const { stages, recommendations, exhaustive } = await made.trace(
      { histories: [[5], [1]] },
      { count: 2, exclude: 'nothing', compare: true },
    )
    expect(stages.map(({ kind, scored, kept }) => [kind, scored, kept])).toEqual([
      ['finds', 12, 8],
      ['coarse', 8, 6],
      ['counting', 6, 4],
    ])
    // 1 and 3 are best of all: 0 to 3 are found, then 3 is lost.
    expect(stages.map(({ recall }) => recall)).toEqual([1, 0.5, 0.5])
    expect([...recommendations.items]).toEqual([1, 2, 1, 2])
    expect([...(exhaustive?.recommendations.items ?? [])]).toEqual([1, 3, 1, 3])
    for (const { milliseconds } of stages) expect(milliseconds).toBeGreaterThanOrEqual(0)
    const plain = await made.trace({ histories: [[5]] })
    expect(plain.exhaustive).toBeUndefined()
    expect(plain.stages[0]).not.toHaveProperty('recall')
  })

  it('takes more rows than go through at once, with lists of their own', async () => {
    const made = cascade([{ by: fixed('finds', finds), keep: 3 }, { by: counting(sorts) }])
    const histories = Array.from({ length: 1500 }, () => [5])
    const { items } = await made.recommend({ histories }, { count: 1, exclude: (row) => (row === 1400 ? [1] : []) })
    expect(items.every((item, row) => item === (row === 1400 ? 3 : 1))).toBe(true)
  })

  it('is saved in one file and read again', async () => {
    const log = interactionSet(shopLog(seeded(1)))
    const made = cascade([
      { by: popularity(log), keep: 60 },
      { by: await itemNeighbours(log), keep: 20 },
      { by: await ease(log) },
    ])
    const file = join(mkdtempSync(join(tmpdir(), 'penchant-cascade-test-')), 'shop.safetensors')
    await made.save(file)
    const read = await loadRecommender(file)
    const audience = { users: [0, 1, 2, 150] }
    expect((await read.recommend(audience, { count: 30 })).items).toEqual(
      (await made.recommend(audience, { count: 30 })).items,
    )
    expect([read.kind, read.users, read.items]).toEqual(['cascade', log.users, log.items])
    await expect(cascade([{ by: fixed('finds', finds), keep: 2 }, { by: counting(sorts) }]).save(file)).rejects.toThrow(
      'stage 1 (counting) is a ranker without save',
    )
  })

  it('says which stage is wrong', () => {
    const by = fixed('finds', finds)
    expect(() => cascade([{ by, keep: 3 }, { by: fixed('other', [1, 2]) }])).toThrow(
      'stage 1 (other) has 2 items, expected 6',
    )
    expect(() => cascade([{ by, keep: 0 }])).toThrow('stage 0 (finds) keeps 0')
    expect(() => cascade([{ by, keep: 3 }, { by, keep: 4 }, { by }])).toThrow('stage 1 (finds) keeps 4')
  })
})

describe('a recommender as a ranker', () => {
  it('scores candidates as it scores the catalogue', async () => {
    const ranker = rankerOf(fixed('finds', finds))
    const items = Int32Array.of(2, 0, -1, 5, -1, -1)
    const scores = await ranker.scoreCandidates({ users: [0, 1] }, { rows: 2, count: 3, items })
    expect([...scores]).toEqual([4, 6, -Infinity, 1, -Infinity, -Infinity])
    expect(rankerOf(ranker)).toBe(ranker)
    const wrong = (rows: number, list: readonly number[]) =>
      ranker.scoreCandidates({ users: [0] }, { rows, count: 2, items: Int32Array.from(list) })
    await expect(wrong(2, [1, 2, 3, 4])).rejects.toThrow(
      '4 candidates in 2 lists of 2, expected a list for each of 1 rows',
    )
    await expect(wrong(1, [1, 6])).rejects.toThrow('row 0 has candidate 6')
  })
})
