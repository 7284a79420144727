import { expect, it } from 'vitest'
import type { Competitor } from '../api/leaderboard.ts'
import { sorted } from './standings.tsx'

const rows = [
  { name: 'Zürich', rating: 900, votes: 30, averageWinRate: 0.2 },
  { name: 'Århus', rating: 1100, votes: 10, averageWinRate: null },
  { name: 'London', rating: 1000, votes: 20, averageWinRate: 0.8 },
].map((row) => ({ ...row, lower: 0, upper: 0, rank: 1, wins: 0, losses: 0, ties: 0, bothBad: 0 })) as Competitor[]
const names = (order: string) => sorted(rows, order).map(({ name }) => name)

it('numbers go from the largest, names from A, and a minus turns it round', () => {
  expect(names('rating')).toEqual(['Århus', 'London', 'Zürich'])
  expect(names('-votes')).toEqual(['Århus', 'London', 'Zürich'])
  expect(names('name')).toEqual(['Århus', 'London', 'Zürich'])
  expect(names('-name')).toEqual(['Zürich', 'London', 'Århus'])
})

it('who has no value goes last', () => {
  expect(names('win-rate')).toEqual(['London', 'Zürich', 'Århus'])
})

it('an unknown order changes nothing', () => {
  expect(sorted(rows, 'colour')).toBe(rows)
})
