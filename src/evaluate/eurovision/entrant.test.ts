import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { rewardKind } from '../../learn/index.ts'
import { sigmoid } from '../../measure/index.ts'
import { seeded, startRun } from '../../run/index.ts'
import { madeBallot, madeQuestion } from './ballot.fixture.ts'
import { pairLogit, probabilitiesOf, trainingPairs } from './entrant.ts'
import { cohesion } from './features.ts'
import { listEntrant } from './list-entrant.ts'
import { preferenceEntrant } from './preference-entrant.ts'
import type { Example } from './question.ts'
import { songFeatures, withConstant } from './song-features.ts'
import { strengthsOf } from './strengths.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-entrant-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const run = startRun({ folder })
const about = { id: 'made', title: 'made up', sees: 'show' } as const

const example = (country: string, worths: Record<string, number>): Example => {
  const ballot = madeBallot(country, worths)
  return { ballot, question: madeQuestion(ballot, {}) }
}

describe('trainingPairs', () => {
  it('takes every decided pair, the preferred first, and no tie', () => {
    const pairs = trainingPairs([example('A', { X: 1, Y: 3, Z: 1 })], seeded(1))
    expect([...pairs.preferred].map((song, k) => [song, pairs.other[k]])).toEqual([
      [1, 0],
      [1, 2],
    ])
  })

  it('thins evenly to about as many as asked', () => {
    const many = Array.from({ length: 1000 }, () => example('A', { X: 1, Y: 2, Z: 3, Q: 4 }))
    const { example: from } = trainingPairs(many, seeded(1), 1500)
    expect(from.length).toBeGreaterThan(1350)
    expect(from.length).toBeLessThan(1650)
    expect(from.filter((place) => place < 500).length / from.length).toBeCloseTo(0.5, 1)
  })
})

describe('pairLogit', () => {
  // X is preferred to Y in 3 of 4: with x = 1 for X and 0 for Y, β = ln 3 whatever the column's scale.
  it('finds the log-odds of a single column', async () => {
    const train = [1, 1, 1, 0].map((won) => example('A', { X: won, Y: 1 - won }))
    const features = songFeatures({ isX: ({ songs }) => songs.map(({ country }) => (country === 'X' ? 5 : 0)) })
    const predict = await pairLogit(about, features, { ridge: 0 }).fit(train, run)
    const [probabilities] = await predict([(train[0] as Example).question])
    expect(probabilities?.[0]).toBeCloseTo(0.75, 9)
  })

  it('says which feature of which song is no number', () => {
    const { question } = example('A', { X: 1, Y: 2 })
    const features = songFeatures({ broken: () => [1, Number.NaN] })
    expect(() => features.of(question)).toThrow('A, made/2000/final: "broken" of Y is NaN, expected a number')
  })

  it('refuses to learn from ties alone', () => {
    const features = songFeatures({ one: ({ songs }) => songs.map(() => 1) })
    expect(() => pairLogit(about, features).fit([example('A', { X: 1, Y: 1 })], run)).toThrow('no decided pairs')
  })
})

describe('entrants that learn', () => {
  // The longer the name of its country, the better the song.
  const random = seeded(2)
  const size = (country: string): number => country.length
  const train = Array.from({ length: 60 }, (_, k) => {
    const worths = Object.fromEntries(random.shuffle(['x', 'xx', 'xxx', 'xxxx']).map((name) => [name, size(name)]))
    return example(`country ${k % 3}`, worths)
  })
  const features = songFeatures({ size: ({ songs }) => songs.map(({ country }) => size(country)) })

  it.each([
    [
      'preferenceEntrant',
      preferenceEntrant(about, { songs: features }, { kind: rewardKind, epochs: 40, batchSize: 64 }),
    ],
    ['listEntrant', listEntrant(about, features, { epochs: 40 })],
  ])('%s finds what a feature says, also for a country it has not seen', async (_, entrant) => {
    const predict = await entrant.fit(train, run)
    const [probabilities] = await predict([example('elsewhere', { x: 0, xxx: 0, xx: 0 }).question])
    expect(probabilities?.length).toBe(3)
    const [xOverXxx, xOverXx, xxxOverXx] = probabilities as Float64Array
    expect(xOverXxx).toBeLessThan(xOverXx as number)
    expect(xOverXx).toBeLessThan(0.3)
    expect(xxxOverXx).toBeGreaterThan(0.7)
  })
})

describe('withConstant', () => {
  it('puts a one at the end of every row', () => {
    const features = withConstant(songFeatures({ x: () => [3, 4] }))
    expect(features.names).toEqual(['x', 'one'])
    expect([...features.of(example('A', { X: 1, Y: 2 }).question)]).toEqual([3, 1, 4, 1])
  })
})

describe('probabilitiesOf', () => {
  it('is σ of the differences, pairs in order', () => {
    expect([...probabilitiesOf([1, 0, 3])]).toEqual([sigmoid(1), sigmoid(-2), sigmoid(-3)])
  })
})

describe('strengthsOf', () => {
  const { question } = example('A', { X: 0, Y: 0 })

  it('is ln 3 apart where one beats the other in three of four, a tie being half a win', () => {
    const ballots = [madeBallot('B', { X: 2, Y: 1 }), madeBallot('C', { X: 1, Y: 1 })]
    const [x, y] = strengthsOf(question, ballots, 0)
    expect((x as number) - (y as number)).toBeCloseTo(Math.log(3), 8)
    expect((x as number) + (y as number)).toBeCloseTo(0, 8)
  })

  it('knows nothing where nobody judged', () => {
    expect([...strengthsOf(question, [madeBallot('B', { P: 1, Q: 2 })], 0.1)]).toEqual([0, 0])
  })
})

describe('cohesion', () => {
  it('is 1 where the compatriots are of one mind beyond the consensus, −1 where they are opposed', () => {
    const ballot = madeBallot('A', { X: 0, Y: 0, Z: 0 }, { judge: 'A/1' })
    const mate = (judge: string, x: number, y: number, z: number) => madeBallot('A', { X: x, Y: y, Z: z }, { judge })
    const others = [madeBallot('B', { X: 1, Y: 2, Z: 1 }), madeBallot('C', { X: 1, Y: 0, Z: 1 })]
    const of = (...compatriots: ReturnType<typeof mate>[]): number =>
      cohesion(madeQuestion(ballot, { others, compatriots }))
    expect(of(mate('A/2', 3, 2, 1), mate('A/3', 3, 2, 1))).toBeCloseTo(1, 12)
    expect(of(mate('A/2', 3, 2, 1), mate('A/3', 1, 2, 3))).toBeCloseTo(-1, 12)
    expect(of(mate('A/2', 3, 2, 1))).toBe(0)
  })
})
