/** Predictions of about the same probability. */
export interface ReliabilityBin {
  /** Mean probability of its predictions. */
  readonly confidence: number
  /** Mean outcome. */
  readonly frequency: number
  readonly count: number
}

export interface Calibration {
  /** From low to high probability; empty bins are left out. */
  readonly bins: readonly ReliabilityBin[]
  /** Expected calibration error: Σ count/n·|frequency − confidence|. */
  readonly expectedError: number
  /** Average calibration error: the mean of |frequency − confidence| over bins. */
  readonly averageError: number
  /** Maximum calibration error: the largest |frequency − confidence|. */
  readonly maximumError: number
  /** Brier score: mean of (p − y)². */
  readonly brier: number
}

export interface CalibrationOptions {
  /** Default 10. */
  readonly bins?: number
  /**
   * Bins of equal width on [0, 1], closed on the right (a probability on an edge belongs to the bin below, as in the
   * code of MORE, arXiv 2312.07401), or with as equal counts as ties allow. Default width.
   */
  readonly by?: 'width' | 'count'
}

/**
 * Compares probabilities with how often what they predicted happened.
 *
 * @param outcomes what happened, 0 to 1
 * @throws {RangeError} on unequal lengths, no predictions, or values outside [0, 1]
 * @see Naeini, Cooper & Hauskrecht (2015); Guo et al. (2017), arXiv 1706.04599
 */
export function calibration(
  probabilities: ArrayLike<number>,
  outcomes: ArrayLike<number>,
  { bins = 10, by = 'width' }: CalibrationOptions = {},
): Calibration {
  const size = probabilities.length
  if (outcomes.length !== size) throw new RangeError(`${size} probabilities have ${outcomes.length} outcomes`)
  if (size === 0) throw new RangeError('there are no predictions, expected at least one')
  if (!Number.isInteger(bins) || bins < 1) throw new RangeError(`bins is ${bins}, expected an integer of at least 1`)
  for (let i = 0; i < size; i++)
    for (const [name, value] of [
      ['probability', probabilities[i] as number],
      ['outcome', outcomes[i] as number],
    ] as const)
      if (!(value >= 0 && value <= 1)) throw new RangeError(`${name} ${i} is ${value}, expected a number from 0 to 1`)
  const binOf = by === 'width' ? byWidth(probabilities, bins) : byCount(probabilities, bins)
  const sums = Array.from({ length: bins }, () => ({ confidence: 0, frequency: 0, count: 0 }))
  let squares = 0
  for (let i = 0; i < size; i++) {
    const [p, y] = [probabilities[i] as number, outcomes[i] as number]
    const bin = sums[binOf[i] as number] as { confidence: number; frequency: number; count: number }
    bin.confidence += p
    bin.frequency += y
    bin.count++
    squares += (p - y) ** 2
  }
  const filled = sums
    .filter(({ count }) => count > 0)
    .map(({ confidence, frequency, count }) => ({
      confidence: confidence / count,
      frequency: frequency / count,
      count,
    }))
  const gaps = filled.map(({ confidence, frequency }) => Math.abs(frequency - confidence))
  return {
    bins: filled,
    expectedError: filled.reduce((sum, { count }, k) => sum + (count / size) * (gaps[k] as number), 0),
    averageError: gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length,
    maximumError: Math.max(...gaps),
    brier: squares / size,
  }
}

/** Bin k holds (k/bins, (k + 1)/bins], the first one 0 as well: as many edges inside (0, 1) as lie below p. */
function byWidth(probabilities: ArrayLike<number>, bins: number): Int32Array {
  return Int32Array.from(probabilities, (p) => {
    let bin = Math.min(bins - 1, Math.floor(p * bins))
    // p·bins may be rounded to the other side of an edge, so the edges themselves decide.
    while (bin > 0 && p <= bin / bins) bin--
    while (bin < bins - 1 && p > (bin + 1) / bins) bin++
    return bin
  })
}

/** Equal counts in order of probability; equal probabilities stay together, in the bin of the first. */
function byCount(probabilities: ArrayLike<number>, bins: number): Int32Array {
  const size = probabilities.length
  const order = Int32Array.from({ length: size }, (_, i) => i).sort(
    (i, j) => (probabilities[i] as number) - (probabilities[j] as number),
  )
  const binOf = new Int32Array(size)
  for (let k = 0; k < size; k++) {
    const at = order[k] as number
    const before = order[k - 1]
    const tied = before !== undefined && probabilities[before] === probabilities[at]
    binOf[at] = tied ? (binOf[before] as number) : Math.floor((k * bins) / size)
  }
  return binOf
}

/**
 * Calibration of P(a preferred to b), each pair seen in both orders: (p, y) and (1 − p, 1 − y). Which side was called a
 * then makes no difference, and the bins mirror each other around ½, but for probabilities on an edge.
 *
 * @param outcomes 1 when a was preferred, ½ for a tie, 0 when b was
 */
export function pairCalibration(
  probabilities: ArrayLike<number>,
  outcomes: ArrayLike<number>,
  options: CalibrationOptions = {},
): Calibration {
  const mirrored = (values: ArrayLike<number>): Float64Array => {
    const both = new Float64Array(2 * values.length)
    for (let i = 0; i < values.length; i++) {
      both[2 * i] = values[i] as number
      both[2 * i + 1] = 1 - (values[i] as number)
    }
    return both
  }
  if (outcomes.length !== probabilities.length)
    throw new RangeError(`${probabilities.length} probabilities have ${outcomes.length} outcomes`)
  return calibration(mirrored(probabilities), mirrored(outcomes), options)
}
