import { beforeAll, describe, expect, it } from 'vitest'
import { type Signal, shippedDatasets } from '../../collect/index.ts'
import { startRun } from '../../run/index.ts'
import { leaderboardDefinitionSchema } from './definition.ts'
import { fitLeaderboard } from './fit-leaderboard.ts'
import type { Leaderboard } from './leaderboard.ts'
import { memorySource } from './memory-source.fixture.ts'
import { shippedLeaderboards } from './shipped.ts'

const boards = new Map<string, Leaderboard>()
const board = (name: string): Leaderboard => {
  const found = boards.get(name)
  if (!found) throw new Error(`there is no board ${name}`)
  return found
}

beforeAll(async () => {
  const run = startRun()
  const signals: Signal[] = []
  for (const dataset of shippedDatasets()) for await (const signal of dataset.load(run)) signals.push(signal)
  for (const definition of shippedLeaderboards())
    boards.set(definition.name, await fitLeaderboard(definition, memorySource(signals), run))
})

describe('the shipped leaderboards', () => {
  it('are valid definitions with names of their own, and name their sources', () => {
    for (const definition of shippedLeaderboards()) {
      expect(leaderboardDefinitionSchema.parse(definition)).toEqual(definition)
      expect(definition.attribution).toBeTruthy()
    }
    expect(boards.size).toBe(shippedLeaderboards().length)
  })

  it('have competitors with finite numbers, in order', () => {
    for (const [name, { competitors, votes }] of boards) {
      expect(votes, name).toBeGreaterThan(300)
      const ratings = competitors.map(({ rating }) => rating)
      expect(ratings, name).toEqual(ratings.toSorted((a, b) => b - a))
      for (const { rating, lower, upper } of competitors) expect(lower < rating && rating < upper, name).toBe(true)
    }
  })

  it('rate countries as the published model of the contest does', () => {
    // Medians read off figure 3 of Burgoyne, Spijkervet & Baker (ISMIR 2023), in cantobels, to about ±0.02, and the
    // ends of their 90 % intervals. Theirs are posterior draws, ours a Laplace approximation.
    const published: readonly (readonly [string, number, number, number])[] = [
      ['Ukraine', 0.71, 0.36, 1.09],
      ['Russia', 0.68, 0.36, 0.98],
      ['Italy', 0.67, 0.38, 0.97],
      ['Sweden', 0.61, 0.37, 0.87],
      ['Azerbaijan', 0.48, 0.11, 0.86],
      ['United Kingdom', 0.28, 0.04, 0.53],
      ['Greece', 0.27, 0.02, 0.52],
      ['Ireland', 0.23, -0.01, 0.48],
      ['Norway', 0.01, -0.24, 0.26],
      ['Germany', -0.03, -0.28, 0.24],
      ['Belgium', -0.24, -0.49, 0.02],
      ['Portugal', -0.34, -0.61, -0.09],
      ['Austria', -0.39, -0.66, -0.13],
      ['Finland', -0.41, -0.69, -0.15],
      ['San Marino', -0.69, -1.12, -0.27],
    ]
    // 40 points are a cantobel. The paper's zero is the prior mean; ours the mean of the countries, 0.03 below it.
    const countries = new Map(board('eurovision-countries').competitors.map((country) => [country.name, country]))
    const average = [...countries.values()].reduce((sum, { rating }) => sum + rating, 0) / countries.size
    expect(average).toBeCloseTo(1000, 6)
    for (const [name, median, lower, upper] of published) {
      const found = countries.get(name)
      if (!found) throw new Error(`${name} is not on the board`)
      const cantobels = (found.rating - 1000) / 40
      expect(Math.abs(cantobels - median), name).toBeLessThan(0.08)
      const half = ((found.upper - found.lower) / 80 / 1.959964) * 1.644854
      expect(Math.abs(half / ((upper - lower) / 2) - 1), name).toBeLessThan(0.12)
    }
    expect(countries.size).toBe(52)
  })

  it('have the winners that won by far among the best songs, and say what puts years on one scale', () => {
    const { competitors, warnings } = board('eurovision-songs')
    expect(competitors).toHaveLength(1353)
    const best = competitors.slice(0, 12).map(({ name }) => name)
    for (const winner of [
      '2015 Sweden: Heroes',
      '2009 Norway: Fairytale',
      '2017 Portugal: Amar Pelos Dois',
      '2022 Ukraine: Stefania',
    ])
      expect(
        best.some((name) => name.startsWith(winner)),
        winner,
      ).toBe(true)
    expect(warnings[0]).toContain('47 sets that were never rated on a common occasion')
  })

  it('find that who speaks good French prefers Paris', () => {
    const paris = (name: string): number =>
      board(name).competitors.find((school) => school.name === 'Paris')?.rating ?? Number.NaN
    expect(paris('management-schools-french-good')).toBeGreaterThan(paris('management-schools-french-poor') + 100)
    expect(board('management-schools').outcomes).toEqual({ a: 2595, b: 1372, tie: 487, bothBad: 0, skipped: 91 })
  })

  it('find an advantage of playing at home in ice hockey', () => {
    const [home] = board('college-ice-hockey').features
    expect(home?.lower).toBeGreaterThan(0.2)
    expect(home?.upper).toBeLessThan(0.7)
    expect(board('college-ice-hockey').competitors).toHaveLength(58)
  })
})
