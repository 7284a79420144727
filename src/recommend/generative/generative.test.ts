import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seeded, startRun } from '../../run/index.ts'
import { evaluate, gradients, parameterLeaves, sum } from '../../tensor/index.ts'
import { interactionLog } from '../interactions/interaction-log.ts'
import { interactionSet } from '../interactions/interaction-set.ts'
import { loadRecommender } from '../load-recommender.ts'
import { consecutiveSessions, nextItemSessions } from './fit-sessions.ts'
import { isHighQualitySession, type OneRec, oneRec } from './one-rec.ts'
import {
  alignSessions,
  hardestPairs,
  mergeRewards,
  type SessionLogProbabilities,
  sessionPreferenceLoss,
} from './preference-alignment.ts'
import { semanticIds } from './semantic-ids.ts'
import { type Session, type SessionGenerator, sessionGenerator } from './session-generator.ts'
import { fullSessionNetConfig, initSessionNet } from './session-net.ts'
import { fitSessionReward, loadSessionReward } from './session-reward.ts'
import { tiger } from './tiger.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-generative-'))
let folders = 0
const fresh = (seed = 1) => startRun({ seed, folder: join(folder, String(folders++)) })

// Twelve items, of which 4 and 10 share their first two codes.
const ids = semanticIds(
  Array.from({ length: 12 }, (_, item) => (item === 10 ? [1, 1] : [Math.floor(item / 3), item % 3])).flat(),
  [4, 3],
)
const small = { sizes: ids.sizes, historyLength: 4, width: 16, layers: 1, heads: 2, hidden: 16, experts: 3, dropout: 0 }

function generatorOf(more: {
  readonly sessionLength: number
  readonly reads?: 'codes' | 'items'
  readonly layers?: number
}): SessionGenerator {
  const config = { ...small, ...more }
  return sessionGenerator(ids, initSessionNet(seeded('net'), config), config)
}

const numbersOf = (generator: SessionGenerator): number[] =>
  parameterLeaves(generator.parameters).flatMap(({ leaf }) => Array.from(leaf.data as Float32Array))

describe('sessionGenerator', () => {
  it.each(['codes', 'items'] as const)(
    'writes, step by step, what the whole net says of each session (%s)',
    async (reads) => {
      // Of two layers, so that what a word has read of others is read in turn.
      const generator = generatorOf({ sessionLength: 2, reads, layers: 2 })
      const histories = [[0, 1, 7], [], [3, 4, 10, 5, 11, 2]]
      const found = await generator.generate(histories, { beams: 200 })
      expect(found.map((own) => own.length)).toEqual([9 * 8, 12 * 11, 6 * 5])
      for (const [row, own] of found.entries()) {
        const history = histories[row] ?? []
        const whole = await generator.logProbability(own.map(({ items }) => ({ history, items })))
        for (const [at, { items, logProbability }] of own.entries()) {
          expect(logProbability).toBeCloseTo(whole[at] as number, 4)
          expect(new Set([...items, ...history]).size).toBe(new Set(history).size + 2)
          if (at > 0) expect(logProbability).toBeLessThanOrEqual((own[at - 1]?.logProbability ?? 0) + 1e-9)
        }
      }
      await generator.dispose()
    },
  )

  it('tells all words of codes apart by chances that sum to one', async () => {
    const generator = generatorOf({ sessionLength: 1 })
    const all = await generator.generate([[2, 6]], { beams: 200, exclude: 'nothing' })
    const real = (all[0] ?? []).reduce((total, { logProbability }) => total + Math.exp(logProbability), 0)
    // Items take some of the 4 · 3 · 2 words, so that they have some of the probability; of all words it is 1.
    const words = semanticIds(
      Array.from({ length: 24 }, (_, at) => [Math.floor(at / 6), Math.floor(at / 2) % 3, at % 2]).flat(),
      [4, 3, 2],
    )
    const other = sessionGenerator(words, generator.parameters, generator.config)
    const whole = await other.generate([[4, 13]], { beams: 24, exclude: 'nothing' })
    const total = (whole[0] ?? []).reduce((sum, { logProbability }) => sum + Math.exp(logProbability), 0)
    expect(total).toBeCloseTo(1, 5)
    expect(real).toBeLessThan(1)
    await generator.dispose()
    await other.dispose()
  })

  it('reads the last items of a history, and rows without regard to those beside them', async () => {
    const generator = generatorOf({ sessionLength: 2 })
    const one = await generator.generate([[9, 8, 0, 1, 2, 3]], { beams: 5, exclude: 'nothing' })
    const both = await generator.generate([[4], [0, 1, 2, 3]], { beams: 5, exclude: 'nothing' })
    expect(one[0]?.map(({ items }) => [...items])).toEqual(both[1]?.map(({ items }) => [...items]))
    for (const [at, beam] of (one[0] ?? []).entries())
      expect(beam.logProbability).toBeCloseTo(both[1]?.[at]?.logProbability ?? 0, 5)
    await generator.dispose()
  })

  it('has the published sizes by default, and says what is wrong', async () => {
    expect(fullSessionNetConfig({ sizes: [8192, 8192, 8192] })).toMatchObject({
      historyLength: 256,
      sessionLength: 5,
      experts: 24,
      chosen: 2,
    })
    expect(() => fullSessionNetConfig({ sizes: [4], width: 10, heads: 4 })).toThrow('width 10 does not divide by 4')
    expect(() => fullSessionNetConfig({ sizes: [4], experts: 2, chosen: 3 })).toThrow('chosen is 3')
    expect(() => fullSessionNetConfig({ sizes: [] })).toThrow('sizes are empty')
    const generator = generatorOf({ sessionLength: 2 })
    await expect(generator.generate([[12]])).rejects.toThrow('item 12')
    await expect(generator.generate([[1]], { beams: 0 })).rejects.toThrow('beams is 0')
    await expect(generator.logProbability([{ history: [], items: [1] }])).rejects.toThrow('session 0 has 1 items')
    expect(() => sessionGenerator(ids, generator.parameters, { ...small, sizes: [4, 3] })).toThrow('codes by level')
    await generator.dispose()
  })
})

describe('sessions to learn from', () => {
  const sequences = { offsets: Uint32Array.of(0, 5, 6), items: Uint32Array.of(3, 1, 4, 1, 5, 9) }

  it('are every next item, or the last items and those before them', () => {
    const plain = (sessions: readonly Session[]) =>
      sessions.map(({ history, items }) => [Array.from(history), Array.from(items)])
    expect(plain(nextItemSessions(sequences, 2))).toEqual([
      [[3], [1]],
      [[3, 1], [4]],
      [[1, 4], [1]],
      [[4, 1], [5]],
    ])
    expect(plain(consecutiveSessions(sequences, 2))).toEqual([
      [[3], [1, 4]],
      [
        [3, 1, 4],
        [1, 5],
      ],
    ])
  })

  it('are good when enough was watched, for long enough, and something was done', () => {
    const watched = { watchSeconds: [3, 4, 0, 5, 1, 2], engaged: true }
    expect(isHighQualitySession(watched)).toBe(true)
    expect(isHighQualitySession({ ...watched, engaged: false })).toBe(false)
    expect(isHighQualitySession(watched, { watchSeconds: 16 })).toBe(false)
    expect(isHighQualitySession(watched, { watchedItems: 6 })).toBe(false)
  })
})

describe('sessionPreferenceLoss', () => {
  it('is ln 2 while the nets are equal, with slopes −β/2 and β/2', async () => {
    const logs = { preferred: [-3, -9], other: [-4, -2], preferredBefore: [-3, -9], otherBefore: [-4, -2] }
    const loss = (given: SessionLogProbabilities) => sessionPreferenceLoss(given, 0.3)
    expect(await evaluate(loss, logs)).toEqual([expect.closeTo(Math.LN2, 12), expect.closeTo(Math.LN2, 12)])
    const slopes = await evaluate((given: SessionLogProbabilities) => {
      const [first, second] = gradients(sum(loss(given)), [given.preferred, given.other])
      return { first, second }
    }, logs)
    expect(slopes.first).toEqual([expect.closeTo(-0.15, 12), expect.closeTo(-0.15, 12)])
    expect(slopes.second).toEqual([expect.closeTo(0.15, 12), expect.closeTo(0.15, 12)])
  })

  it('is −ln σ of the difference of log-ratios', async () => {
    const found = await evaluate((given: SessionLogProbabilities) => sessionPreferenceLoss(given), {
      preferred: [-3],
      other: [-9],
      preferredBefore: [-5],
      otherBefore: [-8],
    })
    expect(found).toEqual([expect.closeTo(Math.log(1 + Math.exp(-0.1 * (2 - -1))), 12)])
  })
})

describe('mining pairs', () => {
  it('weighs objectives by how far they spread', () => {
    // Column means 2 and 0.2, deviations √(2/3) and 0.
    const merged = mergeRewards([1, 0.2, 2, 0.2, 3, 0.2], [1, 5])
    expect([...merged]).toEqual([-Math.sqrt(1.5), 0, Math.sqrt(1.5)].map((x) => expect.closeTo(x, 12)))
    expect([...mergeRewards([1, 3, 2, 1], [1, 2])]).toEqual([-1 + 2, 1 - 2].map((x) => expect.closeTo(x, 12)))
  })

  it('takes the best and the worst beam, and none where all are as good', () => {
    const beams = [1, 2, 3].map((item) => ({ items: Int32Array.of(item), logProbability: -item }))
    const pairs = hardestPairs(
      [[7], [8], [9]],
      [beams, beams.slice(0, 1), beams],
      Float32Array.of(2, 9, 1, 5, 4, 4, 4),
      [1],
    )
    expect(pairs).toEqual([
      { history: [7], preferred: Int32Array.of(2), other: Int32Array.of(3) },
      undefined,
      undefined,
    ])
  })
})

describe('alignSessions', () => {
  const sessions = Array.from({ length: 40 }, (_, at) => ({
    history: [at % 12],
    items: [(at + 1) % 12, (at + 2) % 12],
  }))

  it('moves preferred sessions up against others, and starts at ln 2', async () => {
    const generator = generatorOf({ sessionLength: 2 })
    const before = await generator.logProbability(sessions)
    // Items with small numbers are better.
    const rewards = async (some: readonly Session[]) =>
      Float32Array.from(some, ({ items }) => 1 - (Number(items[0]) + Number(items[1])) / 22)
    const options = { rounds: 2, share: 1, beams: 8, beta: 1, lambda: 3, learningRate: 1e-3, batchSize: 40 }
    const rounds = await alignSessions(generator, sessions, rewards, options, fresh())
    // One step an epoch: its loss is that before the update, λ ln 2 above the sessions' own.
    const own = -before.reduce((total, number) => total + number, 0) / before.length
    expect(rounds[0]?.loss).toBeCloseTo(own + 3 * Math.LN2, 4)
    expect(rounds.map(({ pairs }) => pairs)).toEqual([40, 40])
    for (const { preferred, other } of rounds) expect(preferred[1] - preferred[0]).toBeGreaterThan(other[1] - other[0])
    await generator.dispose()
  })

  it('mines a share, goes on after a stop with the same numbers, and says what is wrong', async () => {
    const rewards = async (some: readonly Session[]) => Float32Array.from(some, ({ items }) => -Number(items[0]))
    const options = { rounds: 3, share: 0.5, beams: 4, batchSize: 8, learningRate: 1e-3 }
    const whole = generatorOf({ sessionLength: 2 })
    const rounds = await alignSessions(whole, sessions, rewards, options, fresh())
    for (const { pairs } of rounds) expect(pairs).toBeLessThan(35)
    const again = generatorOf({ sessionLength: 2 })
    const run = fresh()
    await alignSessions(again, sessions, rewards, { ...options, rounds: 2 }, run)
    const resumed = generatorOf({ sessionLength: 2 })
    await alignSessions(resumed, sessions, rewards, options, run)
    expect(numbersOf(resumed)).toEqual(numbersOf(whole))
    expect(numbersOf(again)).not.toEqual(numbersOf(whole))
    const flat = async (some: readonly Session[]) => new Float32Array(some.length)
    await expect(alignSessions(again, sessions, flat, options, fresh())).rejects.toThrow('round 1 has no pair')
    await expect(alignSessions(again, sessions, rewards, { ...options, share: 0 }, fresh())).rejects.toThrow(
      'share is 0',
    )
    for (const generator of [whole, again, resumed]) await generator.dispose()
  })
})

describe('fitSessionReward', () => {
  it('learns what sessions are worth to whom, and is the same when it is loaded', async () => {
    const random = seeded('reward')
    // Good is what has the parity of the history.
    const judged = Array.from({ length: 600 }, () => {
      const parity = random.integer(2)
      const history = [2 * random.integer(6) + parity]
      const items = [random.integer(12), random.integer(12)]
      const share = items.filter((item) => item % 2 === parity).length / 2
      return { history, items, outcomes: { fits: share, none: 0 } }
    })
    const options = { historyLength: 3, width: 16, hidden: 16, epochs: 40, batchSize: 50, learningRate: 5e-3 }
    const reward = await fitSessionReward(judged.slice(0, 500), 12, options, fresh())
    expect(reward.objectives).toEqual(['fits', 'none'])
    const held = judged.slice(500)
    const told = await reward.score(held)
    const error =
      held.reduce((sum, { outcomes }, at) => sum + Math.abs(outcomes.fits - (told[2 * at] as number)), 0) / 100
    expect(error).toBeLessThan(0.1)
    // The order of a session's items makes no difference.
    const turned = await reward.score(held.map(({ history, items }) => ({ history, items: items.toReversed() })))
    for (const [at, number] of told.entries()) expect(turned[at]).toBeCloseTo(number, 5)
    const path = join(folder, 'reward.safetensors')
    await reward.save(path)
    const loaded = await loadSessionReward(path)
    expect([...(await loaded.score(held))]).toEqual([...told])
    await expect(reward.score([{ history: [], items: [1, 12] }])).rejects.toThrow('session 0 has item 12')
    await expect(
      fitSessionReward([{ history: [], items: [1], outcomes: { fits: 2 } }], 12, {}, fresh()),
    ).rejects.toThrow('session 0 has outcome 2 of "fits"')
    await reward.dispose()
    await loaded.dispose()
  })
})

describe('tiger', () => {
  // Everyone goes round the circle of twelve items.
  const random = seeded('circle')
  const starts = Array.from({ length: 60 }, () => random.integer(12))
  const set = interactionSet(
    interactionLog({
      users: starts.flatMap((_, user) => [user, user, user, user]),
      items: starts.flatMap((start) => [0, 1, 2, 3].map((step) => (start + step) % 12)),
      userCount: 61,
      itemCount: 12,
    }),
  )
  const options = {
    historyLength: 4,
    width: 16,
    layers: 1,
    heads: 2,
    hidden: 16,
    epochs: 60,
    batchSize: 30,
    learningRate: 1e-2,
    dropout: 0,
    checkpointEvery: 0,
  }

  it('learns what comes next, names every item once, and is the same when it is loaded', async () => {
    const model = await tiger(set, ids, { ...options, beams: 5 }, fresh())
    const histories = [[3, 4, 5], [11], [0, 0], [], [...Array(12).keys()]]
    const found = await model.recommend({ histories }, { count: 12 })
    const rows = histories.map((_, row) => [...found.items.subarray(row * 12, (row + 1) * 12)])
    expect(rows[0]?.[0]).toBe(6)
    expect(rows[1]?.[0]).toBe(0)
    expect(rows[2]?.[0]).toBe(1)
    expect(rows.map((row) => new Set(row.filter((item) => item >= 0)).size)).toEqual([9, 11, 11, 12, 0])
    // A user without history gets what most took.
    const counts = new Int32Array(12)
    for (const item of set.columns) (counts[item] as number) += 1
    const [first = -1] = (await model.recommend({ users: [60] }, { count: 1 })).items
    expect(counts[first]).toBe(Math.max(...counts))
    const [next = -1] = (await model.recommend({ users: [0] }, { count: 1 })).items
    expect(next).toBe(((starts[0] as number) + 4) % 12)
    const path = join(folder, 'tiger.safetensors')
    await model.save(path)
    const loaded = await loadRecommender(path)
    expect(loaded.kind).toBe('tiger')
    const audience = { histories: histories.slice(0, 3) }
    expect([...(await loaded.scoreItems(audience))]).toEqual([...(await model.scoreItems(audience))])
    await expect(model.recommend({ histories: [[12]] })).rejects.toThrow('item 12')
    await model.dispose()
    await loaded.dispose()
  })

  it('goes on after a stop with the same numbers', async () => {
    const scores = async (run: ReturnType<typeof fresh>, epochs: number) => {
      const model = await tiger(set, ids, { ...options, checkpointEvery: 3, dropout: 0.1, epochs }, run)
      const found = await model.scoreItems({ histories: [[1, 2]] })
      await model.dispose()
      return [...found]
    }
    const run = fresh()
    const early = await scores(run, 2)
    const resumed = await scores(run, 4)
    expect(resumed).toEqual(await scores(fresh(), 4))
    expect(resumed).not.toEqual(early)
  })

  it('stops where later items are found no better', async () => {
    const valid = interactionSet(
      interactionLog({
        users: starts.map((_, user) => user),
        items: starts.map((start) => (start + 4) % 12),
        userCount: 61,
        itemCount: 12,
      }),
    )
    const epochs: number[] = []
    const model = await tiger(
      set,
      ids,
      {
        ...options,
        valid,
        validUsers: 20,
        beams: 10,
        patience: 2,
        onMetrics: ({ kind, epoch }) => kind === 'epoch' && epochs.push(epoch),
      },
      fresh(),
    )
    expect(epochs.length).toBeLessThan(60)
    const found = await model.recommend({ users: [0, 1, 2] }, { count: 1 })
    expect([...found.items]).toHaveLength(3)
    await model.dispose()
    await expect(tiger(set, semanticIds([0, 1], [2]), {}, fresh())).rejects.toThrow('there are ids of 2 items')
  })
})

describe('oneRec', () => {
  let model: OneRec
  const sessions = Array.from({ length: 60 }, (_, at) => ({
    history: [at % 12],
    items: [(at + 1) % 12, (at + 2) % 12],
    outcomes: { swt: Number(at % 3 === 0), ltr: Number(at % 2 === 0) },
  }))
  beforeAll(async () => {
    const quick = { epochs: 3, batchSize: 20, checkpointEvery: 0 }
    model = await oneRec(
      { ids, sessions, judged: sessions },
      {
        ...{ historyLength: 4, width: 16, layers: 1, heads: 2, hidden: 16, experts: 3, dropout: 0 },
        fit: { ...quick, learningRate: 1e-2, balance: 0.01 },
        reward: { ...quick, width: 16 },
        alignment: { beams: 6, share: 0.5, batchSize: 20, checkpointEvery: 0 },
      },
      fresh(),
    )
  })
  afterAll(() => model.dispose())

  it('shows the likeliest session, or the one it judges best', async () => {
    const histories = [[1, 2], []]
    const [plain, ranked] = [
      await model.sessions(histories, { beams: 6 }),
      await model.sessions(histories, { beams: 6, rerank: true }),
    ]
    const beams = await model.generator.generate(histories, { beams: 6 })
    for (const [row, history] of histories.entries()) {
      const own = beams[row] ?? []
      expect(plain[row]).toEqual(own[0]?.items)
      const merged = mergeRewards(await model.reward.score(own.map(({ items }) => ({ history, items }))), [1, 1])
      expect(ranked[row]).toEqual(own[merged.indexOf(Math.max(...merged))]?.items)
    }
    expect(model.rounds).toHaveLength(1)
  })

  it('recommends the items of its sessions in order, and the same when it is loaded', async () => {
    const sequences = { offsets: Uint32Array.of(0, 2), items: Uint32Array.of(5, 3) }
    const made = model.recommender(
      sequences,
      { offsets: Uint32Array.of(0, 2), columns: Uint32Array.of(3, 5) },
      { beams: 6 },
    )
    const found = await made.recommend({ users: [0] }, { count: 12 })
    const beams = await model.generator.generate([[5, 3]], { beams: 6 })
    const named = [...new Set((beams[0] ?? []).flatMap(({ items }) => [...items]))]
    expect([...found.items.subarray(0, named.length)]).toEqual(named)
    expect(new Set(found.items.subarray(0, 10)).size).toBe(10)
    const path = join(folder, 'one-rec.safetensors')
    await made.save(path)
    const loaded = await loadRecommender(path)
    expect([...(await loaded.recommend({ users: [0] }, { count: 12 })).items]).toEqual([...found.items])
    await loaded.dispose()
  })
})
