import { z } from '@hono/zod-openapi'
import { signalFilterSchema } from '../evaluate/index.ts'
import { named } from './openapi.ts'

/** How much one request may ask for. */
export const recommendLimits = {
  /** Places of a list. */
  count: 1_000,
  /** Items of a history, of a list of exclusions, and of a filter. */
  items: 10_000,
  /** Rows of a batch. */
  batch: 1_000,
  /** Places of all lists of a batch together. */
  places: 50_000,
  /** Places of a batch with reasons. */
  explainedPlaces: 5_000,
  /** Items of all histories of a batch together. */
  batchItems: 100_000,
  /** Reasons for an item. */
  reasons: 20,
  /** Items whose titles and attributes are given at once. */
  catalogue: 10_000,
  /** Attributes of an item, and conditions of a filter. */
  attributes: 64,
  /** Values of an attribute, and of a condition. */
  values: 1_000,
  /** Points of a curve. */
  points: 20,
} as const

const count = z.number().int().min(0)
/** Ids of users and items are any texts of up to 500 bytes. */
const id = z.string().min(1).max(500)
const idSchema = id.refine((text) => text.isWellFormed(), 'holds half of a surrogate pair')
const scalar = z.union([z.string().max(1_000), z.number(), z.boolean()])

/** Names of recommenders are parts of addresses. */
export const recommenderName = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'expected lower-case letters, digits and single hyphens, such as "film-club"')
  .max(100)

/** Where the interactions come from. */
export const recommenderDataSchema = named(
  'RecommenderData',
  z.discriminatedUnion('from', [
    z.strictObject({
      from: z.literal('signals'),
      /** Which signals; default all choices and ratings. */
      filter: signalFilterSchema.optional(),
      /** The aspect of a rating that counts. Default `overall`, or the only one. */
      aspect: z.string().min(1).max(500).optional(),
      /** Only interactions of at least this value, such as ratings from 4 up. */
      atLeast: z.number().optional(),
      /** Whether candidates count as their producers. */
      byProducer: z.boolean().default(false),
    }),
    z.strictObject({
      from: z.literal('file'),
      /** Id that `POST /v1/interactions` gave. */
      file: z.string().min(1).max(100),
      layout: z.enum(['rows', 'lists', 'json']).optional(),
      delimiter: z.string().min(1).max(2).optional(),
      header: z.boolean().optional(),
      /** By name, or by number from 1; null leaves a column out. */
      columns: z
        .strictObject({
          user: z.union([z.string(), z.number().int().min(1)]).optional(),
          item: z.union([z.string(), z.number().int().min(1)]).optional(),
          value: z
            .union([z.string(), z.number().int().min(1)])
            .nullable()
            .optional(),
          time: z
            .union([z.string(), z.number().int().min(1)])
            .nullable()
            .optional(),
        })
        .optional(),
      timeUnit: z.enum(['seconds', 'milliseconds']).optional(),
      atLeast: z.number().optional(),
      /** Lines that cannot be read: refuse the file, or leave them out. */
      brokenLines: z.enum(['refuse', 'skip']).default('refuse'),
    }),
    z.strictObject({
      from: z.literal('shipped'),
      /** Choices that come with the package, with titles and attributes of their items; see `shippedChoices`. */
      choices: z.string().min(1).max(100),
    }),
  ]),
)

export type RecommenderData = z.output<typeof recommenderDataSchema>

/** What to fit, and to what. */
export const recommenderRequestSchema = named(
  'RecommenderRequest',
  z.strictObject({
    name: recommenderName,
    title: z.string().min(1).max(200).optional(),
    description: z.string().max(2_000).optional(),
    /** One of `GET /v1/recommender-kinds`. */
    kind: z.string().min(1).max(100),
    /** Options of the kind, as its schema has them. */
    options: z.record(z.string().max(100), z.unknown()).default({}),
    data: recommenderDataSchema,
    /** Share of each history, its latest part, that quality is measured on before all is learned from; 0 measures none. */
    holdOut: z.number().min(0).max(0.5).default(0.2),
    /**
     * Which part of a history is held out. `random` is for catalogues in which what is new is new to all at once, so that
     * of the latest items nothing could be learned.
     */
    holdOutFrom: z.enum(['latest', 'random']).default('latest'),
    /** Search of the items: `auto` is `exact` up to a million items, `hnsw` beyond. */
    index: z.enum(['auto', 'exact', 'hnsw']).default('auto'),
    seed: z.number().int().min(0).default(0),
    /** Whether a recommender of this name is replaced; it serves until the new one is there. */
    replace: z.boolean().default(false),
  }),
)

export type RecommenderRequest = z.output<typeof recommenderRequestSchema>

const measured = z.object({
  /** Such as `recall@20`. */
  name: z.string(),
  value: z.number(),
  /** 95 % bootstrap interval over users. */
  lower: z.number(),
  upper: z.number(),
  /** What recommending the most popular items reaches on the same users. */
  popularity: z.number(),
})

const quality = named(
  'RecommenderQuality',
  z.object({
    /** Share of each history that was held out. */
    holdOut: z.number(),
    /** Users that had something held out. */
    users: count,
    /** Held-out interactions. */
    interactions: count,
    metrics: z.array(measured).readonly(),
    /** Of lists of 20. */
    coverage: z.number(),
    /** Mean self-information in bits. */
    novelty: z.number(),
    /** Gini index of the items' exposure, 0 even to 1 all on few; absent where it has no value. */
    gini: z.number().exactOptional(),
  }),
)

const attribute = z.object({
  name: z.string(),
  /** What its values are; `mixed` where they differ. */
  type: z.enum(['text', 'number', 'boolean', 'mixed']),
  /** Items that have it. */
  items: count,
  /** Most frequent values, at most 50; of numbers none. */
  values: z.array(z.object({ value: scalar, count })).readonly(),
  least: z.number().exactOptional(),
  most: z.number().exactOptional(),
})

/** A recommender: what it is, how it is doing, and how good it is. */
export const recommenderSchema = named(
  'Recommender',
  z.object({
    name: z.string(),
    title: z.string(),
    description: z.string().exactOptional(),
    kind: z.string(),
    options: z.record(z.string(), z.unknown()),
    data: recommenderDataSchema,
    /** `ready` serves, also while a job fits it anew; the others do not yet. */
    state: z.enum(['ready', 'fitting', 'failed']),
    /** The job that fits it, or that failed. */
    job: z.string().exactOptional(),
    error: z.string().exactOptional(),
    /** Absent until it was fitted once. */
    fitted: z
      .object({
        /** Milliseconds since 1970. */
        at: z.number().int(),
        seconds: z.number(),
        users: count,
        items: count,
        interactions: count,
        /** Names the signals it learned from. */
        dataVersion: z.string().exactOptional(),
        /** How items are searched; `scores` where a method scores all. */
        index: z.enum(['exact', 'hnsw', 'scores']),
        /** Share of the exact best 20 that the approximate index finds. */
        indexRecall: z.number().exactOptional(),
        /** Whether recommendations come with reasons. */
        explains: z.boolean(),
        quality: quality.exactOptional(),
        /** Of its items; absent in lists of recommenders. */
        attributes: z.array(attribute).readonly().exactOptional(),
      })
      .exactOptional(),
  }),
)

export const recommenderListSchema = named(
  'RecommenderList',
  z.object({ recommenders: z.array(recommenderSchema).readonly() }),
)

export const recommenderKindsSchema = named(
  'RecommenderKinds',
  z.object({
    kinds: z
      .array(
        z.object({
          kind: z.string(),
          title: z.string(),
          description: z.string(),
          /** JSON Schema of its options. */
          options: z.record(z.string(), z.unknown()),
          explains: z.boolean(),
        }),
      )
      .readonly(),
  }),
)

const condition = z.union([
  scalar,
  z.strictObject({
    /** The item has at least one of these values. */
    anyOf: z.array(scalar).min(1).max(recommendLimits.values).optional(),
    /** The item has none of these. */
    noneOf: z.array(scalar).min(1).max(recommendLimits.values).optional(),
    least: z.number().optional(),
    most: z.number().optional(),
  }),
])

/** Which items may be recommended: all that is said must hold. */
export const itemFilterSchema = named(
  'ItemFilter',
  z.strictObject({
    /** Only these. */
    items: z.array(idSchema).min(1).max(recommendLimits.items).optional(),
    /** A value stands for `{ "anyOf": [value] }`. An item without the attribute meets `noneOf` only. */
    attributes: z
      .record(z.string().min(1).max(500), condition)
      .refine(
        (conditions) => Object.keys(conditions).length <= recommendLimits.attributes,
        `more than ${recommendLimits.attributes} conditions`,
      )
      .optional(),
  }),
)

const audience = {
  /** Someone; what the store says of them now counts, also what came after the fit. */
  user: idSchema.optional(),
  /** What was taken, oldest first: instead of a user, or after what is known of one. */
  history: z.array(idSchema).max(recommendLimits.items).optional(),
}

const exclude = z
  .strictObject({
    /** Whether what was taken already stays out. */
    seen: z.boolean().default(true),
    items: z.array(idSchema).max(recommendLimits.items).default([]),
  })
  .prefault({})

const listing = {
  count: z.number().int().min(1).max(recommendLimits.count).default(20),
  filter: itemFilterSchema.optional(),
  exclude,
  /** Reasons for each item, at most; where the method has none, there are none. */
  explain: z.number().int().min(0).max(recommendLimits.reasons).default(0),
  /** What the list is to be beside relevant; each takes its items from a longer list of candidates. */
  rerank: z
    .strictObject({
      /** λ of maximal marginal relevance, 0 for relevance alone to 1 for difference alone. */
      diversity: z.number().min(0).max(1).optional(),
      /** What the exposure that an item has with all users weighs against its score. */
      fairness: z.number().min(0).max(100).optional(),
      /** Candidates as a multiple of the count. */
      candidates: z.number().int().min(2).max(50).default(5),
    })
    .optional(),
}

export const recommendRequestSchema = named('RecommendRequest', z.strictObject({ ...audience, ...listing }))

export const recommendBatchSchema = named(
  'RecommendBatch',
  z
    .strictObject({
      rows: z.array(z.strictObject(audience)).min(1).max(recommendLimits.batch),
      ...listing,
    })
    .refine(({ rows, count }) => rows.length * count <= recommendLimits.places, {
      path: ['rows'],
      error: `rows · count is more than ${recommendLimits.places}`,
    })
    .refine(({ rows, count, explain }) => explain === 0 || rows.length * count <= recommendLimits.explainedPlaces, {
      path: ['explain'],
      error: `rows · count is more than ${recommendLimits.explainedPlaces}, which is the limit with reasons`,
    })
    .refine(
      ({ rows }) => rows.reduce((sum, { history = [] }) => sum + history.length, 0) <= recommendLimits.batchItems,
      { path: ['rows'], error: `the histories have more than ${recommendLimits.batchItems} items together` },
    ),
)

const reason = z.object({ id: z.string(), title: z.string().exactOptional(), weight: z.number() })

/** One list. */
const recommendation = z.object({
  /**
   * What the list was made from: what the user was trained with, a history that was folded in, or how many took an item
   * where nothing was known.
   */
  basis: z.enum(['user', 'history', 'popularity']),
  /** How many known items of a history there were. */
  historyItems: count,
  items: z
    .array(
      z.object({
        id: z.string(),
        title: z.string().exactOptional(),
        attributes: z.record(z.string(), z.unknown()).exactOptional(),
        /** Higher is better; not comparable between users. */
        score: z.number(),
        /** Strongest first. */
        reasons: z.array(reason).readonly().exactOptional(),
      }),
    )
    .readonly(),
  /** What was not known and is left out. */
  unknown: z
    .object({ user: z.string().exactOptional(), items: z.array(z.string()).readonly().exactOptional() })
    .exactOptional(),
  /** What else there is to say, in sentences. */
  notes: z.array(z.string()).readonly().exactOptional(),
})

export const recommendationSchema = named(
  'Recommendation',
  z.object({ recommender: z.string(), ...recommendation.shape }),
)

export const recommendationBatchSchema = named(
  'RecommendationBatch',
  z.object({
    recommender: z.string(),
    /** One a row, in order. */
    rows: z.array(recommendation).readonly(),
    /** Ids of filters and exclusions that no item has. */
    unknownItems: z.array(z.string()).readonly().exactOptional(),
  }),
)

/** What re-ranking costs, measured on what was held out. */
export const recommenderCurveSchema = named(
  'RecommenderCurve',
  z.object({
    recommender: z.string(),
    over: z.enum(['diversity', 'fairness']),
    /** Places of the lists. */
    count,
    /** Users that it was measured on. */
    users: count,
    points: z
      .array(
        z.object({
          /** λ of diversity or weight of fairness. */
          weight: z.number(),
          recall: z.number(),
          ndcg: z.number(),
          /** Share of the catalogue in some list. */
          coverage: z.number(),
          /** Mean distance between the items of a list, 1 − cosine. */
          diversity: z.number(),
          /** Of the items' exposure: Gini index (0 even), Jain's index and normalised entropy (1 even). */
          gini: z.number().exactOptional(),
          jain: z.number().exactOptional(),
          entropy: z.number().exactOptional(),
        }),
      )
      .readonly(),
  }),
)

export const curveQuerySchema = z.strictObject({
  over: z.enum(['diversity', 'fairness']).default('diversity'),
  count: z.coerce.number().int().min(1).max(50).default(10).openapi({ description: 'Places of the lists.' }),
  weights: z
    .string()
    .max(1_000)
    .transform((text) => text.split(',').map(Number))
    .pipe(z.array(z.number().min(0).max(100)).min(1).max(recommendLimits.points))
    .optional()
    .openapi({ type: 'string', description: 'With commas between. Left out, a range that shows the trade.' }),
})

const itemEntry = z.strictObject({
  id: idSchema,
  title: z.string().min(1).max(1_000).optional(),
  attributes: z
    .record(z.string().min(1).max(500), z.union([scalar, z.array(scalar).max(recommendLimits.values)]))
    .refine(
      (all) => Object.keys(all).length <= recommendLimits.attributes,
      `more than ${recommendLimits.attributes} attributes`,
    )
    .optional(),
})

/** Titles and attributes of items; what is given replaces what an item had. */
export const itemDetailsSchema = named(
  'ItemDetails',
  z.strictObject({ items: z.array(itemEntry).min(1).max(recommendLimits.catalogue) }),
)

export const itemDetailsReceiptSchema = named(
  'ItemDetailsReceipt',
  z.object({
    /** Items that the recommender knows. */
    known: count,
    /** The others, which are passed over; the first hundred of them. */
    unknown: z.array(z.string()).readonly(),
    unknownCount: count,
  }),
)

export const browseQuerySchema = z.strictObject({
  search: z.string().max(500).optional().openapi({ description: 'Part of an id or a title, whatever its case.' }),
  limit: z.coerce.number().int().min(1).max(1_000).default(50),
  after: z.coerce.number().int().min(0).default(0).openapi({ description: 'The `next` of the page before.' }),
})

/** Items of a recommender, most taken first. */
export const itemPageSchema = named(
  'RecommenderItems',
  z.object({
    items: z
      .array(
        z.object({
          id: z.string(),
          title: z.string().exactOptional(),
          attributes: z.record(z.string(), z.unknown()).exactOptional(),
          /** Users who took it. */
          users: count,
        }),
      )
      .readonly(),
    total: count,
    next: count.exactOptional(),
  }),
)

/** Users of a recommender, in the order in which they were met. */
export const userPageSchema = named(
  'RecommenderUsers',
  z.object({
    users: z.array(z.object({ id: z.string(), items: count })).readonly(),
    total: count,
    next: count.exactOptional(),
  }),
)

/** What is known of a user now, oldest first. */
export const userHistorySchema = named(
  'RecommenderUser',
  z.object({
    id: z.string(),
    history: z.array(z.object({ id: z.string(), title: z.string().exactOptional() })).readonly(),
    /** Items that came after the fit. */
    sinceFit: count,
  }),
)

/** A file of interactions that was sent. */
export const interactionFileSchema = named(
  'InteractionFile',
  z.object({ id: z.string(), name: z.string(), bytes: count, at: z.number().int() }),
)
