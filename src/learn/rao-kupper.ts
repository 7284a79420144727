import { sigmoid, softplus } from '../measure/index.ts'
import type { PairedLink } from './paired-likelihood.ts'

/**
 * Rao & Kupper's model of ties (Rao & Kupper 1967): a rater who feels a difference below a threshold says "tie". With
 * π = e^θ and η = e^τ ≥ 1, P(a) = π_a / (π_a + η·π_b), P(b) = π_b / (π_b + η·π_a), the rest are ties.
 *
 * In δ = θ_a − θ_b: P(a) = σ(δ − τ), P(b) = σ(−δ − τ), P(tie) = (e^{2τ} − 1)·σ(δ − τ)·σ(−δ − τ), τ > 0. Equal
 * competitors tie with probability (η − 1) / (η + 1).
 *
 * @see Rao & Kupper (1967), "Ties in paired-comparison experiments", JASA 62, 194–204
 */
export const raoKupper: PairedLink = {
  name: "Rao and Kupper's model",
  tieParameter: true,
  tieStart: (share) => Math.log((1 + share) / (1 - share)),
  evaluate(delta, tie, wins, ties, losses, out) {
    if (!(tie > 0)) {
      out[0] = Number.POSITIVE_INFINITY
      return
    }
    const ofA = wins + ties
    const ofB = losses + ties
    const a = sigmoid(delta - tie)
    const b = sigmoid(-delta - tie)
    const squared = Math.expm1(2 * tie)
    const curveA = ofA * a * (1 - a)
    const curveB = ofB * b * (1 - b)
    out[0] = ofA * softplus(tie - delta) + ofB * softplus(tie + delta) - ties * Math.log(squared)
    out[1] = -ofA * (1 - a) + ofB * (1 - b)
    out[2] = ofA * (1 - a) + ofB * (1 - b) - 2 * ties * (1 + 1 / squared)
    out[3] = curveA + curveB
    out[4] = curveB - curveA
    out[5] = curveA + curveB + (4 * ties * (squared + 1)) / (squared * squared)
  },
}
