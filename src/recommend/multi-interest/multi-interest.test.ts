import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seeded, startRun } from '../../run/index.ts'
import { interestWorld } from '../../worlds/index.ts'
import { popularity } from '../baseline/popularity.ts'
import { cascade } from '../cascade.ts'
import { evaluateRanking } from '../evaluation/evaluate-ranking.ts'
import { interactionLog } from '../interactions/interaction-log.ts'
import { type InteractionSet, interactionSet } from '../interactions/interaction-set.ts'
import { loadRecommender } from '../load-recommender.ts'
import { itemIndex } from '../top-items.ts'
import { targetFrequency } from './fit-interests.ts'
import { type HcnOptions, hcn } from './hcn.ts'
import { retrieveInterests } from './interest-recommender.ts'
import { interestSamples } from './interest-samples.ts'
import { type MultiInterestOptions, multiInterest } from './multi-interest.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-interests-'))
let folders = 0
const fresh = (seed = 1) => startRun({ seed, folder: join(folder, String(folders++)) })

function setOf(lists: readonly ArrayLike<number>[], itemCount: number): InteractionSet {
  const pairs = lists.flatMap((list, user) => Array.from(list, (item) => ({ user, item })))
  return interactionSet(
    interactionLog({
      users: pairs.map(({ user }) => user),
      items: pairs.map(({ item }) => item),
      userCount: lists.length,
      itemCount,
    }),
  )
}

const world = interestWorld(
  { users: 500, kinds: 6, itemsOfKind: 20, lasting: 1, events: 24, session: 12, passing: 0.7, next: 4 },
  seeded(1),
)
const train = setOf(world.histories, world.itemCount)
const test = setOf(world.next, world.itemCount)

const session = { threads: 1, spinning: false } as const
const quick = { width: 16, batchSize: 100, epochs: 2, checkpointEvery: 0, negatives: 2, session } as const
const small: HcnOptions = { ...quick, interests: 3, layers: 2, short: 8, long: 12 }
const models: readonly MultiInterestOptions[] = (['youtube-dnn', 'mind', 'comirec-dr', 'comirec-sa'] as const).map(
  (model) => ({ ...quick, model, interests: 3, length: 20 }),
)
const everyKind = () => [
  () => hcn(train, small, fresh()),
  ...models.map((options) => () => multiInterest(train, options, fresh())),
]

describe('samples of what follows', () => {
  const sequences = { offsets: Uint32Array.of(0, 4, 5, 7), items: Uint32Array.of(5, 1, 2, 3, 4, 0, 1) }
  const seen = setOf([[1, 2, 3, 5], [4], [0, 1]], 8)

  it('cut each history of two and more once, and draw items that were not taken', async () => {
    const stream = interestSamples(sequences, { items: 8, length: 2, targets: 2, negatives: 3, seen })
    expect(stream.count).toBe(2)
    const cuts = new Set<string>()
    for (let seed = 0; seed < 40; seed++)
      for await (const piece of stream.pieces(seeded(seed), 2)) {
        const { ids, targets, negatives } = await (await piece.open()).batch(Uint32Array.of(0, 1))
        for (const row of [0, 1]) {
          const part = (from: ArrayLike<number>, size: number) =>
            Array.from({ length: size }, (_, at) => Number(from[row * size + at]))
          const [history, next] = [part(ids.data as Int32Array, 2), part(targets.data as Int32Array, 2)]
          cuts.add(`${history} ${next}`)
          for (const drawn of part(negatives.data as Int32Array, 3))
            expect(history.includes(1) || next.includes(1) ? [3, 4, 5, 6, 7, 8] : [1, 5, 7, 8]).toContain(drawn)
        }
      }
    // Numbers are items plus 1; only the last two of what came before are read.
    expect([...cuts].sort()).toEqual(['0,1 2,0', '0,6 2,3', '2,3 4,0', '6,2 3,4'])
  })

  it('know how often an item is to be told', () => {
    // The first user tells 1, 2 and 3 a third of the time each, the last user 1 always.
    expect(Array.from(targetFrequency(sequences, 8))).toEqual([0, (1 / 3 + 1) / 2, 1 / 6, 1 / 6, 0, 0, 0, 0])
  })

  it('need somebody to learn from', () => {
    const nobody = { offsets: Uint32Array.of(0, 1), items: Uint32Array.of(0) }
    const options = { items: 2, length: 2, targets: 1, negatives: 1, seen: setOf([[0]], 2) }
    expect(() => interestSamples(nobody, options)).toThrow('no user has taken two items and left others')
  })
})

describe('recommenders by interests', () => {
  it('answer alike by all, by candidates, by index and from their file', async () => {
    for (const [at, fit] of everyKind().entries()) {
      const model = await fit()
      const audience = { histories: [[3, 50, 3, 119], [7], [], Array.from({ length: 60 }, (_, item) => item)] }
      const scores = await model.scoreItems(audience)
      const items = Int32Array.from({ length: 4 * world.itemCount }, (_, place) => place % world.itemCount)
      items[0] = -1
      const some = await model.scoreCandidates(audience, { rows: 4, count: world.itemCount, items })
      expect(some[0]).toBe(Number.NEGATIVE_INFINITY)
      for (let place = 1; place < some.length; place++) expect(some[place]).toBeCloseTo(scores[place] ?? Number.NaN, 4)

      const file = join(folder, `${at}.safetensors`)
      await model.save(file)
      const read = await loadRecommender(file)
      expect(read.kind).toBe(model.kind)
      expect(await read.scoreItems(audience)).toEqual(scores)
      const users = { users: [0, 1, 499] }
      expect((await read.recommend(users)).items).toEqual((await model.recommend(users)).items)

      const index = itemIndex(model.itemVectors)
      // Nobody is to get the best that they would.
      const best = (await model.recommend(users, { count: 1, exclude: 'nothing' })).items
      const lists = (row: number) => [best[row] ?? 0]
      const found = await retrieveInterests(index, await model.interests(users), 10, { lists })
      const exact = await model.recommend(users, { count: 10, exclude: lists })
      expect(found.items).toEqual(exact.items)
      for (const made of [index, read, model]) await made.dispose()
    }
  })

  it('give those without a history what most took, and read a new history as a user’s own', async () => {
    const model = await hcn(train, small, fresh())
    const popular = await popularity(train).recommend({ histories: [[]] }, { count: 5 })
    expect((await model.recommend({ histories: [[]] }, { count: 5 })).items).toEqual(popular.items)
    const [own, told] = [
      await model.scoreItems({ users: [4] }),
      await model.scoreItems({ histories: [world.histories[4] ?? []] }),
    ]
    expect(told).toEqual(own)
    const { valid, usage, count } = await model.interests({ histories: [[], [1, 2], world.histories[0] ?? []] })
    expect(count).toBe(6)
    // Two things are no more than the recent past holds.
    expect(Array.from(valid)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    const shares = Array.from({ length: 6 }, (_, at) =>
      Array.from(usage ?? [])
        .slice(at * 3, at * 3 + 3)
        .reduce((sum, share) => sum + share, 0),
    )
    expect(shares).toEqual([0, 0, 1, 0, 1, 1].map((share) => expect.closeTo(share, 5)))
    await expect(model.scoreItems({ histories: [[120]] })).rejects.toThrow('history 0 has item 120')
    await expect(
      model.scoreCandidates({ users: [0] }, { rows: 1, count: 1, items: Int32Array.of(120) }),
    ).rejects.toThrow('candidate 120')
    await model.dispose()
  })

  it('learn what lasts and what passes', async () => {
    const options = { ...small, epochs: 25, learningRate: 0.01, following: 4 }
    const model = await hcn(train, options, fresh())
    const asked = { cutoffs: [10], metrics: ['recall'] } as const
    const [ours, popular] = [
      await evaluateRanking(model, test, asked),
      await evaluateRanking(popularity(train), test, asked),
    ]
    await model.dispose()
    // Popularity says nothing here: 10 of the 96 items left.
    expect(popular.means['recall@10']).toBeLessThan(0.16)
    expect(ours.means['recall@10']).toBeGreaterThan(0.4)
  })

  it('learn nothing from what does not follow', async () => {
    const pairs = setOf(
      Array.from({ length: 60 }, (_, user) => [user % 10, 10 + ((user * 7) % 10)]),
      20,
    )
    const scores = async (following: number): Promise<Float32Array> => {
      const model = await hcn(pairs, { ...small, following, batchSize: 20, negatives: 0 }, fresh())
      const found = await model.scoreItems({ users: [0, 1] })
      await model.dispose()
      return found
    }
    // After a history of one item one follows, however many are asked for.
    const [one, three] = [await scores(1), await scores(3)]
    for (const [at, score] of one.entries()) expect(three[at]).toBeCloseTo(score, 2)
  })

  it('go on from where a fit was stopped, with the same numbers', async () => {
    const options: HcnOptions = { ...small, epochs: 4, checkpointEvery: 2 }
    const whole = await hcn(train, options, fresh())
    const place = join(folder, 'stopped')
    const stop = new AbortController()
    const stopping = hcn(
      train,
      { ...options, onMetrics: ({ updates }) => updates === 5 && stop.abort(new Error('enough')) },
      startRun({ seed: 1, folder: place, signal: stop.signal }),
    )
    await expect(stopping).rejects.toThrow('enough')
    const steps: number[] = []
    const resumed = await hcn(
      train,
      { ...options, onMetrics: ({ kind, updates }) => void (kind === 'step' && steps.push(updates)) },
      startRun({ seed: 1, folder: place }),
    )
    expect(steps[0]).toBeGreaterThan(1)
    const users = Array.from({ length: train.users }, (_, user) => user)
    expect(await resumed.scoreItems({ users })).toEqual(await whole.scoreItems({ users }))
    for (const model of [whole, resumed]) await model.dispose()
  })

  it('take every option, and side fields of items', async () => {
    const fields = {
      width: 6,
      data: Float32Array.from({ length: world.itemCount * 6 }, (_, at) =>
        world.itemKinds[Math.floor(at / 6)] === at % 6 ? 1 : 0,
      ),
    }
    const tiny = { ...small, epochs: 1, batchSize: 250 }
    const scored = async (options: HcnOptions, file?: string): Promise<Float32Array> => {
      const model = await hcn(train, { ...tiny, ...options }, fresh())
      const scores = await model.scoreItems({ users: [0] })
      expect(scores.every(Number.isFinite), JSON.stringify(options)).toBe(true)
      if (file) {
        await model.save(file)
        const read = await loadRecommender(file)
        expect(await read.scoreItems({ users: [0] }), JSON.stringify(options)).toEqual(scores)
        await read.dispose()
      }
      await model.dispose()
      return scores
    }
    const plain = await scored({})
    // What the network is made of is in its file.
    for (const options of [
      { residual: true, update: 'gru', read: 'concatenated', longInterests: 5 },
      { shareLayers: true, positions: false, read: 'mean', longFrom: 'end' },
      { coInterest: false },
      { fields },
    ] satisfies readonly HcnOptions[])
      expect(await scored(options, join(folder, 'option.safetensors')), JSON.stringify(options)).not.toEqual(plain)
    for (const options of [
      { scoring: 'target' },
      { power: Number.POSITIVE_INFINITY },
      { inBatch: false },
      { correctSampling: false },
      { redundancyWeight: 5 },
      { following: 2 },
    ] satisfies readonly HcnOptions[])
      expect(await scored(options), JSON.stringify(options)).not.toEqual(plain)
  }, 60_000)

  it('are a stage of a cascade', async () => {
    const coarse = await hcn(train, small, fresh())
    const fine = await multiInterest(train, models[3], fresh())
    const made = cascade([{ by: popularity(train), keep: 60 }, { by: coarse, keep: 30 }, { by: fine }])
    const file = join(folder, 'cascade.safetensors')
    await made.save(file)
    const read = await loadRecommender(file)
    const users = { users: [0, 7, 100] }
    const { recommendations, stages } = await made.trace(users, { count: 5, compare: true })
    expect((await read.recommend(users, { count: 5 })).items).toEqual(recommendations.items)
    expect(stages.map(({ kind, scored, kept }) => [kind, scored, kept])).toEqual([
      ['popularity', 360, 180],
      ['hcn', 180, 90],
      ['comirec-sa', 90, 15],
    ])
    for (const each of [read, made]) await each.dispose()
  })

  it('say what is wrong', async () => {
    const asked = (options: HcnOptions) => hcn(train, { ...small, ...options }, fresh())
    await expect(asked({ interests: 0 })).rejects.toThrow('interests is 0')
    await expect(asked({ power: -1 })).rejects.toThrow('power is -1')
    await expect(asked({ redundancyWeight: -1 })).rejects.toThrow('redundancyWeight is -1')
    await expect(asked({ learningRate: 0 })).rejects.toThrow('learningRate is 0')
    await expect(asked({ negatives: 0, inBatch: false })).rejects.toThrow('negatives is 0')
    await expect(asked({ fields: { data: new Float32Array(3), width: 2 } })).rejects.toThrow(
      'the fields have 3 numbers',
    )
  })
})
