import { choicesIn, fitTastes, type NormalEstimate, orderList, type TasteMap, tasteMap } from '../../learn/index.ts'
import { normalQuantile } from '../../measure/index.ts'
import type { Run } from '../../run/index.ts'
import { type VersionedSignals, versionOf } from '../leaderboard/fit-leaderboard.ts'
import { eurovisionColumns } from './eurovision-columns.ts'
import { type JudgedList, type JudgingRater, judgedLists, orderingSignals } from './judged-lists.ts'
import type {
  People,
  PeopleCluster,
  PeopleColumn,
  PeopleDefinition,
  PeopleGroup,
  Person,
  TasteEffect,
} from './people.ts'
import { type TasteColumn, tasteColumns } from './taste-columns.ts'

/** Who preferred fewer candidates than this to something is not on the map. */
export const fewestChoices = 3
/** Those who said most are on the map, and no more than these. */
export const mostRaters = 3_000
/** A map needs as many. */
const fewestRaters = 3

const z95 = normalQuantile(0.975)
/** Below it clusters may be of the method's own making (Kaufman & Rousseeuw 1990, Finding Groups in Data, table 4). */
const clearSilhouette = 0.5

/** Everybody's numbers in units of standard deviations, and how to say them in the columns' own. */
interface Design {
  readonly columns: readonly TasteColumn[]
  /** `[columns]`: standard deviation within lists. */
  readonly deviations: Float64Array
  readonly featuresOf: (list: JudgedList, rater: JudgingRater) => Float64Array
}

function designOf(raters: readonly JudgingRater[], candidates: readonly TasteColumn[]): Design {
  const squares = new Float64Array(candidates.length)
  let rows = 0
  for (const rater of raters)
    for (const list of rater.lists) {
      rows += list.candidates.length
      for (const [k, column] of candidates.entries()) {
        const values = Array.from(column.of(list, rater))
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length
        for (const value of values) squares[k] = (squares[k] as number) + (value - mean) ** 2
      }
    }
  const spread = squares.map((square) => Math.sqrt(square / Math.max(1, rows)))
  const kept = candidates.flatMap((column, k) =>
    (spread[k] as number) > 1e-9 ? [{ column, spread: spread[k] as number }] : [],
  )
  const columns = kept.map(({ column }) => column)
  const deviations = Float64Array.from(kept, (one) => one.spread)
  return {
    columns,
    deviations,
    featuresOf(list, rater) {
      const features = new Float64Array(list.candidates.length * columns.length)
      for (const [k, column] of columns.entries()) {
        const values = column.of(list, rater)
        for (let i = 0; i < list.candidates.length; i++)
          features[i * columns.length + k] = (values[i] as number) / (deviations[k] as number)
      }
      return features
    },
  }
}

/**
 * Tastes as they are said: in the columns' own units, and values of one feature against the mean of its values, which is
 * all that choices can tell. Covariances alike.
 */
function said({
  columns,
  deviations,
}: Design): (taste: NormalEstimate) => { readonly mean: Float64Array; readonly covariance: Float64Array } {
  const width = columns.length
  // `[width, width]`: rows make a column's number from all.
  const map = new Float64Array(width * width)
  for (const [k, { unit, block }] of columns.entries()) {
    const scale = (l: number): number => (unit === 'yes' ? 1 / (deviations[l] as number) : 1)
    map[k * width + k] = scale(k)
    if (block === undefined) continue
    const together = columns.flatMap((other, l) => (other.block === block ? [l] : []))
    for (const l of together) map[k * width + l] = (map[k * width + l] as number) - scale(l) / together.length
  }
  const applied = (vector: Float64Array): Float64Array =>
    Float64Array.from({ length: width }, (_, k) =>
      vector.reduce((sum, value, l) => sum + (map[k * width + l] as number) * value, 0),
    )
  return ({ mean, covariance }) => {
    const half = new Float64Array(width * width)
    for (let l = 0; l < width; l++) {
      const column = applied(Float64Array.from({ length: width }, (_, k) => covariance[k * width + l] as number))
      for (let k = 0; k < width; k++) half[k * width + l] = column[k] as number
    }
    const whole = new Float64Array(width * width)
    for (let k = 0; k < width; k++) whole.set(applied(half.slice(k * width, (k + 1) * width)), k * width)
    return { mean: applied(mean), covariance: whole }
  }
}

function effectsOf({
  mean,
  covariance,
}: {
  readonly mean: Float64Array
  readonly covariance: Float64Array
}): readonly TasteEffect[] {
  return Array.from(mean, (value, k) => {
    const half = z95 * Math.sqrt(Math.max(0, covariance[k * mean.length + k] as number))
    return { value, lower: value - half, upper: value + half }
  })
}

/** The raters who said enough, those who said most first where there are too many, and how many are left out. */
function enough(raters: readonly JudgingRater[]): {
  readonly kept: readonly JudgingRater[]
  readonly leftOut: Record<string, number>
} {
  const choices = (rater: JudgingRater): number =>
    rater.lists.reduce((sum, { ranks }) => sum + ranks.filter((rank) => !Number.isNaN(rank)).length, 0)
  const told = raters.filter((rater) => choicesOf(rater) >= fewestChoices)
  const most = told.length > mostRaters ? told.toSorted((a, b) => choices(b) - choices(a)).slice(0, mostRaters) : told
  const few = raters.length - told.length
  const many = told.length - most.length
  return {
    kept: most,
    leftOut: {
      ...(few > 0 && { [`preferred fewer than ${fewestChoices} candidates to another`]: few }),
      ...(many > 0 && { [`not among the ${mostRaters} who said most`]: many }),
    },
  }
}

function choicesOf({ lists }: JudgingRater): number {
  return lists.reduce((sum, { ranks }) => {
    const worst = Math.max(...ranks.map((rank) => (Number.isNaN(rank) ? Number.POSITIVE_INFINITY : rank)))
    return sum + ranks.filter((rank) => rank < worst).length
  }, 0)
}

function nothing(
  definition: PeopleDefinition,
  dataVersion: string,
  leftOut: Record<string, number>,
  why: string,
): People {
  const { source, title, description, attribution, groupBy } = definition
  return {
    source,
    title,
    ...(description !== undefined && { description }),
    ...(attribution !== undefined && { attribution }),
    ...(groupBy !== undefined && { groupBy }),
    columns: [],
    raters: [],
    groups: [],
    clusters: [],
    silhouette: 0,
    map: { shares: [0, 0], axes: [[], []] },
    reliability: 0,
    leftOut,
    warnings: [why],
    dataVersion,
  }
}

/**
 * The tastes of a source's raters: what features of candidates decide their orders, rater by rater with intervals, on a
 * flat map, in clusters. What is missing is said in `warnings`; nothing is an error.
 *
 * @param source the signals, all of them or a snapshot
 */
export async function fitPeople(definition: PeopleDefinition, source: VersionedSignals, run: Run): Promise<People> {
  const { groupBy } = definition
  const version = await versionOf(source)
  const all = await judgedLists(source.read(orderingSignals(definition.source)))
  const { kept, leftOut } = enough(all)
  const empty = (why: string): People => nothing(definition, version, leftOut, why)
  if (kept.length < fewestRaters)
    return empty(
      `A map of tastes needs at least ${fewestRaters} people who each preferred ${fewestChoices} candidates or more to another; there are ${kept.length} of ${all.length}.`,
    )
  const groupOf = (rater: JudgingRater): string =>
    String((groupBy === undefined ? undefined : rater.traits[groupBy]) ?? rater.id)
  const beside = definition.columns === 'eurovision' ? await eurovisionColumns(source, run) : []
  const design = designOf(kept, [...tasteColumns(kept, groupOf), ...beside])
  const { columns } = design
  const width = columns.length
  if (width === 0)
    return empty(
      'Nothing tells the candidates apart in a way that holds from one to the next: there are many of them, and they have no features (numbers, or words of few values) that vary within what a person saw at once.',
    )
  const names = groupBy === undefined ? [] : [...new Set(kept.map(groupOf))].toSorted()
  const groupPlace = new Map(names.map((name, place) => [name, place]))
  const lists = kept.map((rater) =>
    rater.lists.map((list) => orderList({ features: design.featuresOf(list, rater), ranks: list.ranks }, width)),
  )
  const tastes = fitTastes(
    kept.map((rater, at) => ({ lists: lists[at] ?? [], group: groupPlace.get(groupOf(rater)) ?? 0 })),
    { width },
    run,
  )
  run.progress({ label: 'the map', done: 0, total: 1 })
  const inWords = said(design)
  const points = Float64Array.from(tastes.raters.flatMap(({ mean }) => [...mean]))
  const map = tasteMap(points, width, run)
  const placed = projector(map)
  const raters = kept.map((rater, at): Person => {
    const { id, kind, traits, signals } = rater
    return {
      id,
      name: definition.columns === 'eurovision' ? jurorName(rater) : id,
      kind,
      traits,
      ...(groupBy !== undefined && { group: groupOf(rater) }),
      signals,
      choices: (lists[at] ?? []).reduce((sum, list) => sum + choicesIn(list), 0),
      ...placed((tastes.raters[at] as NormalEstimate).mean),
      cluster: map.assignment[at] as number,
      effects: effectsOf(inWords(tastes.raters[at] as NormalEstimate)),
    }
  })
  const common = effectsOf(inWords(tastes.common))
  const variances = tastes.withinGroups.map((value, k) => value + (tastes.betweenGroups[k] as number))
  const spread = inWords({ mean: new Float64Array(width), covariance: diagonal(variances) }).covariance
  const groups = names.map((name, place): PeopleGroup => {
    const members = raters.filter(({ group }) => group === name)
    const taste = tastes.groups[place] as NormalEstimate
    return {
      name,
      raters: members.length,
      ...placed(taste.mean),
      cluster: mostOf(members.map(({ cluster }) => cluster)),
      effects: effectsOf(inWords(taste)),
    }
  })
  const clusters = Array.from({ length: map.clusters }, (_, cluster): PeopleCluster => {
    const members = raters.filter((rater) => rater.cluster === cluster)
    const lean = columns.map(
      (_column, k) =>
        members.reduce((sum, { effects }) => sum + (effects[k]?.value ?? 0), 0) / members.length -
        (common[k]?.value ?? 0),
    )
    return { size: members.length, lean }
  })
  const reliability = reliabilityOf(tastes.raters, variances, tastes.common)
  return {
    ...empty(''),
    columns: columns.map(
      ({ name, more, less, unit }, k): PeopleColumn => ({
        name,
        more,
        less,
        unit,
        common: common[k] as TasteEffect,
        spread: Math.sqrt(Math.max(0, spread[k * width + k] as number)),
      }),
    ),
    raters,
    groups,
    clusters,
    silhouette: map.silhouette,
    map: { shares: map.shares, axes: [[...map.axes[0]], [...map.axes[1]]] },
    reliability,
    warnings: [
      ...(reliability < 0.3
        ? [
            `Only ${Math.round(100 * reliability)} % of what sets these people apart is known from what they said; the rest of a person’s place is a guess, as the intervals say.`,
          ]
        : []),
      ...(map.clusters > 1 && map.silhouette < clearSilhouette
        ? [
            `The clusters mostly divide what has no gaps (silhouette ${map.silhouette.toFixed(2)}, clear ones are above ${clearSilhouette}); they are no kinds of people.`,
          ]
        : []),
      ...(tastes.settled ? [] : ['How much tastes differ had not quite settled when the fit ended.']),
    ],
  }
}

/** `eurovision/2019/AZ/A` is juror A of Azerbaijan in 2019. */
function jurorName({ id, traits }: JudgingRater): string {
  return `${traits['country'] ?? ''} ${traits['year'] ?? ''}, ${id.split('/').at(-1)}`
}

function projector({ axes, centre }: TasteMap): (mean: Float64Array) => { readonly x: number; readonly y: number } {
  const along = (axis: Float64Array, mean: Float64Array): number =>
    axis.reduce((sum, value, k) => sum + value * ((mean[k] as number) - (centre[k] as number)), 0)
  return (mean) => ({ x: along(axes[0], mean), y: along(axes[1], mean) })
}

function diagonal(values: Float64Array): Float64Array {
  const width = values.length
  const matrix = new Float64Array(width * width)
  for (let k = 0; k < width; k++) matrix[k * width + k] = values[k] as number
  return matrix
}

function mostOf(clusters: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const cluster of clusters) counts.set(cluster, (counts.get(cluster) ?? 0) + 1)
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best), [0, 0] as [number, number])[0]
}

function reliabilityOf(raters: readonly NormalEstimate[], variances: Float64Array, common: NormalEstimate): number {
  const width = variances.length
  let [unknown, all] = [0, 0]
  for (const { covariance } of raters)
    for (let k = 0; k < width; k++) {
      unknown += Math.max(0, (covariance[k * width + k] as number) - (common.covariance[k * width + k] as number))
      all += variances[k] as number
    }
  return all > 0 ? Math.max(0, 1 - unknown / all) : 0
}
