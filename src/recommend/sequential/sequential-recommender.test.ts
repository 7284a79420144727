import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seeded, startRun } from '../../run/index.ts'
import { popularity } from '../baseline/popularity.ts'
import { evaluateRanking, seenIn } from '../evaluation/evaluate-ranking.ts'
import { interactionLog } from '../interactions/interaction-log.ts'
import { historyOf, interactionSet } from '../interactions/interaction-set.ts'
import { sequencesOf } from '../interactions/sequences.ts'
import { loadRecommender } from '../load-recommender.ts'
import { leaveOneOut } from '../split.ts'
import { fitSequential, type SequentialFitOptions } from './fit-sequential.ts'
import { gru4rec, gru4recNetwork } from './gru4rec.ts'
import { sasrec, sasrecNetwork } from './sasrec.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-sequential-'))
let folders = 0
const fresh = (seed = 1) => startRun({ seed, folder: join(folder, String(folders++)) })

// People who walk along a ring of 30 items, mostly by 1 and sometimes by 7, from a place of their own.
const ring = 30
const random = seeded('ring')
const walks = Array.from({ length: 120 }, () => {
  const walk = [random.integer(ring)]
  const length = 4 + random.integer(6)
  while (walk.length < length) {
    const next = ((walk.at(-1) ?? 0) + (random.chance(0.9) ? 1 : 7)) % ring
    if (!walk.includes(next)) walk.push(next)
  }
  return walk
})
const log = interactionLog({
  users: walks.flatMap((walk, user) => walk.map(() => user)),
  items: walks.flat(),
  userCount: 122,
  itemCount: 31,
})
const set = interactionSet(log)
const { train, valid, test } = leaveOneOut(set)

const small = { length: 6, width: 16, hidden: 16, layers: 1, dropout: 0.1, learningRate: 1e-2, batchSize: 32 } as const
const quick: SequentialFitOptions & typeof small = { ...small, epochs: 30, checkpointEvery: 0, session: { threads: 1 } }
const kinds = [
  ['sasrec', sasrec],
  ['gru4rec', gru4rec],
] as const

const tested = async (model: Parameters<typeof evaluateRanking>[0]): Promise<number> => {
  const { means } = await evaluateRanking(model, test, {
    cutoffs: [3],
    metrics: ['hit'],
    seen: seenIn(train, valid),
    history: (user) => [...historyOf(train, user), ...historyOf(valid, user)],
  })
  return means['hit@3'] ?? Number.NaN
}

describe.each(kinds)('%s', (kind, fit) => {
  it('learns from order what popularity cannot know, by every loss', async () => {
    const popular = await tested(popularity(train))
    expect(popular).toBeLessThan(0.3)
    for (const options of [{}, { loss: 'bce' }, { loss: 'bpr', negatives: 3 }, { targets: 'one' }] as const) {
      const model = await fit(train, { ...quick, ...options, ...('targets' in options && { epochs: 90 }) }, fresh())
      expect(await tested(model), JSON.stringify(options)).toBeGreaterThan(0.7)
      await model.dispose()
    }
  })

  it('goes on after a stop as if there had been none, and repeats its numbers by the seed alone', async () => {
    const options = { ...quick, epochs: 6, loss: 'bce', valid, validateEvery: 2, checkpointEvery: 3 } as const
    const users = Array.from({ length: 120 }, (_, user) => user)
    const scores = async (run: ReturnType<typeof fresh>, more: SequentialFitOptions = {}) => {
      const model = await fit(train, { ...options, ...more }, run)
      const found = await model.scoreItems({ users })
      await model.dispose()
      return found
    }
    const whole = await scores(fresh())
    const stop = new AbortController()
    const place = join(folder, `${kind}-stopped`)
    await expect(
      scores(startRun({ seed: 1, folder: place, signal: stop.signal }), {
        onMetrics: ({ updates }) => updates === 8 && stop.abort(new Error('enough')),
      }),
    ).rejects.toThrow('enough')
    const steps: number[] = []
    const resumed = await scores(startRun({ seed: 1, folder: place }), {
      onMetrics: ({ kind: what, updates }) => void (what === 'step' && steps.push(updates)),
    })
    expect(steps[0]).toBe(9)
    expect(resumed).toEqual(whole)
    expect(await scores(fresh(2))).not.toEqual(whole)
    // Another sequence is another fit, in the same folder too.
    const turned = sequencesOf(interactionLog({ users: [0, 0, 0], items: [3, 2, 3], userCount: 122, itemCount: 31 }))
    expect(await scores(startRun({ seed: 1, folder: place }), { sequences: turned })).not.toEqual(whole)
  })

  it('is saved and read with the histories of its users, and serves anyone', async () => {
    const model = await fit(train, { ...quick, epochs: 3 }, fresh())
    const path = join(folder, `${kind}.safetensors`)
    await model.save(path)
    const loaded = await loadRecommender(path)
    expect(loaded.kind).toBe(kind)
    const histories = [[3, 4, 5], [], [30], [3, 3, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10]]
    for (const audience of [{ users: [4, 9, 121] }, { histories }])
      expect(await loaded.scoreItems(audience)).toEqual(await model.scoreItems(audience))
    // Users are read by their histories, the last items of long ones.
    expect(await model.scoreItems({ users: [5] })).toEqual(await model.scoreItems({ histories: [historyOf(train, 5)] }))
    expect(await model.scoreItems({ histories: [[1, 2, 9, 8, 7, 6, 5, 4, 3]] })).toEqual(
      await model.scoreItems({ histories: [[8, 7, 6, 5, 4, 3]] }),
    )
    // Order counts, and so do repeats.
    const [forth, back, twice] = await Promise.all(
      [
        [3, 4],
        [4, 3],
        [3, 4, 4],
      ].map((history) => model.scoreItems({ histories: [history] })),
    )
    expect(forth).not.toEqual(back)
    expect(forth).not.toEqual(twice)
    // Nothing is known of users 120 and 121: they get what most took.
    const { items } = await model.recommend({ users: [121] }, { count: 5 })
    expect(items).toEqual((await popularity(train).recommend({ users: [121] }, { count: 5 })).items)
    const own = await model.recommend({ users: [0] }, { count: 31 })
    for (const item of historyOf(train, 0)) expect([...own.items]).not.toContain(item)
    await expect(model.scoreItems({ users: [122] })).rejects.toThrow('there is no user 122')
    await expect(model.scoreItems({ histories: [[31]] })).rejects.toThrow('history 0 has item 31')
    await model.dispose()
    await loaded.dispose()
  })

  it('ends with the epoch that ranked the validation items best', async () => {
    const found: number[] = []
    const model = await fit(
      train,
      {
        ...quick,
        valid,
        validateEvery: 1,
        patience: 2,
        onMetrics: ({ validation }) => void (validation && found.push(validation['ndcg@10'] ?? Number.NaN)),
      },
      fresh(),
    )
    expect(found.length).toBeLessThan(30)
    const { means } = await evaluateRanking(model, valid, { cutoffs: [10], metrics: ['ndcg'] })
    expect(means['ndcg@10']).toBe(Math.max(...found))
    await model.dispose()
  })
})

it('scores by embedding, state and bias', async () => {
  const network = sasrecNetwork(5, { ...small, dropout: 0 }, seeded(1))
  const biased = {
    ...network,
    parameters: {
      ...network.parameters,
      bias: { dtype: 'float32', shape: [5], data: Float32Array.of(0, 1, 2, 3, 400) },
    },
  } as const
  const tiny = interactionSet(interactionLog({ users: [0, 0, 1, 1], items: [0, 1, 1, 2], itemCount: 5 }))
  const [with5, without] = await Promise.all(
    [biased, network].map((each) =>
      fitSequential(
        each,
        tiny,
        { learningRate: 1e-12, epochs: 1, checkpointEvery: 0, session: { threads: 1 } },
        fresh(),
      ),
    ),
  )
  const [a, b] = [await with5?.scoreItems({ histories: [[0, 1]] }), await without?.scoreItems({ histories: [[0, 1]] })]
  expect([0, 1, 2, 3, 4].map((item) => Math.round(((a?.[item] ?? 0) - (b?.[item] ?? 0)) * 1e3) / 1e3)).toEqual([
    0, 1, 2, 3, 400,
  ])
})

it('says which options are out of range', async () => {
  for (const [options, message] of [
    [{ learningRate: 0 }, 'learningRate is 0'],
    [{ clip: -1 }, 'clip is -1'],
    [{ batchSize: 0 }, 'batchSize is 0'],
    [{ negatives: 0 }, 'negatives is 0'],
    [{ width: 15 }, 'width 15 does not divide by 2 heads'],
    [{ dropout: 1 }, 'dropout is 1'],
    [{ length: 0 }, 'length is 0'],
    [{ sequences: { offsets: new Uint32Array(3), items: new Uint32Array(0) } }, 'sequences of 2 users'],
  ] as const)
    await expect(sasrec(train, options, fresh()), message).rejects.toThrow(message)
  expect(() => gru4recNetwork(5, { hidden: 0.5 }, seeded(1))).toThrow('hidden is 0.5')
  await expect(fitSequential(sasrecNetwork(9, small, seeded(1)), train, {}, fresh())).rejects.toThrow(
    'the training set has 31 items, expected 9',
  )
})
