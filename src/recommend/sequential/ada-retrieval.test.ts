import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seeded, startRun } from '../../run/index.ts'
import {
  add,
  compile,
  constant,
  evaluate,
  gradients,
  matmul,
  parameterLeaves,
  randomKey,
  readSafetensors,
  type Symbolic,
  slice,
  spec,
  sum,
  type Tensor,
  value,
} from '../../tensor/index.ts'
import { evaluateRanking, seenIn } from '../evaluation/evaluate-ranking.ts'
import { interactionLog } from '../interactions/interaction-log.ts'
import { historyOf, interactionSet } from '../interactions/interaction-set.ts'
import { historiesOf } from '../interactions/sequences.ts'
import { loadRecommender } from '../load-recommender.ts'
import { leaveOneOut } from '../split.ts'
import { initAdaAdapters } from './ada-adapters.ts'
import { adaRecommenderOf } from './ada-recommender.ts'
import { type AdaRetrievalOptions, adaRetrieval, fitAdaRetrieval } from './ada-retrieval.ts'
import { type AdaParameters, adaLoss, adaVectors, retrieveNext, roundWeights } from './ada-rounds.ts'
import { nextItemLosses } from './next-item-loss.ts'
import { type SequenceNetwork, type SequenceParameters, withItemBias } from './sequence-network.ts'
import { type NetworkKind, networkKinds, sequenceNetwork } from './sequence-networks.ts'
import { sequentialOf } from './sequential-recommender.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-ada-'))
let folders = 0
const fresh = (seed = 1) => startRun({ seed, folder: join(folder, String(folders++)) })

// People who walk along a ring of 40 items from a place of their own.
const ring = 40
const random = seeded('ada ring')
const walks = Array.from({ length: 90 }, () => {
  const start = random.integer(ring)
  return Array.from(
    { length: 5 + random.integer(4) },
    (_, step) => (start + step + (random.chance(0.1) ? 9 : 0)) % ring,
  )
})
const set = interactionSet(
  interactionLog({ users: walks.flatMap((walk, user) => walk.map(() => user)), items: walks.flat(), userCount: 91 }),
)
const { train, valid, test } = leaveOneOut(set)
const users = Array.from({ length: 90 }, (_, user) => user)

const sizes = { length: 6, width: 8, hidden: 8, heads: 2, layers: 1, blocks: 1, dropout: 0.2 }
const settingsOf = (kind: NetworkKind) => {
  const { length, width, hidden, heads, layers, blocks, dropout } = sizes
  const settings = {
    gru4rec: { length, width, hidden, layers, dropout },
    sasrec: { length, width, hidden, layers, heads, dropout },
    'next-it-net': { length, width, blocks },
    'sr-gnn': { length, width },
    'fmlp-rec': { length, width, hidden, layers, dropout },
  }
  return settings[kind]
}
const made = (kind: NetworkKind): SequenceNetwork =>
  withItemBias(sequenceNetwork(kind, train.items, settingsOf(kind), seeded(kind)))

/** Moves every number, so that none hides behind a zero. */
function shaken<T>(tree: T, by = 0.5): T {
  const moves = seeded('shaken')
  for (const { leaf } of parameterLeaves(tree))
    for (let place = 0; place < leaf.data.length; place++)
      leaf.data[place] = Number(leaf.data[place]) + by * moves.normal()
  return tree
}

const parametersOf = (network: SequenceNetwork, itemsPerRound: number): AdaParameters =>
  shaken({ network: network.parameters, adapters: initAdaAdapters(seeded(2), network.width, itemsPerRound) })

const whole = (kind: NetworkKind, rounds: number, total: number) => {
  const network = made(kind)
  const itemsPerRound = Math.ceil(total / rounds)
  const parameters = parametersOf(network, itemsPerRound)
  const served = { rounds, itemsPerRound, total, dropout: 0 }
  return {
    network,
    parameters,
    served,
    model: adaRecommenderOf(network, parameters, served, historiesOf(train), train),
  }
}

describe.each(networkKinds)('Ada-Retrieval on %s', (kind) => {
  it('is the backbone with one round, to the bit, dropout included', async () => {
    const { network, parameters, model } = whole(kind, 1, 10)
    const backbone = sequentialOf(network, historiesOf(train), train)
    for (const count of [10, 25])
      expect(await model.recommend({ users }, { count })).toEqual(await backbone.recommend({ users }, { count }))
    expect(await model.scoreItems({ users: [3, 90] })).toEqual(await backbone.scoreItems({ users: [3, 90] }))
    const ids = constant(value(Int32Array.of(0, 0, 4, 5, 4, 9), [1, 6]))
    const key = constant(randomKey(7))
    const both = await compile(
      (_, p: Symbolic<AdaParameters>) => ({
        ada: adaVectors(network, p, ids, { rounds: 1, itemsPerRound: 10, dropout: 0.5 }, key).users,
        alone: network.last(p.network, ids, { key }),
      }),
      { inputs: {}, parameters },
    )
    const { ada, alone } = await both({})
    expect(ada[0]?.data).toEqual(alone.data)
    await both.dispose()
  })

  it('serves the rounds that it is trained by, whatever the padding', async () => {
    const { network, parameters, served, model } = whole(kind, 4, 12)
    const histories = [[3, 4, 5], [7, 7, 9, 7, 1, 2], [30]]
    const ids = new Int32Array(18)
    for (const [row, history] of histories.entries())
      for (const [place, item] of history.entries()) ids[row * 6 + 6 - history.length + place] = item + 1
    const graph = await compile(
      ({ rows }, p: Symbolic<AdaParameters>) => {
        const found = adaVectors(network, p, rows, served)
        const { items, bias } = p.network as Symbolic<SequenceParameters>
        const last = found.users.at(-1) as Tensor
        return { ...found, scores: nextScores(last, items, bias as Tensor) }
      },
      { inputs: { rows: spec([3, 6], 'int32') }, parameters },
    )
    const { retrieved, scores } = await graph({ rows: value(ids, [3, 6]) })
    await graph.dispose()
    const { items } = await model.recommend({ histories }, { count: 12, exclude: 'nothing' })
    for (const row of [0, 1, 2]) {
      const early = retrieved.flatMap(({ data }) =>
        Array.from({ length: 3 }, (_, place) => Number(data[row * 3 + place]) - 1),
      )
      const late = Array.from({ length: 40 }, (_, item) => item)
        .filter((item) => !early.includes(item))
        .sort((a, b) => Number(scores.data[row * 40 + b]) - Number(scores.data[row * 40 + a]))
        .slice(0, 3)
      expect(early.length).toBe(9)
      expect([...items.slice(row * 12, row * 12 + 12)]).toEqual([...early, ...late])
    }
    // All scores stand in the order of the list that leaves nothing out.
    const all = await model.scoreItems({ histories })
    const top = Array.from({ length: 40 }, (_, item) => item).sort((a, b) => (all[40 + b] ?? 0) - (all[40 + a] ?? 0))
    expect(top.slice(0, 12)).toEqual([...items.slice(12, 24)])
    await model.dispose()
  })

  it('learns in two stages, and is saved and read', async () => {
    const model = await adaRetrieval(
      train,
      { ...quick(kind), epochs: 8, valid, validateEvery: 4, metric: 'hit@10' },
      fresh(),
    )
    const path = join(folder, `${kind}.safetensors`)
    await model.save(path)
    const loaded = await loadRecommender(path)
    expect(loaded.kind).toBe('ada-retrieval')
    for (const count of [5, 12, 30])
      expect(await loaded.recommend({ users }, { count })).toEqual(await model.recommend({ users }, { count }))
    await model.dispose()
    await loaded.dispose()
  })
})

function nextScores(user: Tensor, items: Tensor, bias: Tensor): Tensor {
  return add(matmul(user, slice(items, 0, 1), { transposeB: true }), bias)
}

function quick(backbone: NetworkKind): AdaRetrievalOptions<NetworkKind> {
  return {
    ...{ backbone, network: settingsOf(backbone), total: 12, rounds: 3, negatives: 8 },
    ...{ learningRate: 1e-2, batchSize: 32, checkpointEvery: 0, session: { threads: 1 } },
  }
}

describe('lists of Ada-Retrieval', () => {
  it('have nothing twice and nothing seen, and are rounds one after another that nobody sorts', async () => {
    const { model } = whole('sasrec', 4, 16)
    const { items, scores } = await model.recommend({ users }, { count: 16 })
    let rising = 0
    for (const user of users) {
      const list = [...items.slice(user * 16, user * 16 + 16)]
      expect(new Set(list).size).toBe(16)
      for (const item of historyOf(train, user)) expect(list).not.toContain(item)
      for (let place = 0; place < 15; place++) {
        const higher = (scores[user * 16 + place + 1] ?? 0) > (scores[user * 16 + place] ?? 0)
        if (place % 4 === 3) rising += higher ? 1 : 0
        else expect(higher).toBe(false)
      }
    }
    expect(rising).toBeGreaterThan(0)
    for (const count of [3, 4, 7, 12]) {
      const shorter = await model.recommend({ users }, { count })
      for (const user of [0, 50])
        expect([...shorter.items.slice(user * count, (user + 1) * count)]).toEqual([
          ...items.slice(user * 16, user * 16 + count),
        ])
    }
    // A longer list goes on with the last round's.
    const longer = await model.recommend({ users: [0] }, { count: 25 })
    expect([...longer.items.slice(0, 16)]).toEqual([...items.slice(0, 16)])
    expect(new Set(longer.items).size).toBe(25)
  })

  it('of rounds that do not divide them are cut', async () => {
    const { served, model } = whole('sasrec', 3, 10)
    expect(served.itemsPerRound).toBe(4)
    const ten = await model.recommend({ users: [0] }, { count: 10 })
    const twelve = await model.recommend({ users: [0] }, { count: 12 })
    expect([...ten.items]).toEqual([...twelve.items.slice(0, 10)])
  })

  it('end where nothing is left, in any round', async () => {
    const { model } = whole('sasrec', 4, 16)
    const open = new Set([1, 5, 9, 13, 17, 21])
    const { items } = await model.recommend(
      {
        histories: [
          [1, 2],
          [20, 21, 5],
        ],
      },
      { count: 16, filter: (item) => open.has(item) },
    )
    const lists = [items.slice(0, 16), items.slice(16)].map((list) => [...list])
    expect(lists[0]?.slice(5)).toEqual(Array(11).fill(-1))
    expect(lists[0]?.slice(0, 5).toSorted((a, b) => a - b)).toEqual([5, 9, 13, 17, 21])
    expect(lists[1]?.slice(0, 4).toSorted((a, b) => a - b)).toEqual([1, 9, 13, 17])
    expect(lists[1]?.slice(4)).toEqual(Array(12).fill(-1))
    const none = await model.recommend({ users: [0] }, { count: 5, filter: () => false })
    expect([...none.items]).toEqual([-1, -1, -1, -1, -1])
  })

  it('of people nothing is known of are what most took', async () => {
    const { model } = whole('sasrec', 4, 16)
    const { items } = await model.recommend({ users: [90] }, { count: 3 })
    const counts = Array.from(
      { length: train.items },
      (_, item) => train.columns.filter((other) => other === item).length,
    )
    const most = counts.map((count, item) => ({ count, item })).sort((a, b) => b.count - a.count || a.item - b.item)
    expect([...items]).toEqual(most.slice(0, 3).map(({ item }) => item))
  })
})

describe('the rounds', () => {
  it('retrieve what is best of what is left', async () => {
    const found = await evaluate(
      ({ scores, first }) => {
        const second = retrieveNext(scores, [first], 2)
        return { alone: retrieveNext(scores, [], 2), second, third: retrieveNext(scores, [first, second], 2) }
      },
      {
        scores: [
          [0, 5, 4, 3, 9, 1],
          [6, 5, 4, 3, 2, 1],
        ],
        // Rows of the table: items 4 and 2; items 5 and 0.
        first: value(BigInt64Array.of(5n, 3n, 6n, 1n), [2, 2]),
      },
    )
    expect(found).toEqual({
      alone: [
        [5, 2],
        [1, 2],
      ],
      second: [
        [2, 4],
        [2, 3],
      ],
      third: [
        [6, 1],
        [4, 5],
      ],
    })
  })

  it('weigh their losses by λ to the round, and 0⁰ is 1', async () => {
    expect(roundWeights(3, 0.3)).toEqual([1, 0.3, 0.09])
    expect(roundWeights(3, 0)).toEqual([1, 0, 0])
    const inputs = {
      a: [[1, 2]],
      b: [[-1, 0.5]],
      items: [
        [0, 0],
        [1, 0],
        [0, 1],
      ],
      bias: [0.2, -0.4],
    }
    const targets = constant(value(Int32Array.of(2)))
    const negatives = constant(value(Int32Array.of(1, 1), [1, 2]))
    for (const loss of ['softmax', 'bce', 'bpr'] as const) {
      const { total, first, second, only } = (await evaluate(({ a, b, items, bias }) => {
        const options = { loss, negatives, bias }
        const each = (user: Tensor): Tensor => sum(nextItemLosses(user, items, targets, options))
        return {
          total: adaLoss([a, b], items, targets, 0.3, options),
          only: adaLoss([a, b], items, targets, 0, options),
          first: each(a),
          second: each(b),
        }
      }, inputs)) as Readonly<Record<string, number>>
      expect(total, loss).toBeCloseTo((first ?? 0) + 0.3 * (second ?? 0), 10)
      expect(only, loss).toBeCloseTo(first ?? 0, 12)
      expect(first).not.toBeCloseTo(second ?? 0, 3)
    }
  })

  it('let gradients through what was retrieved, and none through the choice', async () => {
    const network = made('sasrec')
    const parameters = parametersOf(network, 3)
    const ids = constant(value(Int32Array.of(0, 0, 0, 4, 5, 9), [1, 6]))
    const graph = await compile(
      (_, p: Symbolic<AdaParameters>) => {
        const { users: vectors, retrieved } = adaVectors(network, p, ids, { rounds: 2, itemsPerRound: 3, dropout: 0 })
        const [first, second] = vectors as readonly [Tensor, Tensor]
        return {
          retrieved: retrieved[0] as Tensor,
          early: gradients(sum(first), p.network.items),
          late: gradients(sum(second), p.network.items),
          bias: gradients(sum(second), p.network.bias as Tensor),
        }
      },
      { inputs: {}, parameters },
    )
    const { retrieved, early, late, bias } = await graph({})
    await graph.dispose()
    const moved = ({ data }: { readonly data: ArrayLike<number | bigint> }): readonly number[] =>
      Array.from({ length: train.items + 1 }, (_, row) => row).filter((row) =>
        Array.from({ length: 8 }, (_, at) => Number(data[row * 8 + at])).some((slope) => Math.abs(slope) > 1e-9),
      )
    expect(moved(early)).toEqual([4, 5, 9])
    const expected = new Set([4, 5, 9, ...Array.from(retrieved.data, Number)])
    expect(moved(late)).toEqual([...expected].sort((a, b) => a - b))
    // The bias decides what is retrieved, and nothing else here.
    expect(Array.from(bias.data, Number).every((slope) => slope === 0)).toBe(true)
  })
})

describe('training Ada-Retrieval', () => {
  const options = {
    ...{ total: 12, rounds: 4, negatives: 8, learningRate: 1e-2, batchSize: 32, checkpointEvery: 0 },
    session: { threads: 1 },
  } as const

  it('moves no adapter when λ is 0', async () => {
    const numbersAfter = async (lambda: number, learningRate: number) => {
      const path = join(folder, `lambda-${lambda}-${learningRate}.safetensors`)
      const model = await fitAdaRetrieval(
        made('sasrec'),
        train,
        { ...options, lambda, learningRate, epochs: 1 },
        fresh(),
      )
      await model.save(path)
      await model.dispose()
      return readSafetensors(path)
    }
    const start = await numbersAfter(0.3, 1e-30)
    for (const lambda of [0, 0.3]) {
      const moved = Object.entries(await numbersAfter(lambda, 1e-2)).filter(
        ([name, { data }]) =>
          !Array.from({ length: data.length }, (_, place) => place).every(
            (place) => Math.abs(Number(data[place]) - Number(start[name]?.data[place])) < 1e-20,
          ),
      )
      const names = moved.map(([name]) => name)
      expect(names).toContain('parameters/network.items')
      expect(names.filter((name) => name.startsWith('parameters/adapters')).length).toBe(lambda === 0 ? 0 : 17)
    }
  })

  it('goes on after a stop as if there had been none', async () => {
    const fitted = async (run: ReturnType<typeof fresh>, more: AdaRetrievalOptions = {}) => {
      const model = await fitAdaRetrieval(
        made('next-it-net'),
        train,
        { ...options, epochs: 4, valid, validateEvery: 2, metric: 'hit@10', checkpointEvery: 2, ...more },
        run,
      )
      const found = await model.recommend({ users }, { count: 12 })
      await model.dispose()
      return found
    }
    const expected = await fitted(fresh())
    const stop = new AbortController()
    const place = join(folder, 'stopped')
    await expect(
      fitted(startRun({ seed: 1, folder: place, signal: stop.signal }), {
        onMetrics: ({ updates }) => updates === 7 && stop.abort(new Error('enough')),
      }),
    ).rejects.toThrow('enough')
    expect(await fitted(startRun({ seed: 1, folder: place }))).toEqual(expected)
  })

  it('finds what comes next', async () => {
    const model = await adaRetrieval(train, { ...quick('sasrec'), loss: 'softmax', epochs: 60 }, fresh())
    const { means } = await evaluateRanking(model, test, {
      cutoffs: [4],
      metrics: ['hit'],
      seen: seenIn(train, valid),
      history: (user) => [...historyOf(train, user), ...historyOf(valid, user)],
    })
    expect(means['hit@4']).toBeGreaterThan(0.7)
    await model.dispose()
  })

  it('says which options are out of range', async () => {
    for (const [more, message] of [
      [{ lambda: -1 }, 'lambda is -1'],
      [{ rounds: 0 }, 'rounds is 0'],
      [{ total: 100 }, '4 rounds of 25 items are more than the 40 of the catalogue'],
      [{ adapterDropout: 1 }, 'adapterDropout is 1'],
      [{ targets: 'every' }, 'targets is "every"'],
    ] as const)
      await expect(fitAdaRetrieval(made('sasrec'), train, { ...options, ...more }, fresh())).rejects.toThrow(message)
    await expect(adaRetrieval(train, { backbone: 'caser' as 'sasrec' }, fresh())).rejects.toThrow(
      'there is no network "caser", expected one of gru4rec, sasrec, next-it-net, sr-gnn, fmlp-rec',
    )
  })
})
