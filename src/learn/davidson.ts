import type { PairedLink } from './paired-likelihood.ts'

/**
 * Davidson's model of ties (Davidson 1970): with π = e^θ, P(a) ∝ π_a, P(b) ∝ π_b and P(tie) ∝ ν·√(π_a·π_b). A tie is
 * the likelier the closer two competitors are; the odds of winning, given that someone does, are Bradley–Terry's.
 *
 * In δ = θ_a − θ_b and τ = ln ν: −ln P = ln(e^{δ/2} + e^{−δ/2} + e^τ) − {δ/2 for a win, τ for a tie, −δ/2 for a loss},
 * jointly convex. Equal competitors tie with probability ν / (2 + ν).
 *
 * @see Davidson (1970), "On extending the Bradley–Terry model to accommodate ties", JASA 65, 317–328
 */
export const davidson: PairedLink = {
  name: "Davidson's model",
  tieParameter: true,
  tieStart: (share) => Math.log((2 * share) / (1 - share)),
  evaluate(delta, tie, wins, ties, losses, out) {
    const total = wins + ties + losses
    const top = Math.max(Math.abs(delta) / 2, tie)
    const a = Math.exp(delta / 2 - top)
    const b = Math.exp(-delta / 2 - top)
    const t = Math.exp(tie - top)
    const sum = a + b + t
    const [pa, pb, pt] = [a / sum, b / sum, t / sum]
    const lean = (pa - pb) / 2
    out[0] = total * (top + Math.log(sum)) - ((wins - losses) / 2) * delta - ties * tie
    out[1] = total * lean - (wins - losses) / 2
    out[2] = total * pt - ties
    out[3] = total * ((pa + pb) / 4 - lean * lean)
    out[4] = -total * lean * pt
    out[5] = total * pt * (1 - pt)
  },
}
