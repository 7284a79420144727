import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'
import { type Comparison, fetchedFolder } from '../../collect/index.ts'
import type { Grid } from '../tabular/grid.ts'
import { deliveryTask, gridSegment } from './delivery-task.ts'
import { type NumpyArray, readNpy } from './npy.ts'
import { segmentComparison } from './segment-signal.ts'

/**
 * What people were shown and told before they compared segments: `…-privileged` saw the statistics that the two models
 * are made of, `…-trained` were taught one of them, `…-question` were asked with one of them in mind; `pr-` and `regret-`
 * say which, and `…-control` are the groups beside them.
 */
export const deliveryConditions = [
  'privileged-control',
  'trained-control',
  'question-control',
  'pr-privileged',
  'pr-trained',
  'pr-question',
  'regret-privileged',
  'regret-trained',
  'regret-question',
] as const
export type DeliveryCondition = (typeof deliveryConditions)[number]

/** Human preferences between two segments of the delivery task. */
export interface DeliveryPreferences {
  /** `[pairs, 3]`: partial return, start value and end value, second − first, as published. */
  readonly differences: readonly (readonly number[])[]
  /** `[pairs]`: 0 where the first is preferred, 1 the second, ½ a tie. */
  readonly prefersSecond: readonly number[]
  /** `[pairs, 2, moves + 1, 2]`: each segment's start cell, then its moves; see `gridSegment`. */
  readonly segmentPairs: readonly (readonly (readonly (readonly number[])[])[])[]
}

const finite = z.number()
const preferencesSchema = z
  .object({
    features: z.array(z.array(finite).length(3)),
    prefersSecond: z.array(z.union([z.literal(0), z.literal(0.5), z.literal(1)])),
    segmentPairs: z.array(z.array(z.array(z.array(finite).length(2)).min(2)).length(2)),
  })
  .refine(
    ({ features, prefersSecond, segmentPairs }) =>
      features.length === prefersSecond.length && segmentPairs.length === prefersSecond.length,
    'features, prefersSecond and segmentPairs differ in length',
  )
const boardSchema = z.array(z.array(finite))

const files = 'https://github.com/Stephanehk/InfluencingHumanPrefs'
const boards = 'https://github.com/Stephanehk/Learning-OA-From-Prefs'
const boardPath = 'Learning-OA-From-Prefs/data/input/random_MDPs/2021-07-29_sparseboard2-notrap_board.json'

/** `regret-privileged` as the published files spell it: `Regret-Privileged`. */
const published = (condition: DeliveryCondition): string =>
  condition
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('-')

const jsonPath = (folder: string, condition: DeliveryCondition): string => join(folder, `human-${condition}.json.gz`)
const npyPath = (folder: string, condition: DeliveryCondition, part: string): string =>
  join(folder, `InfluencingHumanPrefs/data/human_data/${published(condition)}_full_filtered_${part}.npy`)
const ownBoard = (folder: string): string => join(folder, 'delivery-board.json')

/** Where the human data are looked for: `trajectories` in the folder of fetched data (`PENCHANT_DATASETS`). */
export const deliveryFolder = (): string => join(fetchedFolder(), 'trajectories')

/**
 * Why the human data cannot be read and where a user gets them; undefined when they are there. They have no stated
 * licence and do not come with the package.
 */
export function deliveryDataMissing(folder: string = deliveryFolder()): string | undefined {
  const board = existsSync(ownBoard(folder)) || existsSync(join(folder, boardPath))
  const answers =
    existsSync(jsonPath(folder, 'privileged-control')) || existsSync(npyPath(folder, 'privileged-control', 'Y'))
  if (board && answers) return undefined
  return (
    `the human preferences of the delivery task are not in ${folder}, and do not come with the package since they have ` +
    `no stated licence: clone ${files} and ${boards} into that folder, or name the folder that holds both clones by ` +
    'PENCHANT_DATASETS, which has it under "trajectories"'
  )
}

function present(folder: string): void {
  const missing = deliveryDataMissing(folder)
  if (missing !== undefined) throw new Error(missing)
}

/** The board people were shown, as an MDP. @throws {Error} saying where to get it when it is not there */
export function readDeliveryTask(folder: string = deliveryFolder()): Grid {
  present(folder)
  const path = existsSync(ownBoard(folder)) ? ownBoard(folder) : join(folder, boardPath)
  return deliveryTask(checked(boardSchema, JSON.parse(readFileSync(path, 'utf8')), path))
}

/**
 * The human preferences of one condition, from clones of the published repositories or from the same numbers in JSON.
 *
 * @throws {Error} saying where to get them when they are not there
 * @throws {TypeError} when a file holds something else
 */
export function readDeliveryPreferences(
  condition: DeliveryCondition,
  folder: string = deliveryFolder(),
): DeliveryPreferences {
  present(folder)
  const json = jsonPath(folder, condition)
  if (existsSync(json)) {
    const text = gunzipSync(readFileSync(json)).toString('utf8')
    const { features, ...rest } = checked(preferencesSchema, JSON.parse(text), json)
    return { differences: features, ...rest }
  }
  const read = (part: string): NumpyArray => {
    const path = npyPath(folder, condition, part)
    return readNpy(readFileSync(path), path)
  }
  const segmentPairs = nested(read('segment_pairs'), 0, 0) as DeliveryPreferences['segmentPairs']
  const given = { features: nested(read('X'), 0, 0), prefersSecond: [...read('Y').data], segmentPairs }
  const { features, ...rest } = checked(preferencesSchema, given, npyPath(folder, condition, '*'))
  return { differences: features, ...rest }
}

function nested({ shape, data }: NumpyArray, axis: number, from: number): unknown {
  if (axis === shape.length) return data[from]
  const size = shape.slice(axis + 1).reduce((product, length) => product * length, 1)
  return Array.from({ length: shape[axis] as number }, (_, at) => nested({ shape, data }, axis + 1, from + at * size))
}

function checked<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new TypeError(`${path}: ${issue?.path.join('.')}: ${issue?.message}`)
}

/** Name of the delivery task's world in candidates. */
export const deliveryWorld = 'delivery'

/**
 * Human preferences as comparison signals. Who answered which pair is not published, so that all of a condition have one
 * rater; nor when, for which the start of the paper's first year stands.
 */
export function deliverySignals(
  grid: Grid,
  condition: DeliveryCondition,
  { prefersSecond, segmentPairs }: Pick<DeliveryPreferences, 'prefersSecond' | 'segmentPairs'>,
): Comparison[] {
  return segmentPairs.map(([first = [], second = []], pair) =>
    segmentComparison({
      id: `delivery/${condition}/${pair + 1}`,
      world: deliveryWorld,
      rater: { id: `delivery/${condition}`, kind: 'human' },
      source: `delivery/${condition}`,
      time: Date.UTC(2022, 0, 1),
      first: gridSegment(grid, first),
      second: gridSegment(grid, second),
      firstPreferred: 1 - (prefersSecond[pair] as number),
    }),
  )
}
