import { z } from 'zod'
import { laplaceLogistic, lassoLogistic, mean } from '../../measure/index.ts'
import type { Run } from '../../run/index.ts'
import type { JudgeWeights } from './judge-weights.ts'

/** How weights are estimated from votes. */
export const dissectionOptionsSchema = z.strictObject({
  /**
   * `posterior-mean` under Laplace priors, as published; `mode` is the most likely α, an L1-penalised fit with exact
   * zeros: another estimate, and a faster one.
   */
  estimate: z.enum(['posterior-mean', 'mode']).default('posterior-mean'),
  /** Scale of the Laplace prior; published: 0.1. */
  scale: z.number().positive().default(0.1),
  /**
   * Parts that are left out in turn; the weights are the mean of the fits without each, and the accuracy is on the part
   * left out. 1 fits once, on everything, and tells no accuracy. Published: 10.
   */
  folds: z.int().min(1).default(10),
  /** Chains of draws for every fit; published: 4. */
  chains: z.int().min(1).default(2),
  /** Draws thrown away at the start of each chain. */
  warmup: z.int().min(0).default(100),
  /** Draws kept of each chain. */
  draws: z.int().min(4).default(250),
  /** Share of the posterior inside `intervals`. */
  level: z.number().gt(0).lt(1).default(0.95),
  /**
   * Also fit how much more often the first answer is chosen, whatever its properties, with a flat prior. A diagnosis of
   * position bias: without it the model has none.
   */
  intercept: z.boolean().default(false),
})

export type DissectionOptions = z.input<typeof dissectionOptionsSchema>

/** Votes of one or more judges on pairs of answers whose properties were compared. */
export interface DissectionRows {
  readonly properties: readonly string[]
  /** `[rows, properties]`, from −1 to 1: how far the first answer is ahead in each property. */
  readonly comparisons: Float64Array
  /** `[rows]`: 1 when the first answer was chosen, 0 when the second was. Leave ties out. */
  readonly chosen: ArrayLike<number>
  /** `[rows]` */
  readonly judges: readonly string[]
  /** `[rows]`; default one scenario, `all`. */
  readonly scenarios?: readonly string[]
}

/** What was found of one judge in one scenario. */
export interface Dissection extends JudgeWeights {
  readonly rows: number
  /** `[properties]`: mean over folds. */
  readonly weights: Float64Array
  /** `[properties]`: central share of the posterior, its ends averaged over folds; absent for the mode. */
  readonly intervals?: readonly (readonly [lower: number, upper: number])[]
  /** Share of the votes that the fits told without having seen them, even odds counting half; NaN with one fold. */
  readonly accuracy: number
  /** Mean log odds of the first answer beside its properties, where asked for. */
  readonly intercept?: number
  /** The largest R̂ of any weight in any fold: above 1.1, ask for more draws. Absent for the mode. */
  readonly rHat?: number
}

function checkRows({ properties, comparisons, chosen, judges, scenarios }: DissectionRows): void {
  const rows = chosen.length
  if (comparisons.length !== rows * properties.length)
    throw new RangeError(
      `comparisons has ${comparisons.length} numbers, expected ${rows} rows × ${properties.length} properties`,
    )
  for (const [name, list] of Object.entries({ judges, scenarios }))
    if (list && list.length !== rows)
      throw new RangeError(`${name} has ${list.length} entries, expected ${rows}, one per row`)
  const far = comparisons.findIndex((value) => !(value >= -1 && value <= 1))
  if (far >= 0)
    throw new RangeError(
      `row ${Math.floor(far / properties.length)}: "${properties[far % properties.length]}" is ${comparisons[far]}, expected −1 to 1`,
    )
  for (let row = 0; row < rows; row++)
    if (chosen[row] !== 0 && chosen[row] !== 1)
      throw new RangeError(`row ${row}: chosen is ${chosen[row]}, expected 1 or 0; leave ties out`)
}

interface FoldFit {
  /** `[properties]`, the intercept last where there is one. */
  readonly weights: Float64Array
  readonly intervals?: readonly (readonly [lower: number, upper: number])[]
  readonly rHat?: number
}

/**
 * Judges explained as weighted sums of answer properties: for every judge and scenario, a logistic regression of the
 * votes on who is ahead in each property, y ~ Bernoulli(σ(c·α)), α_p ~ Laplace(0, scale), without intercept.
 *
 * Swapping the answers of a pair turns the signs of c and y and leaves α as it is. The prior is strong: weights from few
 * votes are small. The posterior is sampled by `laplaceLogistic`; the run's seed decides the folds and every draw.
 *
 * @throws {z.ZodError} on options that are not as {@link dissectionOptionsSchema} says
 * @throws {RangeError} on shapes that do not match, comparisons outside [−1, 1], or votes that are neither 0 nor 1
 * @throws the signal's reason when the run is aborted
 * @see Li et al. (2024), “Dissecting Human and LLM Preferences”, arXiv 2402.11296
 * @example
 * const [people] = dissect({ properties, comparisons, chosen, judges: chosen.map(() => 'people') }, {}, startRun())
 * rankProperties(people) // the most preferred property first
 */
export function dissect(rows: DissectionRows, options: DissectionOptions, run: Run): readonly Dissection[] {
  const checked = dissectionOptionsSchema.parse(options)
  checkRows(rows)
  const groups = new Map<string, { judge: string; scenario: string; rows: number[] }>()
  for (const [row, judge] of rows.judges.entries()) {
    const scenario = rows.scenarios?.[row] ?? 'all'
    const key = JSON.stringify([judge, scenario])
    const group = groups.get(key)
    if (group) group.rows.push(row)
    else groups.set(key, { judge, scenario, rows: [row] })
  }
  return [...groups.values()].map(({ judge, scenario, rows: members }, done) => {
    run.signal.throwIfAborted()
    run.progress({ label: `weights of ${judge} in ${scenario}`, done, total: groups.size })
    return { judge, scenario, ...dissectGroup(rows, members, checked, run, `${judge}/${scenario}`) }
  })
}

function dissectGroup(
  rows: DissectionRows,
  members: readonly number[],
  options: z.output<typeof dissectionOptionsSchema>,
  run: Run,
  name: string,
): Omit<Dissection, 'judge' | 'scenario'> {
  const { properties } = rows
  const width = properties.length
  const folds = Math.min(options.folds, members.length)
  const shuffled = run.random(`dissection/folds/${name}`).shuffle(members)
  let right = 0
  const fits = Array.from({ length: folds }, (_, fold) => {
    const seen = folds === 1 ? shuffled : shuffled.filter((_row, at) => at % folds !== fold)
    const fit = fitFold(rows, seen, options, run, `dissection/${name}/${fold}`)
    if (folds > 1)
      for (const row of shuffled.filter((_row, at) => at % folds === fold)) {
        let lean = options.intercept ? (fit.weights[width] as number) : 0
        for (let k = 0; k < width; k++)
          lean += (fit.weights[k] as number) * (rows.comparisons[row * width + k] as number)
        const agreed = lean * (rows.chosen[row] === 1 ? 1 : -1)
        right += agreed > 0 ? 1 : agreed === 0 ? 0.5 : 0
      }
    return fit
  })
  const average = (k: number): number => mean(fits.map(({ weights }) => weights[k] as number))
  const interval = (k: number): readonly [number, number] => {
    const ends = fits.flatMap((fit) => fit.intervals?.[k] ?? [])
    return [mean(ends.filter((_, at) => at % 2 === 0)), mean(ends.filter((_, at) => at % 2 === 1))]
  }
  return {
    properties,
    rows: members.length,
    weights: Float64Array.from(properties, (_, k) => average(k)),
    accuracy: folds === 1 ? Number.NaN : right / members.length,
    ...(options.intercept && { intercept: average(width) }),
    ...(options.estimate === 'posterior-mean' && {
      intervals: properties.map((_, k) => interval(k)),
      rHat: Math.max(...fits.map(({ rHat }) => rHat ?? 1)),
    }),
  }
}

function fitFold(
  { properties, comparisons, chosen }: DissectionRows,
  members: readonly number[],
  options: z.output<typeof dissectionOptionsSchema>,
  run: Run,
  purpose: string,
): FoldFit {
  const given = properties.length
  const columns = given + (options.intercept ? 1 : 0)
  const design = new Float64Array(members.length * columns).fill(1)
  members.forEach((row, at) => {
    design.set(comparisons.subarray(row * given, (row + 1) * given), at * columns)
  })
  const data = { design, columns, outcomes: members.map((row) => chosen[row] as number) }
  const free = (value: number, flat: number): number[] => [
    ...new Array<number>(given).fill(value),
    ...(options.intercept ? [flat] : []),
  ]
  if (options.estimate === 'mode')
    return { weights: lassoLogistic(data, { penalty: 1 / options.scale, factors: free(1, 0) }).coefficients }
  const fit = laplaceLogistic(
    data,
    {
      scale: free(options.scale, Number.POSITIVE_INFINITY),
      chains: options.chains,
      warmup: options.warmup,
      draws: options.draws,
      level: options.level,
    },
    run.random(purpose),
  )
  return {
    weights: fit.mean,
    intervals: fit.intervals,
    rHat: Math.max(...fit.diagnostics.map(({ rHat }) => rHat)),
  }
}
