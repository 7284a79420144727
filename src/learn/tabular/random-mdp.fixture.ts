import type { Random } from '../../run/index.ts'
import { type Mdp, sparseMdp } from './mdp.ts'

/** A random process with two outcomes an action; the last state ends and can be reached from everywhere. */
export function randomMdp(random: Random, states = 8, actions = 3, features = 4): Mdp {
  const outcomes = Array.from({ length: (states - 1) * actions }, (_, row) => {
    const state = Math.floor(row / actions)
    const probability = 0.2 + 0.6 * random.uniform()
    const phi = () => Float64Array.from({ length: features }, () => random.normal())
    const about = { state, action: row % actions }
    return [
      { ...about, next: row % actions === 0 ? state + 1 : random.integer(states), probability, phi: phi() },
      { ...about, next: random.integer(states), probability: 1 - probability, phi: phi() },
    ]
  })
  return sparseMdp({ states, actions, features, terminal: [states - 1], outcomes: outcomes.flat() })
}
