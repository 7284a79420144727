import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { answerScenarios } from './answer-properties.ts'
import {
  averageDegrees,
  degreeOfPreference,
  type JudgeWeights,
  judgeSimilarities,
  meanSimilarity,
  propertyContributions,
  rankProperties,
  weightSimilarity,
} from './judge-weights.ts'
import { publishedJudgeWeights, publishedWeightsFolder } from './published-weights.ts'

const of = (judge: string, weights: readonly number[], scenario = 'all'): JudgeWeights => ({
  judge,
  scenario,
  properties: weights.map((_, k) => `p${k}`),
  weights,
})

describe('degreeOfPreference', () => {
  it('is 50 at indifference and the logistic of the weight elsewhere', () => {
    expect(degreeOfPreference(0)).toBe(50)
    expect(degreeOfPreference(Math.log(3))).toBeCloseTo(75, 12)
    expect(degreeOfPreference(-Math.log(3))).toBeCloseTo(25, 12)
  })

  it('is averaged over scenarios, not the weights', () => {
    const degrees = averageDegrees([of('j', [Math.log(3), 0], 's'), of('j', [0, 0], 't')])
    expect(degrees[0]).toBeCloseTo(62.5, 12)
    expect(degrees[1]).toBe(50)
    expect(degreeOfPreference(Math.log(3) / 2)).toBeCloseTo(63.397, 3)
    expect(() => averageDegrees([])).toThrow('no weights')
    expect(() => averageDegrees([of('j', [1]), of('k', [1, 2], 't')])).toThrow('k in t has other properties')
  })

  it('ranks properties', () => {
    expect(rankProperties(of('j', [-1, 2, 0])).map(({ property }) => property)).toEqual(['p1', 'p2', 'p0'])
  })
})

describe('judgeSimilarities', () => {
  it('measures by hand', () => {
    const [a, b] = [
      [1, 2, 3],
      [1, 3, 2],
    ]
    expect(weightSimilarity(a, b)).toBeCloseTo(0.5, 14)
    expect(weightSimilarity(a, b, 'spearman')).toBeCloseTo(0.5, 14)
    expect(weightSimilarity(a, b, 'l1')).toBeCloseTo(-2 / 3, 14)
    expect(weightSimilarity(a, b, 'l2')).toBeCloseTo(-Math.SQRT2 / 3, 14)
  })

  it('averages over scenarios, and names those that cannot compare', () => {
    const all = [
      of('x', [1, 2, 3], 's'),
      of('y', [1, 3, 2], 's'),
      of('x', [1, 1, 1], 't'),
      of('y', [1, 3, 2], 't'),
      of('x', [1, 2, 3], 'u'),
      of('y', [3, 2, 1], 'u'),
    ]
    const found = judgeSimilarities(all)
    expect(found.matrix[1]).toBeCloseTo((0.5 - 1) / 2, 14)
    expect(found.matrix[0]).toBeCloseTo(1, 14)
    expect(found.skipped).toEqual([
      { judges: ['x', 'x'], scenario: 't' },
      { judges: ['y', 'x'], scenario: 't' },
    ])
    expect(judgeSimilarities(all, { scenarios: ['s'] }).matrix[1]).toBeCloseTo(0.5, 14)
    // Groups of queries across scenarios are no scenarios, unless they are asked for.
    const grouped = [...all, of('x', [3, 2, 1], 'w_stances'), of('y', [1, 2, 3], 'w_stances')]
    expect(judgeSimilarities(grouped).matrix[1]).toBeCloseTo((0.5 - 1) / 2, 14)
    expect(judgeSimilarities(grouped, { scenarios: ['w_stances'] }).matrix[1]).toBeCloseTo(-1, 14)
    expect(() => judgeSimilarities([of('x', [1]), of('x', [2])])).toThrow('x has two weight vectors for all')
  })

  it('averages over pairs of groups', () => {
    const found = { judges: ['a', 'b', 'c'], matrix: Float64Array.of(1, 0.2, 0.4, 0.2, 1, 0.6, 0.4, 0.6, 1) }
    expect(meanSimilarity(found, ['a', 'b', 'c'])).toBeCloseTo(0.4, 14)
    expect(meanSimilarity(found, ['a'], ['b', 'c'])).toBeCloseTo(0.3, 14)
    expect(() => meanSimilarity(found, ['a'])).toThrow('no pair')
    expect(() => meanSimilarity(found, ['a'], ['d'])).toThrow('no similarities of d')
  })
})

describe('propertyContributions', () => {
  it('sums to the log odds less their mean', () => {
    const comparisons = Float64Array.of(1, 0, -1, 1, 1, 1)
    const found = propertyContributions([2, -0.5], comparisons)
    // Means ⅓ and ⅔.
    expect([...found].map((value) => Math.round(value * 1e6) / 1e6)).toEqual([
      1.333333, 0.333333, -2.666667, -0.166667, 1.333333, -0.166667,
    ])
    expect(() => propertyContributions([1, 2], Float64Array.of(1))).toThrow('whole rows of 2')
  })
})

describe('publishedJudgeWeights', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'penchant-weights-'))
  afterAll(() => rm(folder, { recursive: true }))
  const line = (weights: readonly number[]): string =>
    `${JSON.stringify({ model_name: 'judge', parameters: weights })}\n`

  it('says where to get the files, and which line is broken', async () => {
    await expect(publishedJudgeWeights(folder)).rejects.toThrow('https://github.com/GAIR-NLP/Preference-Dissection')
    await writeFile(join(folder, 'model_Creative Writing_fitted_paras.jsonl'), line(new Array<number>(29).fill(0.5)))
    const found = await publishedJudgeWeights(folder)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({ judge: 'judge', scenario: 'Creative Writing' })
    expect(found[0]?.properties[22]).toBe('no severe errors')
    await writeFile(join(folder, 'Code.jsonl'), `${line(new Array<number>(29).fill(0))}${line([1])}`)
    await expect(publishedJudgeWeights(folder)).rejects.toThrow('Code.jsonl, line 2: parameters')
    await writeFile(join(folder, 'Poems.jsonl'), '')
    await rm(join(folder, 'Code.jsonl'))
    await expect(publishedJudgeWeights(folder)).rejects.toThrow('Poems.jsonl is named for no scenario')
  })

  // CC BY-NC 4.0: not part of the package, so read where a user has put them.
  it.skipIf(!existsSync(publishedWeightsFolder()))('gives the published degrees and similarities', async () => {
    const all = await publishedJudgeWeights()
    const found = judgeSimilarities(all, { scenarios: answerScenarios })
    expect([found.judges.length, all.length, found.skipped.length]).toEqual([33, 528, 0])
    const severe = (judge: string): number =>
      averageDegrees(
        all.filter((one) => one.judge === judge && (answerScenarios as readonly string[]).includes(one.scenario)),
      )[22] as number
    expect(severe('human')).toBeCloseTo(62.86, 2)
    expect(severe('gpt-4-1106-preview')).toBeCloseTo(76.19, 2)
    const billions = (judge: string): number => Number(/(\d+)b/i.exec(judge.replace('8x7b', '47b'))?.[1] ?? Number.NaN)
    const [small, large] = [
      found.judges.filter((judge) => billions(judge) <= 14),
      found.judges.filter((judge) => billions(judge) > 30),
    ]
    expect(meanSimilarity(found, small)).toBeCloseTo(0.828, 3)
    expect(meanSimilarity(found, large)).toBeCloseTo(0.883, 3)
    expect(meanSimilarity(found, small, large)).toBeCloseTo(0.737, 3)
    expect(meanSimilarity(found, ['human'], ['gpt-4-1106-preview'])).toBeCloseTo(0.742, 3)
  })
})
