import { mean, normalCdf } from '../../measure/index.ts'

/**
 * E[max of n standard normal numbers]: by how many standard deviations choosing the best of n gains where scores are
 * independent and normal. 0.5642 of 2, 1.0294 of 4, 1.4236 of 8, 1.7660 of 16.
 *
 * @throws {RangeError} unless n is a whole number of at least 1
 */
export function expectedMaximum(n: number): number {
  if (!Number.isInteger(n) || n < 1)
    throw new RangeError(`expectedMaximum: n is ${n}, expected a whole number of at least 1`)
  // E = ∫₀^∞ (1 − Φⁿ(x) − Φⁿ(−x)) dx; the integrand is smooth and flat at both ends, where the trapezium rule is exact
  // to rounding.
  const step = 1 / 64
  let sum = 0
  for (let k = 0; k <= 12 / step; k++) {
    const x = k * step
    const at = -Math.expm1(n * Math.log1p(-normalCdf(-x))) - normalCdf(-x) ** n
    sum += (k === 0 ? 0.5 : 1) * at
  }
  return step * sum
}

/** What choosing the best of several by one judge is worth to another. */
export interface SelectionGain {
  /** The candidate chosen for each prompt: of equals, the first. */
  readonly chosen: readonly number[]
  /** Mean over prompts of what was chosen less the mean of what there was, by the judge who chose. */
  readonly promised: number
  /** The same by the other judge (the truth, or a model fitted apart). */
  readonly gain: number
  /** `gain` in standard deviations of the other judge's scores within prompts, pooled; NaN without any spread. */
  readonly deviations: number
  /** `promised` less `gain`: how far the one who chooses overrates what it chose. */
  readonly overrated: number
}

/**
 * Best of n, checked: candidates are chosen by some utilities and judged by others.
 *
 * @param utilities those who choose: [prompts][candidates]
 * @param judged by whom it is judged, of the same form. Default: the same
 * @throws {RangeError} when there are no prompts or candidates, forms differ, or a number is not finite
 * @example
 * selectionGain([[1, 3]], [[0, 4]]) // chosen [1], promised 1, gain 2
 */
export function selectionGain(
  utilities: readonly ArrayLike<number>[],
  judged: readonly ArrayLike<number>[] = utilities,
): SelectionGain {
  if (utilities.length === 0 || judged.length !== utilities.length)
    throw new RangeError(
      `selectionGain: ${utilities.length} prompts are chosen for and ${judged.length} judged, expected as many, at least 1`,
    )
  const [chosen, promised, gained]: [number[], number[], number[]] = [[], [], []]
  let [squares, freedom] = [0, 0]
  utilities.forEach((row, prompt) => {
    const own = Array.from(row)
    const other = Array.from(judged[prompt] as ArrayLike<number>)
    if (own.length === 0 || own.length !== other.length)
      throw new RangeError(
        `selectionGain: prompt ${prompt} has ${own.length} and ${other.length} candidates, expected as many, at least 1`,
      )
    if (![...own, ...other].every(Number.isFinite))
      throw new RangeError(`selectionGain: a utility of prompt ${prompt} is not a finite number`)
    const best = own.indexOf(Math.max(...own))
    const level = mean(other)
    chosen.push(best)
    promised.push((own[best] as number) - mean(own))
    gained.push((other[best] as number) - level)
    squares += other.reduce((sum, utility) => sum + (utility - level) ** 2, 0)
    freedom += other.length - 1
  })
  const [promise, gain] = [mean(promised), mean(gained)]
  return {
    chosen,
    promised: promise,
    gain,
    deviations: squares > 0 ? gain / Math.sqrt(squares / freedom) : Number.NaN,
    overrated: promise - gain,
  }
}
