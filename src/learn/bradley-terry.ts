import type { PairedLink } from './paired-likelihood.ts'

/**
 * Bradley–Terry with ties as half wins (Bradley & Terry 1952): P(a over b) = σ(δ), δ = θ_a − θ_b (+ x·γ), and the cost
 * −Σ c·[y·ln σ(δ) + (1 − y)·ln σ(−δ)] over outcomes y ∈ [0, 1]. A tie, y = ½, is the same as half a win for each;
 * graded outcomes (probabilities of an automatic judge, margins) are any y between.
 *
 * | symbol | meaning | unit |
 * |---|---|---|
 * | θ | strength of a competitor, mean 0 | natural-log odds |
 * | y | outcome of a vote from a's side | wins |
 * | c | votes with that outcome, times their weight | votes |
 *
 * A θ of ln 10 is 400 points on the customary scale (see `eloScale`).
 */
export const bradleyTerry: PairedLink = {
  name: 'Bradley–Terry',
  tieParameter: false,
  tieStart: () => 0,
  evaluate(delta, _tie, wins, _ties, losses, out) {
    const total = wins + losses
    // σ and softplus from one power, for this is where large fits spend their time; 1 + e^{−|δ|} is between 1 and 2, so
    // its plain logarithm is exact to rounding.
    const power = Math.exp(-Math.abs(delta))
    const p = delta >= 0 ? 1 / (1 + power) : power / (1 + power)
    out[0] = total * (Math.max(delta, 0) + Math.log(1 + power)) - wins * delta
    out[1] = total * p - wins
    out[3] = total * p * (1 - p)
  },
}
