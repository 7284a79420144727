import { expect, it } from 'vitest'
import type { Competitor } from '../api/leaderboard.ts'
import { referenceFor } from './reference.ts'

const competitor = (name: string, rating: number, half: number): Competitor => ({
  name,
  rating,
  lower: rating - half,
  upper: rating + half,
  rank: 1,
  votes: 1,
  wins: 1,
  losses: 0,
  ties: 0,
  bothBad: 0,
  averageWinRate: 1,
})

it('compares those shown among themselves, at the same mean', () => {
  const shown = [competitor('a', 1050, 5), competitor('b', 950, 5)]
  const everyone = [competitor('x', 1500, 5), competitor('b', 1300, 5), competitor('a', 1260, 5), competitor('y', 1, 5)]
  const reference = referenceFor(shown, everyone)
  expect([...reference.keys()]).toEqual(['b', 'a'])
  // The means are 1000 and 1280, so that everyone moves down by 280.
  expect(reference.get('a')).toMatchObject({ rating: 980, lower: 975, upper: 985, rank: 2 })
  expect(reference.get('b')).toMatchObject({ rating: 1020, rank: 1 })
})
