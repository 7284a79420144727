import type { Json } from '../../run/index.ts'
import { type SessionOptions, value } from '../../tensor/index.ts'
import { type Audience, audienceSize, type Recommender } from '../contract.ts'
import type { FeatureTable, Field } from '../impressions/feature-table.ts'
import { historyBefore, type Impressions, requestCount, requestsOf } from '../impressions/impressions.ts'
import { itemsOf, type SparseRows } from '../interactions/interaction-set.ts'
import { type Sequences, sequenceOf } from '../interactions/sequences.ts'
import { assertCandidates, type CandidateLists, type Ranker } from '../ranker.ts'
import { recommender } from '../recommender.ts'
import { historiesFor, recentSequences, savedNetwork } from '../sequential/sequential-recommender.ts'
import type { RankerFeatures, RankerParameters, RankerShape } from './ranker-network.ts'
import { chancesOf, type RankerRequest, type RankerScorer, rankerScorer, type ScoredRows } from './ranker-rows.ts'

/** Candidates in order. */
export interface RankedItems {
  /** Best first; equal ones by their numbers. */
  readonly items: Uint32Array
  /** How likely each is taken. */
  readonly chances: Float32Array
}

/**
 * Ranks items for somebody by what they did before: given candidates for a request, or, where the catalogue is small
 * enough to score whole, as a recommender. As such it knows nothing of queries, and its scores are log-odds.
 */
export interface BehaviourRanker extends Recommender, Ranker {
  readonly shape: RankerShape
  readonly features: RankerFeatures
  /**
   * The candidates of a request in order.
   *
   * @param numbers of each candidate, [candidates, numbers], where the model was trained with some
   * @throws {RangeError} when a candidate, a behaviour, the user or the query is not in its table
   */
  rankItems(request: RankerRequest, candidates: ArrayLike<number>, numbers?: Float32Array): Promise<RankedItems>
  /** How likely each shown item is taken, [shown]. */
  scoreImpressions(impressions: Impressions): Promise<Float32Array>
  /** The weights of the experts for each shown item, [shown, experts]; ones for models of one expert. */
  expertGates(impressions: Impressions): Promise<Float32Array>
  save(path: string): Promise<void>
  dispose(): Promise<void>
}

function tensorsOf(name: string, table: FeatureTable | undefined) {
  if (!table) return {}
  return {
    ...Object.fromEntries(
      table.fields.flatMap(({ values }, at) => [
        [`features/${name}/${at}/offsets`, value(values.offsets)],
        [`features/${name}/${at}/columns`, value(values.columns)],
      ]),
    ),
    ...(table.numbers && {
      [`features/${name}/numbers`]: value(table.numbers.data, [table.rows, table.numbers.width]),
    }),
  }
}

/** What a table is saved with beside its tensors. */
export interface SavedTable {
  readonly rows: number
  readonly fields: readonly Pick<Field, 'name' | 'labels' | 'size'>[]
  readonly numbers: boolean
}

function described({ rows, fields, numbers }: FeatureTable): Json {
  return {
    rows,
    fields: fields.map(({ name, labels, size }) => ({ name, labels, size })),
    numbers: numbers !== undefined,
  }
}

/**
 * A ranker from its parts.
 *
 * @param sequences what each user did, for audiences of users; the last are kept, as many as are read
 * @param seen what users are not to be recommended again
 * @param how a compiled network that others dispose of (default: one of its own), or where its own runs
 */
export function behaviourRankerOf(
  parameters: RankerParameters,
  features: RankerFeatures,
  shape: RankerShape,
  sequences: Sequences,
  seen: SparseRows,
  { scorer, session = {} }: { readonly scorer?: RankerScorer; readonly session?: SessionOptions } = {},
): BehaviourRanker {
  const own = scorer ?? rankerScorer(parameters, features, shape, session)
  const recent = recentSequences(sequences, shape.length)
  const items = features.items.rows
  const popularity = new Float32Array(items)
  for (const item of seen.columns) popularity[item] = (popularity[item] ?? 0) + 1

  const requestOf = (audience: Audience, histories: readonly ArrayLike<number>[], row: number): RankerRequest => ({
    history: histories[row] ?? [],
    ...('users' in audience && features.users && { user: audience.users[row] ?? -1 }),
  })
  /** Scores without what shown items have in their request: zeros stand for it. */
  const scoreRows = (
    audience: Audience,
    rows: { readonly items: ArrayLike<number>; readonly requests: ArrayLike<number> },
  ): Promise<ScoredRows> => {
    const histories = historiesFor(recent, audience)
    return own.score({
      ...rows,
      request: (row) => requestOf(audience, histories, row),
      ...(features.numbers && { numbers: new Float32Array(rows.items.length * features.numbers) }),
    })
  }
  const scoreImpressions = (impressions: Impressions): Promise<ScoredRows> => {
    if (impressions.itemCount !== items)
      throw new RangeError(`the impressions are of ${impressions.itemCount} items, expected ${items}`)
    return own.score({
      items: impressions.items,
      requests: requestsOf(impressions),
      request: (request) => ({
        user: features.users ? (impressions.users[request] ?? -1) : -1,
        query: impressions.queries?.[request] ?? -1,
        history: historyBefore(impressions, request),
      }),
      ...(features.numbers && impressions.numbers && { numbers: impressions.numbers.data }),
    })
  }
  const settings: Json = {
    shape: { ...shape },
    numbers: features.numbers ?? 0,
    tables: Object.fromEntries(
      tables.flatMap((name) => {
        const table = features[name]
        return table ? [[name, described(table)]] : []
      }),
    ),
  }
  const saved = savedNetwork(settings, parameters, recent)
  const whole = recommender({
    kind: shape.model,
    items,
    seen,
    scoring: {
      form: 'scores',
      async scores(audience) {
        const rows = audienceSize(audience)
        const { logits } = await scoreRows(audience, {
          items: Uint32Array.from({ length: rows * items }, (_, at) => at % items),
          requests: Uint32Array.from({ length: rows * items }, (_, at) => Math.floor(at / items)),
        })
        return logits
      },
    },
    ...saved,
    tensors: { ...saved.tensors, ...Object.assign({}, ...tables.map((name) => tensorsOf(name, features[name]))) },
  })
  return {
    ...whole,
    shape,
    features,
    async scoreCandidates(audience: Audience, candidates: CandidateLists) {
      assertCandidates(audience, candidates, items)
      const places: number[] = []
      const scores = new Float32Array(candidates.items.length).fill(Number.NEGATIVE_INFINITY)
      for (let at = 0; at < candidates.items.length; at++) {
        const item = candidates.items[at] ?? -1
        if (item < 0) continue
        const row = Math.floor(at / candidates.count)
        const nothing =
          'users' in audience
            ? itemsOf(seen, audience.users[row] ?? -1).length === 0
            : (audience.histories[row]?.length ?? 0) === 0
        if (nothing) scores[at] = popularity[item] ?? 0
        else places.push(at)
      }
      const { logits } = await scoreRows(audience, {
        items: places.map((at) => candidates.items[at] ?? 0),
        requests: places.map((at) => Math.floor(at / candidates.count)),
      })
      for (const [at, place] of places.entries()) scores[place] = logits[at] ?? 0
      return scores
    },
    async rankItems(request, candidates, numbers) {
      const { logits } = await own.score({
        items: candidates,
        requests: new Uint32Array(candidates.length),
        request: () => request,
        ...(numbers && { numbers }),
      })
      const order = Uint32Array.from(logits, (_, at) => at).sort(
        (a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || (candidates[a] ?? 0) - (candidates[b] ?? 0),
      )
      const chances = chancesOf(logits)
      return {
        items: order.map((at) => candidates[at] ?? 0),
        chances: Float32Array.from(order, (at) => chances[at] ?? 0),
      }
    },
    scoreImpressions: async (impressions) => chancesOf((await scoreImpressions(impressions)).logits),
    expertGates: async (impressions) => (await scoreImpressions(impressions)).gates,
    async dispose() {
      await whole.dispose()
      if (!scorer) await own.dispose()
    },
  }
}

const tables = ['items', 'users', 'queries'] as const

/** Whether a recommender ranks by behaviours, as one that was saved by such a ranker does when it is loaded. */
export function isBehaviourRanker(model: Recommender): model is BehaviourRanker {
  return 'rankItems' in model
}

/**
 * What is known of each user once all requests are over: the longest history that a request of theirs knows, and what
 * they took in it.
 *
 * @param users how many there are
 */
export function sequencesAfter(impressions: Impressions, users: number): Sequences {
  const latest = new Int32Array(users).fill(-1)
  for (let request = 0; request < requestCount(impressions); request++) {
    const user = impressions.users[request] ?? -1
    if (user < 0) continue
    const before = latest[user] ?? -1
    if (before < 0 || (impressions.known[request] ?? 0) >= (impressions.known[before] ?? 0)) latest[user] = request
  }
  const lists = Array.from(latest, (request): readonly number[] => {
    if (request < 0) return []
    const known = Array.from(historyBefore(impressions, request))
    for (let at = impressions.offsets[request] ?? 0; at < (impressions.offsets[request + 1] ?? 0); at++)
      if ((impressions.labels[at] ?? 0) >= 0.5) known.push(impressions.items[at] ?? 0)
    return known
  })
  const offsets = new Uint32Array(users + 1)
  for (const [user, list] of lists.entries()) offsets[user + 1] = (offsets[user] ?? 0) + list.length
  return { offsets, items: Uint32Array.from(lists.flat()) }
}

/** The items of each sequence, ascending, each once. */
export function itemsOfSequences(sequences: Sequences): SparseRows {
  const offsets = new Uint32Array(sequences.offsets.length)
  const columns: number[] = []
  for (let user = 0; user < sequences.offsets.length - 1; user++) {
    columns.push(...Uint32Array.from(new Set(sequenceOf(sequences, user))).sort())
    offsets[user + 1] = columns.length
  }
  return { offsets, columns: Uint32Array.from(columns) }
}
