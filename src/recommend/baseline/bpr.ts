import { sigmoid } from '../../measure/index.ts'
import { type Random, type Run, seeded, startRun } from '../../run/index.ts'
import type { Recommender } from '../contract.ts'
import type { InteractionSet, SparseRows } from '../interactions/interaction-set.ts'
import { bprKernel, sigmoidTable } from '../kernel/bpr-kernel.ts'
import { arenaBytes, kernelArena } from '../kernel/kernel-arena.ts'
import { noItem, uniformNegatives } from '../negative-sampling.ts'
import { recommender } from '../recommender.ts'
import { type Factors, factorQueries, factorTensors } from './als.ts'

export interface BprOptions {
  /** Width of the vectors, a multiple of 4. Default 64. */
  readonly width?: number
  /** Step of the gradient ascent. Default 0.05. */
  readonly learningRate?: number
  /** λ of every sample's three vectors. Default 0.01. */
  readonly lambda?: number
  /** Times that all training pairs are gone through. Default 100. */
  readonly epochs?: number
  /** Threads that take part; the numbers do not depend on it. Default 2. */
  readonly threads?: number
}

/** Groups of users and of items that samples are drawn within: as many shares can be worked on at once. */
const mostGroups = 16
/** Items of a group at least, so that a group has unseen ones to draw. */
const leastItems = 64

/** How many groups a catalogue is put into; it does not depend on the threads. */
function groupCount(users: number, items: number): number {
  return Math.max(1, Math.min(mostGroups, users, Math.floor(items / leastItems)))
}
/** Standard deviation of the vectors at the start. */
const spread = 0.1

/**
 * Matrix factors by Bayesian personalised ranking: for every training pair (u, i) an item j that the user has not seen,
 * and a step up the gradient of
 *
 * log σ(x_u·(y_i − y_j)) − λ/2·(‖x_u‖² + ‖y_i‖² + ‖y_j‖²)
 *
 * An epoch goes through every pair once. Users, and anew for every epoch items, are put into up to 16 groups by chance, and j
 * comes from the group of i: over epochs every unseen item is as likely as the others, and threads that work on different
 * groups never touch the same vector, so that a seed gives the same numbers on any number of threads. A user who has seen
 * nearly a whole group is passed over there when 16 draws find no unseen item.
 *
 * Someone new gets the vector that their history would have pulled theirs to: 50 passes over it with the items' vectors
 * fixed, negatives drawn with a fixed seed.
 *
 * @throws {RangeError} on options out of range
 * @see Rendle, Freudenthaler, Gantner, Schmidt-Thieme, BPR: Bayesian Personalized Ranking from Implicit Feedback, UAI 2009,
 *   arXiv 1205.2618
 * @example
 * const model = await bpr(train, { epochs: 50 }, startRun({ seed: 1 }))
 */
export async function bpr(
  train: InteractionSet,
  options: BprOptions = {},
  run: Run = startRun(),
): Promise<Recommender> {
  const { width = 64, learningRate = 0.05, lambda = 0.01, epochs = 100, threads = 2 } = options
  if (!(learningRate > 0 && Number.isFinite(learningRate)))
    throw new RangeError(`learningRate is ${learningRate}, expected a positive number`)
  if (!(lambda >= 0 && learningRate * lambda < 1))
    throw new RangeError(`lambda is ${lambda}, expected a number from 0 to below ${1 / learningRate}`)
  for (const [name, number] of Object.entries({ epochs, threads }))
    if (!(Number.isInteger(number) && number >= 1))
      throw new RangeError(`${name} is ${number}, expected a whole number of at least 1`)
  const { users, items, columns, offsets } = train
  const groups = groupCount(users, items)
  const arena = kernelArena(
    { bpr: bprKernel(width) },
    arenaBytes([
      ...[users * width, items * width, groups * groups + 1, columns.length, columns.length, groups + 1, items],
      ...[users + 1, columns.length, 4 * groups, sigmoidTable().length, 2],
    ]),
    threads,
  )
  try {
    const random = run.random('bpr')
    const [x, y] = [arena.floats(users * width), arena.floats(items * width)]
    for (const { data } of [x, y])
      for (let at = 0; at < data.length; at++) data[at] = spread * (2 * random.uniform() - 1)
    const pairs = {
      starts: arena.words(groups * groups + 1),
      users: arena.words(columns.length),
      items: arena.words(columns.length),
    }
    const [itemStarts, groupItems] = [arena.words(groups + 1), arena.words(items)]
    const seen = [arena.words(offsets).address, arena.words(columns).address]
    const state = arena.words(Uint32Array.from({ length: 4 * groups }, () => 1 + random.integer(2 ** 32 - 1)))
    const table = arena.floats(sigmoidTable())
    const settings = arena.floats([learningRate, lambda])
    const order = shuffled(users, random)
    const addresses = [x.address, y.address, pairs.starts.address, pairs.users.address, pairs.items.address]
    const more = [itemStarts.address, groupItems.address, ...seen, state.address, table.address, settings.address]
    for (let epoch = 0; epoch < epochs; epoch++) {
      run.signal.throwIfAborted()
      run.progress({ label: 'personalised ranking', done: epoch, total: epochs })
      const itemOrder = shuffled(items, random)
      groupItems.data.set(itemOrder)
      for (let group = 0; group <= groups; group++) itemStarts.data[group] = Math.floor((items * group) / groups)
      sortPairs(train, order, itemOrder, itemStarts.data, {
        starts: pairs.starts.data,
        users: pairs.users.data,
        items: pairs.items.data,
      })
      for (let round = 0; round < groups; round++) arena.run('bpr', groups, 1, [...addresses, ...more, round, groups])
    }
    return bprOf({ users: x.data.slice(), items: y.data.slice(), width }, train, { learningRate, lambda })
  } finally {
    arena.dispose()
  }
}

/** 0, …, count − 1 in random order. */
function shuffled(count: number, random: Random): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(count)
  for (let at = 0; at < count; at++) order[at] = at
  for (let at = count - 1; at > 0; at--) {
    const other = random.integer(at + 1)
    const held = order[at] as number
    order[at] = order[other] as number
    order[other] = held
  }
  return order
}

/** Puts the pairs in order of the groups of their users and items; within two groups users keep their random order. */
function sortPairs(
  { offsets, columns, items }: InteractionSet,
  userOrder: Uint32Array,
  itemOrder: Uint32Array,
  itemStarts: Uint32Array,
  into: { readonly starts: Uint32Array; readonly users: Uint32Array; readonly items: Uint32Array },
): void {
  const groups = itemStarts.length - 1
  const itemGroup = new Uint8Array(items)
  for (let group = 0; group < groups; group++)
    for (let at = itemStarts[group] as number; at < (itemStarts[group + 1] as number); at++)
      itemGroup[itemOrder[at] as number] = group
  const users = userOrder.length
  const userGroup = (at: number): number => Math.floor((at * groups) / users)
  const next = new Uint32Array(groups * groups + 1)
  for (let at = 0; at < users; at++) {
    const [user, base] = [userOrder[at] as number, userGroup(at) * groups]
    for (let entry = offsets[user] as number; entry < (offsets[user + 1] as number); entry++) {
      const cell = base + (itemGroup[columns[entry] as number] as number) + 1
      next[cell] = (next[cell] as number) + 1
    }
  }
  for (let cell = 0; cell < groups * groups; cell++)
    next[cell + 1] = (next[cell + 1] as number) + (next[cell] as number)
  into.starts.set(next)
  for (let at = 0; at < users; at++) {
    const [user, base] = [userOrder[at] as number, userGroup(at) * groups]
    for (let entry = offsets[user] as number; entry < (offsets[user + 1] as number); entry++) {
      const item = columns[entry] as number
      const cell = base + (itemGroup[item] as number)
      const place = next[cell] as number
      next[cell] = place + 1
      into.users[place] = user
      into.items[place] = item
    }
  }
}

/** The recommender from its saved parts. */
export function bprOf(
  factors: Factors,
  seen: SparseRows,
  options: { readonly learningRate: number; readonly lambda: number },
): Recommender {
  const { items: vectors, width } = factors
  const items = vectors.length / width
  return recommender({
    kind: 'bpr',
    items,
    seen,
    scoring: {
      form: 'vectors',
      vectors,
      items,
      width,
      queries: (audience) => factorQueries(factors, audience, (history) => foldedIn(factors, history, options)),
    },
    tensors: factorTensors(factors),
    metadata: { learningRate: String(options.learningRate), lambda: String(options.lambda) },
  })
}

/** Times that a new history is gone through. */
const foldPasses = 50

/** A vector for a history, by the same steps with the vectors of the items fixed; always the same for a history. */
function foldedIn(
  { items: vectors, width }: Factors,
  history: ArrayLike<number>,
  { learningRate, lambda }: { readonly learningRate: number; readonly lambda: number },
): Float32Array {
  const count = vectors.length / width
  const own = Uint32Array.from(new Set(Array.from(history))).sort()
  const row = { offsets: Uint32Array.of(0, own.length), columns: own }
  const negatives = uniformNegatives(row, count, seeded(`bpr/${own.join()}`))
  const x = new Float32Array(width)
  for (let pass = 0; pass < foldPasses; pass++)
    for (const positive of own) {
      const negative = negatives.drawOne(0)
      if (negative === noItem) return x
      const [p, n] = [positive * width, negative * width]
      let margin = 0
      for (let at = 0; at < width; at++)
        margin += (x[at] as number) * ((vectors[p + at] as number) - (vectors[n + at] as number))
      const pull = sigmoid(-margin)
      for (let at = 0; at < width; at++) {
        const step = pull * ((vectors[p + at] as number) - (vectors[n + at] as number)) - lambda * (x[at] as number)
        x[at] = (x[at] as number) + learningRate * step
      }
    }
  return x
}
