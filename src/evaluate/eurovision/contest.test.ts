import { describe, expect, it } from 'vitest'
import { startRun } from '../../run/index.ts'
import { madeBallot, madeQuestion } from './ballot.fixture.ts'
import { leadOver, tryEntrant } from './contest.ts'
import type { Entrant } from './entrant.ts'
import type { Fold } from './question.ts'

const run = startRun()
const ballots = [
  madeBallot('A', { X: 3, Y: 2, Z: 1 }, { show: 'made/1' }),
  madeBallot('B', { X: 3, Y: 1, Z: 1 }, { show: 'made/2' }),
]
const folds: Fold[] = [
  { name: 'made', train: [], test: ballots.map((ballot) => ({ ballot, question: madeQuestion(ballot, {}) })) },
]
/** Says the same of every ballot: P(X over Y), P(X over Z), P(Y over Z). */
const saying = (...probabilities: number[]): Entrant => ({
  id: `says ${probabilities}`,
  title: 'made up',
  sees: 'show',
  fit: () => (questions) => questions.map(() => Float64Array.from(probabilities)),
})

describe('tryEntrant', () => {
  it('gives a coin accuracy ½, log-loss ln 2 and no calibration error, and leaves out what judges tied', async () => {
    const coin = await tryEntrant(saying(0.5, 0.5, 0.5), folds, run)
    expect(coin.pairs).toBe(5)
    expect(coin.accuracy.value).toBe(0.5)
    expect(coin.logLoss.value).toBeCloseTo(Math.LN2, 12)
    expect(coin.calibrationError.value).toBeCloseTo(0, 12)
    expect(coin.shows.map(({ undecided }) => undecided)).toEqual([3, 2])
  })

  // Right on X over Y twice and X over Z twice, wrong on Y over Z (0.4 for what happened), of which the other was a tie.
  it('scores by hand', async () => {
    const standing = await tryEntrant(saying(0.9, 0.8, 0.4), folds, run)
    expect(standing.accuracy.value).toBeCloseTo(4 / 5, 12)
    expect(standing.logLoss.value).toBeCloseTo(-(2 * Math.log(0.9) + 2 * Math.log(0.8) + Math.log(0.4)) / 5, 12)
    // Three bins of confidence: 0.9 and 0.8 always right, 0.6 always wrong.
    expect(standing.calibrationError.value).toBeCloseTo((2 * 0.1 + 2 * 0.2 + 0.6) / 5, 12)
    // One show has 2 of 3 right, the other 2 of 2: resamples of shows lie between.
    expect(standing.accuracy.interval[0]).toBeCloseTo(2 / 3, 12)
    expect(standing.accuracy.interval[1]).toBeCloseTo(1, 12)
  })

  it('refuses another number of probabilities than pairs, and what is no probability', async () => {
    await expect(tryEntrant(saying(0.5), folds, run)).rejects.toThrow('A in made/1 has 3 pairs, but 1 probabilities')
    await expect(tryEntrant(saying(0.5, Number.NaN, 0.5), folds, run)).rejects.toThrow('a probability is NaN')
  })
})

describe('leadOver', () => {
  it('is the difference on the same shows, with an interval of paired resamples', async () => {
    const [good, poor] = [
      await tryEntrant(saying(0.9, 0.8, 0.6), folds, run),
      await tryEntrant(saying(0.9, 0.8, 0.4), folds, run),
    ]
    const { accuracy, logLoss } = leadOver(good, poor)
    expect(accuracy.value).toBeCloseTo(1 / 5, 12)
    expect(logLoss.value).toBeCloseTo(-Math.log(0.6 / 0.4) / 5, 12)
    // The second show is all the same to both.
    expect(accuracy.interval[0]).toBeCloseTo(0, 12)
    expect(accuracy.interval[1]).toBeCloseTo(1 / 3, 12)
  })

  it('refuses standings of other pairs', async () => {
    const [fold] = folds
    const half = [{ name: 'half', train: [], test: fold?.test.slice(1) ?? [] }]
    const [all, part] = [
      await tryEntrant(saying(0.6, 0.6, 0.6), folds, run),
      await tryEntrant(saying(0.6, 0.6, 0.6), half, run),
    ]
    expect(() => leadOver(all, part)).toThrow('were not tried on the same shows and pairs')
  })
})
