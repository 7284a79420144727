import packageJson from '../../package.json' with { type: 'json' }
import { type ShippedChoices, shippedChoices } from '../evaluate/index.ts'
import { canonicalJson, contentHash, type Json } from '../run/index.ts'
import type { Job } from './jobs.ts'
import { type RecommenderRequest, recommenderRequestSchema } from './recommend-schema.ts'
import type { Service } from './service.ts'

/** A method with its options by the name of the choices. */
interface ShippedMethod {
  readonly kind: string
  readonly options: (choices: string) => RecommenderRequest['options']
}

const isShop = (choices: string): boolean => choices === 'simulated-shop'

/**
 * Options by a search over some dozens of them: the mean NDCG@10 on a part of every history at random, over three draws,
 * apart from what is held out here.
 */
const methods: readonly ShippedMethod[] = [
  { kind: 'popularity', options: () => ({}) },
  { kind: 'item-neighbours', options: () => ({ shrink: 20 }) },
  { kind: 'ease', options: () => ({ lambda: 200 }) },
  { kind: 'als', options: (choices) => ({ width: 8, lambda: isShop(choices) ? 0.3 : 3, alpha: 10 }) },
  {
    kind: 'bpr',
    options: (choices) =>
      isShop(choices) ? { width: 32, epochs: 50, lambda: 0.05 } : { width: 32, epochs: 150, lambda: 0.01 },
  },
  {
    kind: 'light-gcn',
    options: (choices) => ({ width: 32, batchSize: 1024, epochs: 30, learningRate: isShop(choices) ? 0.005 : 0.02 }),
  },
]

function requestFor({ name, title, description, attribution }: ShippedChoices, method: ShippedMethod) {
  return recommenderRequestSchema.parse({
    name: `${name}-${method.kind}`,
    title,
    description: attribution === undefined ? description : `${description}\n\n${attribution}.`,
    kind: method.kind,
    options: method.options(name),
    data: { from: 'shipped', choices: name },
    // Every year's songs are new to all at once.
    holdOutFrom: 'random',
  })
}

/** The recommenders that a server fits of what comes with the package, in the order in which it does. */
export function shippedRecommenders(): readonly RecommenderRequest[] {
  return shippedChoices().flatMap((choices) => methods.map((method) => requestFor(choices, method)))
}

const markers = 'shipped'

/** What an earlier start has begun to fit. */
interface Marker {
  /** Hash of the request. */
  readonly request: string
  /** Names the program and the signals. */
  readonly state: string
}

const hashOf = (request: RecommenderRequest): string => {
  const { replace: _, ...rest } = request
  return contentHash(canonicalJson(rest as unknown as Json))
}

/** The number of signals of each source that choices are read from. */
async function signalCounts({ store }: Pick<Service, 'store'>): Promise<ReadonlyMap<string, number>> {
  const { sources } = await store.counts()
  return new Map(Object.entries(sources))
}

/**
 * Begins to fit a shipped recommender where that is due: when it never was, when an earlier start did not finish, or when
 * the program or the signals are others. One that a person removed or fitted otherwise stays as they left it.
 *
 * @returns the job, if one was begun
 */
export async function fitShippedRecommender(
  service: Pick<Service, 'store' | 'recommenders'>,
  request: RecommenderRequest,
): Promise<Job | undefined> {
  const { documents } = service.store
  const { name, data } = request
  const choices = shippedChoices().find((one) => data.from === 'shipped' && one.name === data.choices)
  const signals = choices?.source === undefined ? 0 : (await signalCounts(service)).get(choices.source)
  if (signals === undefined) return undefined
  const marker = `recommender/${name}`
  const wanted: Marker = { request: hashOf(request), state: `${packageJson.version} ${signals}` }
  const known = (await documents.get(markers, marker)) as Marker | undefined
  const present = (await service.recommenders.list()).find((one) => one.request.name === name)
  const asIt = present && hashOf(present.request)
  // What was begun and not noted, because the server stopped between, is as wanted too.
  const untouched = known === undefined ? !present || asIt === wanted.request : asIt === known.request
  const current = known?.request === wanted.request && known.state === wanted.state && present?.fitted !== undefined
  if (!untouched || current) return undefined
  const { job } = await service.recommenders.fit({ ...request, replace: true })
  await documents.put(markers, marker, wanted)
  return job
}
