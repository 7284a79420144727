import {
  evaluateRanking,
  type HcnOptions,
  type InteractionSet,
  type InterestRecommender,
  interactionLog,
  interactionSet,
  type MultiInterestOptions,
} from '../../src/recommend/index.ts'
import type { Run } from '../../src/run/index.ts'
import { type InterestWorld, interestWorld } from '../../src/worlds/index.ts'
import { type Compared, cosineOf, session } from './compared.ts'

export const pasts = { short: 10, long: 30 } as const
export const cutoff = 50
const recallName = `recall@${cutoff}` as const

/** The same for all. */
export const shared: HcnOptions & MultiInterestOptions = {
  ...{ width: 32, batchSize: 160, following: 3, negatives: 2, session },
  ...{ metric: recallName, validateEvery: 5, patience: 4, checkpointEvery: 0 },
}

/**
 * Of rates of 0.005, 0.01 and 0.02 the one with the best recall of another shop's validation items, and as many epochs as
 * that recall went on rising. For models that do not know the order of a history, its last ten things were better than all.
 */
export const schedules: Readonly<Record<Compared, { readonly learningRate: number; readonly epochs: number }>> = {
  'two-tower': { learningRate: 0.01, epochs: 40 },
  mind: { learningRate: 0.02, epochs: 50 },
  'comirec-sa': { learningRate: 0.01, epochs: 45 },
  'comirec-sa by candidate': { learningRate: 0.02, epochs: 35 },
  'hcn on one past': { learningRate: 0.005, epochs: 30 },
  'hcn apart': { learningRate: 0.005, epochs: 35 },
  hcn: { learningRate: 0.005, epochs: 35 },
}

export interface Shop {
  readonly world: InterestWorld
  readonly train: InteractionSet
  readonly valid: InteractionSet
  readonly test: InteractionSet
}

export function shop(run: Run): Shop {
  const world = interestWorld(
    { users: 800, kinds: 20, itemsOfKind: 20, events: 40, session: 10, next: 8 },
    run.random('shop'),
  )
  const part = (from: number, to: number): InteractionSet =>
    setOf(
      world.next.map((items) => items.slice(from, to)),
      world.itemCount,
    )
  return { world, train: setOf(world.histories, world.itemCount), valid: part(0, 4), test: part(4, 8) }
}

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

export interface Found {
  readonly model: Compared
  readonly recall: number
  /** Of what the passing interest explains, and of the rest; on simulated data. */
  readonly passing: number
  readonly lasting: number
  /** Mean cosine of a user's interests by pairs. */
  readonly cosine: number
  /** Share of a user's true interests that some vector is nearest to; on simulated data. */
  readonly covered: number
}

/** The kind whose items have the largest mean product with each vector decides what an interest is of. */
async function coveredBy(model: InterestRecommender, world: InterestWorld): Promise<number> {
  const { count, width, vectors, valid } = await model.interests({ users: world.lasting.map((_, user) => user) })
  const kinds = Math.max(...world.itemKinds) + 1
  const middles = new Float64Array(kinds * width)
  for (let item = 0; item < world.itemCount; item++)
    for (let at = 0; at < width; at++) {
      const place = (world.itemKinds[item] ?? 0) * width + at
      middles[place] = (middles[place] ?? 0) + (model.itemVectors.vectors[item * width + at] ?? 0)
    }
  let covered = 0
  for (const [user, lasting] of world.lasting.entries()) {
    const met = new Set<number>()
    for (let interest = user * count; interest < (user + 1) * count; interest++) {
      if (valid[interest] === 0) continue
      let [best, most] = [0, Number.NEGATIVE_INFINITY]
      for (let kind = 0; kind < kinds; kind++) {
        let product = 0
        for (let at = 0; at < width; at++)
          product += (vectors[interest * width + at] ?? 0) * (middles[kind * width + at] ?? 0)
        if (product > most) [best, most] = [kind, product]
      }
      met.add(best)
    }
    const wanted = [...lasting, world.passing[user] ?? -1]
    covered += wanted.filter((kind) => met.has(kind)).length / wanted.length
  }
  return covered / world.lasting.length
}

/** Held-out things of one sort alone. */
function only(test: InteractionSet, keep: (user: number, item: number) => boolean): InteractionSet {
  const { users, items, offsets, columns } = test
  const lists = Array.from({ length: users }, (_, user) =>
    columns.slice(offsets[user], offsets[user + 1]).filter((item) => keep(user, item)),
  )
  return setOf(lists, items)
}

export async function measured(
  model: Compared,
  made: InterestRecommender,
  { world, test }: Shop,
  run: Run,
): Promise<Found> {
  const recall = async (held: InteractionSet): Promise<number> =>
    (await evaluateRanking(made, held, { cutoffs: [cutoff], metrics: ['recall'] }, run)).means[recallName] ?? Number.NaN
  const passes = (user: number, item: number): boolean => world.itemKinds[item] === world.passing[user]
  return {
    model,
    recall: await recall(test),
    passing: await recall(only(test, passes)),
    lasting: await recall(only(test, (user, item) => !passes(user, item))),
    cosine: await cosineOf(
      made,
      world.lasting.map((_, user) => user),
    ),
    covered: await coveredBy(made, world),
  }
}
