/** Scores among candidates: S[i][j] > 0 when i is preferred to j; S[j][i] = −S[i][j]. */
export type ScoreMatrix = readonly (readonly number[])[]

/**
 * All scores among embedded candidates of one context, S_ij = s(i ≻ j): one embedding per candidate and K² d/2 products.
 *
 * @param embeddings [candidates, d], d even
 * @param scales λ, [d/2]. Default 1
 * @throws {RangeError} when rows differ in length, or their length is odd
 * @see Zhang et al. (2024), arXiv 2410.02197
 */
export function generalPreferenceScores(
  embeddings: readonly ArrayLike<number>[],
  scales?: ArrayLike<number>,
): number[][] {
  const d = embeddings[0]?.length ?? 0
  if (d % 2 !== 0) throw new RangeError(`embeddings have ${d} columns, expected an even number`)
  const odd = embeddings.findIndex(({ length }) => length !== d)
  if (odd >= 0) throw new RangeError(`embedding ${odd} has ${embeddings[odd]?.length} columns, the first one has ${d}`)
  if (scales !== undefined && scales.length !== d / 2)
    throw new RangeError(`there are ${scales.length} scales for ${d / 2} blocks`)
  const scores = embeddings.map(() => new Array<number>(embeddings.length).fill(0))
  for (let i = 0; i < embeddings.length; i++)
    for (let j = 0; j < i; j++) {
      const [a, b] = [embeddings[i] as ArrayLike<number>, embeddings[j] as ArrayLike<number>]
      let score = 0
      for (let l = 0; l < d; l += 2)
        score +=
          (scales?.[l / 2] ?? 1) * ((a[l] as number) * (b[l + 1] as number) - (a[l + 1] as number) * (b[l] as number))
      ;(scores[i] as number[])[j] = score
      ;(scores[j] as number[])[i] = score === 0 ? 0 : -score
    }
  return scores
}

/** @throws {RangeError} when the scores are not square or not antisymmetric */
function checked(scores: ScoreMatrix): void {
  const count = scores.length
  scores.forEach((row, i) => {
    if (row.length !== count) throw new RangeError(`row ${i} has ${row.length} scores for ${count} candidates`)
    for (let j = 0; j < count; j++) {
      const [forth, back] = [row[j] as number, scores[j]?.[i] as number]
      if (!(Math.abs(forth + back) <= 1e-6 * (1 + Math.abs(forth))))
        throw new RangeError(`S[${i}][${j}] is ${forth} and S[${j}][${i}] is ${back}, expected its negative`)
    }
  })
}

/**
 * Each candidate's mean score against all, itself included: (1/K) Σ_j S_ij. They sum to 0.
 *
 * @returns [candidates]
 */
export function averageScores(scores: ScoreMatrix): number[] {
  checked(scores)
  return scores.map((row) => row.reduce((total, score) => total + score, 0) / scores.length)
}

/**
 * Copeland scores: how many others a candidate beats, draws counting one half.
 *
 * @returns [candidates], between 0 and K − 1
 */
export function copelandScores(scores: ScoreMatrix): number[] {
  checked(scores)
  return scores.map((row, i) =>
    row.reduce((total, score, j) => total + (i === j ? 0 : score > 0 ? 1 : score === 0 ? 0.5 : 0), 0),
  )
}

export interface MaximalLotteryOptions {
  /** Most that any candidate may win on average against the lottery. Default 1e-3 of the largest score. */
  readonly tolerance?: number
  /** Default 200,000. */
  readonly maximumRounds?: number
}

/**
 * The maximal lottery: chances of candidates that no other lottery is preferred to, the equilibrium of the game in
 * which two players each name a candidate. A candidate that beats all others has all of it; a cycle of three equal
 * ones shares it evenly. Found by regret matching (positive regrets, linear averaging).
 *
 * @returns [candidates], summing to 1
 * @throws {RangeError} when there are no candidates, or the tolerance is not reached
 * @see Fishburn (1984); Tammelin (2014), arXiv 1407.5042
 */
export function maximalLottery(scores: ScoreMatrix, options: MaximalLotteryOptions = {}): number[] {
  checked(scores)
  const count = scores.length
  if (count === 0) throw new RangeError('maximalLottery: there are no candidates')
  const largest = Math.max(...scores.flat().map(Math.abs))
  if (largest === 0) return scores.map(() => 1 / count)
  const { tolerance = 1e-3 * largest, maximumRounds = 200_000 } = options
  const regrets = new Float64Array(count)
  const total = new Float64Array(count)
  const against = (lottery: ArrayLike<number>): number[] =>
    scores.map((row) => row.reduce((sum, score, j) => sum + score * (lottery[j] as number), 0))
  for (let round = 1; round <= maximumRounds; round++) {
    const positive = regrets.reduce((sum, regret) => sum + regret, 0)
    const play = Array.from(regrets, (regret) => (positive > 0 ? regret / positive : 1 / count))
    const gains = against(play)
    // The game is antisymmetric: what a lottery wins against itself is 0.
    for (let i = 0; i < count; i++) {
      regrets[i] = Math.max(0, (regrets[i] as number) + (gains[i] as number))
      total[i] = (total[i] as number) + round * (play[i] as number)
    }
    if (round % 64 === 0 || round === maximumRounds) {
      const sum = total.reduce((all, part) => all + part, 0)
      const lottery = Array.from(total, (part) => part / sum)
      if (Math.max(...against(lottery)) <= tolerance) return lottery
    }
  }
  throw new RangeError(`maximalLottery: not within ${tolerance} after ${maximumRounds} rounds`)
}
