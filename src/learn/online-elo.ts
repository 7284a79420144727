import type { Votes } from './comparison-table.ts'
import type { EloScale } from './elo-scale.ts'

export interface OnlineEloOptions extends EloScale {
  /** Most points a single vote can move. Default 4. */
  readonly k?: number
}

/**
 * Online Elo: after each vote R_a += K·(y − p) and R_b −= K·(y − p), with p = 1 / (1 + base^((R_b − R_a)/scale)).
 * Depends on the order of the votes, so it is a view of a stream, not an estimate; see `rateCompetitors` for that.
 *
 * @returns ratings in points, in the order of `votes.names`
 * @see Elo, The Rating of Chessplayers (1978); K = 4 as in lm-sys/FastChat, serve/monitor
 */
export function onlineElo(votes: Omit<Votes, 'covariates'>, options: OnlineEloOptions = {}): Float64Array {
  const { k = 4, scale = 400, base = 10, initial = 1000 } = options
  const ratings = new Float64Array(votes.names.length).fill(initial)
  const rate = Math.log(base) / scale
  for (let i = 0; i < votes.a.length; i++) {
    const a = votes.a[i] as number
    const b = votes.b[i] as number
    const outcome = votes.outcomes[i] as number
    const [ofA, ofB] = [ratings[a], ratings[b]]
    if (ofA === undefined || ofB === undefined)
      throw new RangeError(`vote ${i}: "${a}" meets "${b}", expected indices below ${votes.names.length}`)
    if (!(outcome >= 0 && outcome <= 1))
      throw new RangeError(`vote ${i}: outcome is ${outcome}, expected a number from 0 (b won) to 1 (a won)`)
    const move = k * (votes.weights?.[i] ?? 1) * (outcome - 1 / (1 + Math.exp(rate * (ofB - ofA))))
    ratings[a] = ofA + move
    ratings[b] = ofB - move
  }
  return ratings
}
