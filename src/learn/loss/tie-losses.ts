import {
  abs,
  add,
  addAll,
  concat,
  expandDims,
  expm1,
  log,
  logSumExp,
  mul,
  neg,
  type Operand,
  relu,
  scalar,
  softplus,
  sub,
  type Tensor,
} from '../../tensor/index.ts'
import { type Reduced, reduceLosses } from './reduction.ts'

/** How much of a label y in [0, 1] says a, tie and b: (1, 0, 0), (0, 1, 0), (0, 0, 1) at 1, ½, 0, straight between. */
function outcomes(target: Tensor): { readonly a: Tensor; readonly tie: Tensor; readonly b: Tensor } {
  const lean = sub(mul(target, 2), 1)
  return { a: relu(lean), tie: sub(1, abs(lean)), b: relu(neg(lean)) }
}

/**
 * Davidson's likelihood of wins and ties as a loss: with P(a) : P(tie) : P(b) = e^{m/2} : ν : e^{−m/2},
 *
 *     ℓ = ln(e^{m/2} + ν + e^{−m/2}) − {m/2 for a, ln ν for a tie, −m/2 for b}
 *
 * @param margin [pairs], a's score less b's
 * @param target [pairs], 1 for a, ½ for a tie, 0 for b; what lies between is shared by the nearest two
 * @param logTie ln ν, a scalar, trained or given: equal candidates tie with probability ν/(2 + ν)
 * @see Davidson (1970), JASA 65, 317–328; fitted to tables of votes: {@link davidson}
 */
export function davidsonLoss(margin: Tensor, target: Tensor, logTie: Operand, options: Reduced = {}): Tensor {
  const half = mul(margin, 0.5)
  const tie = add(mul(half, 0), typeof logTie === 'number' ? scalar(logTie, margin.dtype) : logTie)
  const energies = concat(
    [half, tie, neg(half)].map((energy) => expandDims(energy, -1)),
    -1,
  )
  const said = outcomes(target)
  const seen = add(mul(sub(said.a, said.b), half), mul(said.tie, tie))
  return reduceLosses(sub(logSumExp(energies, -1), seen), options)
}

/**
 * Rao and Kupper's likelihood of wins and ties as a loss: P(a) = σ(m − η), P(b) = σ(−m − η), and what is left, the
 * probability of a tie, is (e^{2η} − 1) P(a) P(b). A difference below the threshold η > 0 is seldom noticed.
 *
 * @param margin [pairs], a's score less b's
 * @param target [pairs], 1 for a, ½ for a tie, 0 for b; what lies between is shared by the nearest two
 * @param threshold η, a scalar above 0 (the softplus of a parameter, where it is trained): equal candidates tie with
 * probability (e^η − 1)/(e^η + 1)
 * @throws {RangeError} when a threshold given as a number is not above 0
 * @see Rao & Kupper (1967), JASA 62, 194–204; fitted to tables of votes: {@link raoKupper}
 */
export function raoKupperLoss(margin: Tensor, target: Tensor, threshold: Operand, options: Reduced = {}): Tensor {
  if (typeof threshold === 'number' && !(threshold > 0))
    throw new RangeError(`raoKupperLoss: threshold is ${threshold}, expected a number above 0`)
  const eta = typeof threshold === 'number' ? scalar(threshold, margin.dtype) : threshold
  const [lostByA, lostByB] = [softplus(sub(eta, margin)), softplus(add(eta, margin))]
  // ln(e^{2η} − 1) without overflow.
  const slack = add(mul(eta, 2), log(neg(expm1(mul(eta, -2)))))
  const said = outcomes(target)
  return reduceLosses(
    addAll([mul(said.a, lostByA), mul(said.b, lostByB), mul(said.tie, sub(add(lostByA, lostByB), slack))]),
    options,
  )
}
