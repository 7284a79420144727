import { sigmoid, softplus } from '../measure/index.ts'
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
    const p = sigmoid(delta)
    out[0] = total * softplus(delta) - wins * delta
    out[1] = total * p - wins
    out[3] = total * p * (1 - p)
  },
}
