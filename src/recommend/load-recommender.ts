import { openSafetensors } from '../tensor/index.ts'
import { alsOf } from './baseline/als.ts'
import { bprOf } from './baseline/bpr.ts'
import { easeOf } from './baseline/ease.ts'
import { itemNeighboursOf } from './baseline/item-neighbours.ts'
import { popularityOf } from './baseline/popularity.ts'
import { cascade } from './cascade.ts'
import { readStages } from './cascade-stages.ts'
import type { Recommender } from './contract.ts'
import { generativeReaders } from './generative/session-recommender.ts'
import type { GraphModel } from './graph/graph-network.ts'
import { graphRecommenderOf } from './graph/graph-recommender.ts'
import { mmhclOf } from './hypergraph/mmhcl.ts'
import { interestReaders } from './multi-interest/interest-readers.ts'
import { nbpoOf } from './noisy-labels/nbpo.ts'
import { rankerReaders } from './ranker/ranker-readers.ts'
import { recommenderFormat } from './recommender.ts'
import type { RecommenderReader, SavedRecommender } from './saved-recommender.ts'
import { sequentialReaders } from './sequential/sequential-readers.ts'

export type { RecommenderReader, SavedRecommender } from './saved-recommender.ts'

/** Readers of the kinds that this room saves. */
const readers: Readonly<Record<string, RecommenderReader>> = {
  popularity: async ({ floats, seen }) => popularityOf(await floats('counts'), seen),
  'item-neighbours': async ({ floats, words, number, seen }) =>
    itemNeighboursOf(
      { offsets: await words('offsets'), columns: await words('columns'), values: await floats('values') },
      seen,
      { neighbours: number('neighbours'), shrink: number('shrink') },
    ),
  ease: async ({ floats, number, seen }) => easeOf(await floats('weights'), seen, number('lambda')),
  als: async (saved) =>
    alsOf(await factorsIn(saved), saved.seen, { lambda: saved.number('lambda'), alpha: saved.number('alpha') }),
  bpr: async (saved) =>
    bprOf(await factorsIn(saved), saved.seen, {
      learningRate: saved.number('learningRate'),
      lambda: saved.number('lambda'),
    }),
  ngcf: graphReader('ngcf'),
  'light-gcn': graphReader('light-gcn'),
  gcn: graphReader('gcn'),
  mf: graphReader('mf'),
  mmhcl: async (saved) =>
    mmhclOf(
      await factorsIn(saved),
      saved.seen,
      saved.number('secondOrder') === 1 ? await saved.floats('second/items') : undefined,
    ),
  nbpo: async (saved) => nbpoOf(await factorsIn(saved), await factorsIn(saved, 'flip/'), saved.seen),
  cascade: async (saved, others) => cascade(await readStages(saved, (path) => loadRecommender(path, others))),
  'choice-factors': async (saved) => nbpoOf(await factorsIn(saved), undefined, saved.seen),
  ...interestReaders,
  ...sequentialReaders,
  ...rankerReaders,
  ...generativeReaders,
}

function graphReader(model: GraphModel): RecommenderReader {
  return async (saved) => graphRecommenderOf(model, await factorsIn(saved), saved.seen)
}

async function factorsIn({ floats, shape }: SavedRecommender, prefix = '') {
  return {
    users: await floats(`${prefix}users`),
    items: await floats(`${prefix}items`),
    width: shape(`${prefix}items`)[1] ?? 0,
  }
}

/**
 * Reads a recommender that `save` wrote.
 *
 * @param others readers of kinds that are made elsewhere
 * @throws {RangeError} when the file holds none, or one of a kind that there is no reader of
 */
export async function loadRecommender(
  path: string,
  others: Readonly<Record<string, RecommenderReader>> = {},
): Promise<Recommender> {
  const file = await openSafetensors(path)
  const { format, kind = '' } = file.metadata
  if (format !== recommenderFormat)
    throw new RangeError(`${path} holds no recommender: its format is ${JSON.stringify(format)}`)
  const known = { ...readers, ...others }
  const reader = known[kind]
  if (!reader)
    throw new RangeError(`${path} holds a recommender "${kind}", expected one of ${Object.keys(known).join(', ')}`)
  const read = async <A>(name: string, type: abstract new (...args: never[]) => A): Promise<A> => {
    if (!file.names.includes(name)) throw new RangeError(`${path} has no "${name}"`)
    const { data } = await file.read(name)
    if (!(data instanceof type)) throw new RangeError(`${path}: "${name}" is of another type`)
    return data
  }
  const saved: SavedRecommender = {
    seen: { offsets: await read('seen/offsets', Uint32Array), columns: await read('seen/columns', Uint32Array) },
    floats: (name) => read(name, Float32Array),
    words: (name) => read(name, Uint32Array),
    bytes: (name) => read(name, Uint8Array),
    shape: (name) => file.shape(name),
    text(name) {
      const text = file.metadata[name]
      if (text === undefined) throw new RangeError(`${path}: "${name}" is missing`)
      return text
    },
    number(name) {
      const number = Number(file.metadata[name] ?? Number.NaN)
      if (Number.isNaN(number)) throw new RangeError(`${path}: "${name}" is missing or no number`)
      return number
    },
  }
  return reader(saved, others)
}
