import { openSafetensors, value, writeSafetensors } from '../../tensor/index.ts'
import type { Recommendations } from '../contract.ts'
import { diverseRerank, type Likeness } from '../diversity.ts'
import { rankingReport } from '../evaluation/ranking-report.ts'
import { fairnessNumber, fairRerank, recommendationFairness, relativeExposure } from '../item-fairness.ts'

/** Long lists of candidates, of which re-ranking makes lists and on which it is measured. */
export interface CandidateStore {
  /** Of users with held-out items, from a fit without those; absent where nothing was held out. */
  readonly heldOut?: {
    readonly candidates: Recommendations
    /** [rows + 1] */
    readonly offsets: Uint32Array
    /** Held-out items of each row, ascending. */
    readonly columns: Uint32Array
  }
  /** Of users by chance, from the recommender that serves. */
  readonly population: Recommendations
}

/** @throws {Error} when the file cannot be written */
export async function saveCandidates(path: string, { heldOut, population }: CandidateStore): Promise<void> {
  const lists = (name: string, { rows, count, items, scores }: Recommendations) => ({
    [`${name}/items`]: value(items, [rows, count]),
    [`${name}/scores`]: value(scores, [rows, count]),
  })
  await writeSafetensors(path, {
    ...lists('population', population),
    ...(heldOut && {
      ...lists('heldOut', heldOut.candidates),
      'heldOut/offsets': value(heldOut.offsets),
      'heldOut/columns': value(heldOut.columns),
    }),
  })
}

export async function loadCandidates(path: string): Promise<CandidateStore> {
  const file = await openSafetensors(path)
  const lists = async (name: string): Promise<Recommendations> => {
    const [rows = 0, count = 0] = file.shape(`${name}/items`)
    return {
      rows,
      count,
      items: (await file.read(`${name}/items`)).data as Int32Array,
      scores: (await file.read(`${name}/scores`)).data as Float32Array,
    }
  }
  const population = await lists('population')
  if (!file.names.includes('heldOut/items')) return { population }
  return {
    population,
    heldOut: {
      candidates: await lists('heldOut'),
      offsets: (await file.read('heldOut/offsets')).data as Uint32Array,
      columns: (await file.read('heldOut/columns')).data as Uint32Array,
    },
  }
}

/** Rows with at least so many candidates. */
function rowsWith(least: number, lists: Recommendations): readonly number[] {
  return Array.from({ length: lists.rows }, (_, row) => row).filter(
    (row) => least <= lists.count && (lists.items[row * lists.count + least - 1] ?? -1) >= 0,
  )
}

function rowsOf({ count, items, scores }: Recommendations, rows: readonly number[]): Recommendations {
  const found = {
    rows: rows.length,
    count,
    items: new Int32Array(rows.length * count),
    scores: new Float32Array(rows.length * count),
  }
  for (const [at, row] of rows.entries()) {
    found.items.set(items.subarray(row * count, (row + 1) * count), at * count)
    found.scores.set(scores.subarray(row * count, (row + 1) * count), at * count)
  }
  return found
}

/** What re-ranking for something beside relevance is worth, and costs. */
export interface RerankPoint {
  readonly weight: number
  readonly recall: number
  readonly ndcg: number
  /** Share of the catalogue in some list. */
  readonly coverage: number
  /** Mean distance of the items of a list. */
  readonly diversity: number
  /** Of the items' exposure, corrected so that their ends can be reached; absent where there is no value. */
  readonly gini?: number
  readonly jain?: number
  readonly entropy?: number
}

export interface RerankCurve {
  /** Users whose lists were measured: those with enough candidates. */
  readonly users: number
  readonly points: readonly RerankPoint[]
}

/** Weights that show the trade. */
export const curveWeights = {
  diversity: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
  fairness: [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1],
} as const

/**
 * The trade between relevance and diversity or fairness, measured on held-out items.
 *
 * @param items catalogue size
 * @throws {RangeError} when nothing was held out, or no user has enough candidates
 */
export function rerankCurve(
  heldOut: CandidateStore['heldOut'],
  likeness: Likeness,
  items: number,
  {
    over,
    count = 10,
    weights = curveWeights[over],
  }: {
    readonly over: 'diversity' | 'fairness'
    readonly count?: number
    readonly weights?: readonly number[]
  },
): RerankCurve {
  if (!heldOut) throw new RangeError('nothing was held out, so that nothing can be measured')
  const { candidates, offsets, columns } = heldOut
  const rows = rowsWith(count, candidates)
  if (rows.length === 0) throw new RangeError(`no user has ${count} candidates`)
  const all = rowsOf(candidates, rows)
  const users = Uint32Array.from(rows, (_, row) => row)
  const points = weights.map((weight): RerankPoint => {
    const lists =
      over === 'fairness' ? fairRerank(all, items, { count, weight }) : diverseRerank(all, likeness, { count, weight })
    const report = rankingReport(
      lists,
      users,
      (row) => columns.subarray(offsets[rows[row] ?? 0], offsets[(rows[row] ?? 0) + 1]),
      { cutoffs: [count], metrics: ['recall', 'ndcg'], items, vectors: likeness },
    )
    const fairness = recommendationFairness(lists, items)
    const told = Object.fromEntries(
      (['gini', 'jain', 'entropy'] as const).flatMap((name) => {
        const number = fairnessNumber(fairness[name].corrected)
        return Number.isFinite(number) ? [[name, number]] : []
      }),
    )
    const [catalogue] = report.catalogue
    return {
      weight,
      recall: report.means[`recall@${count}`] ?? Number.NaN,
      ndcg: report.means[`ndcg@${count}`] ?? Number.NaN,
      coverage: catalogue?.coverage ?? Number.NaN,
      diversity: finite(catalogue?.diversity),
      ...told,
    }
  })
  return { users: rows.length, points }
}

/** Lists of single items have no distance. */
function finite(number: number | undefined): number {
  return number === undefined || Number.isNaN(number) ? 0 : number
}

/** The exposure that items have when everyone's list is re-ranked for fairness, to re-rank one more list by. */
export interface PopulationExposure {
  readonly exposure: Float64Array
  readonly places: number
}

/** @param items catalogue size */
export function populationExposure(
  population: Recommendations,
  items: number,
  { count, weight }: { readonly count: number; readonly weight: number },
): PopulationExposure {
  const rows = rowsWith(count, population)
  // Where the lists are as long as the candidates there is nothing to choose.
  if (rows.length === 0) return { exposure: new Float64Array(items), places: items }
  const lists = fairRerank(rowsOf(population, rows), items, { count, weight })
  return { exposure: relativeExposure(lists, items), places: rows.length * count }
}
