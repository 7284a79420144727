import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { startRun } from '../../run/index.ts'
import { type Comparison, type Ranking, type Signal, signalSchema } from '../signal.ts'
import { shippedDatasets } from './datasets.ts'
import { ranksOfPoints } from './eurovision.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-datasets-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const run = startRun({ folder })

async function load(name: string): Promise<Signal[]> {
  const dataset = shippedDatasets().find((one) => one.name === name)
  if (!dataset) throw new Error(`no data set ${name}`)
  const signals: Signal[] = []
  for await (const signal of dataset.load(run)) signals.push(signal)
  return signals
}

const itemOf = (content: Comparison['a']['content']): string => (content.modality === 'item' ? content.item : '')

describe('shippedDatasets', () => {
  it.each(shippedDatasets().map((dataset) => [dataset.name, dataset] as const))(
    '%s: every signal is valid, of that source, with an id of its own, as many as stated, with its context the same each time',
    async (name, dataset) => {
      const signals = await load(name)
      expect(signals.length).toBe(dataset.signals)
      expect(new Set(signals.map(({ id }) => id)).size).toBe(signals.length)
      expect(new Set(signals.map(({ source }) => source))).toEqual(new Set([name]))
      const wrong = signals.filter((signal) => !signalSchema.safeParse(signal).success)
      expect(wrong).toEqual([])
      const contexts = new Map<string, string>()
      const raters = new Map<string, string>()
      for (const { context, rater } of signals) {
        const text = JSON.stringify(context)
        expect(contexts.get(context.id) ?? text).toBe(text)
        contexts.set(context.id, text)
        const about = JSON.stringify(rater)
        expect(raters.get(rater.id) ?? about).toBe(about)
        raters.set(rater.id, about)
      }
    },
  )

  // Counts by an awk over the files: 4,454 votes of which 487 ties, 91 missing; rows of the first rater by hand.
  it('has the schools’ votes as they were cast', async () => {
    const signals = (await load('cems')) as Comparison[]
    const count = (outcome: string): number => signals.filter((signal) => signal.outcome === outcome).length
    expect(count('tie')).toBe(487)
    expect(count('skipped')).toBe(91)
    expect(count('a') + count('b')).toBe(4454 - 487)
    expect(new Set(signals.map(({ rater }) => rater.id)).size).toBe(303)
    expect(signals.slice(0, 4).map(({ a, b, outcome }) => [itemOf(a.content), itemOf(b.content), outcome])).toEqual([
      ['London', 'Paris', 'a'],
      ['London', 'Milano', 'a'],
      ['Paris', 'Milano', 'skipped'],
      ['London', 'St.Gallen', 'b'],
    ])
    expect(signals[0]?.rater.traits).toEqual({
      field: 'other',
      english: 'good',
      french: 'good',
      spanish: 'poor',
      italian: 'poor',
      full_time_work: 'no',
      degree: 'yes',
      sex: 'male',
    })
  })

  // Counts of result and home_ice by an awk over the file.
  it('has the games with their draws, days and home ice', async () => {
    const games = (await load('ice-hockey')) as Comparison[]
    const count = (outcome: string): number => games.filter((game) => game.outcome === outcome).length
    expect([count('a'), count('b'), count('tie')]).toEqual([366, 592, 125])
    expect(games.filter((game) => game.b.features?.['home'] === 1).length).toBe(1014)
    expect(games.every((game) => game.a.features?.['home'] === 0)).toBe(true)
    expect(new Set(games.flatMap((game) => [itemOf(game.a.content), itemOf(game.b.content)])).size).toBe(58)
    expect(games[0]).toMatchObject({
      time: Date.UTC(2009, 9, 8),
      metadata: { visitorGoals: 4, opponentGoals: 2 },
      context: { tags: ['ice-hockey', 'NC'] },
      outcome: 'a',
    })
  })

  // Rows of jurors.csv: 2016, first semi-final, Armenia's jurors, the first two songs; the country's ranking has 17 songs.
  it('has a full ranking for every juror', async () => {
    const rankings = (await load('eurovision-jurors')) as Ranking[]
    const [first] = rankings
    expect(first?.rater).toEqual({
      id: 'eurovision/2016/AM/A',
      kind: 'human',
      traits: { country: 'Armenia', year: 2016 },
    })
    expect(first?.ranks.slice(0, 3)).toEqual([12, 17, 11])
    expect(first?.candidates[0]).toMatchObject({ features: { year: 2016, country: 'Austria' } })
    expect(first?.candidates[0]?.content).toEqual({ modality: 'item', item: "2016 Austria: Loin d'ici – Zoë" })
    for (const { ranks, candidates } of rankings)
      expect(ranks.toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual(candidates.map((_, index) => index + 1))
    expect(rankings.some(({ id }) => id === 'eurovision/2016/RU/E/semi-final-1')).toBe(false)
    expect(rankings.some(({ id }) => id === 'eurovision/2016/RU/D/semi-final-1')).toBe(true)
  })

  it('has every jury’s and televote’s points as ranks with ties', async () => {
    const rankings = (await load('eurovision-points')) as Ranking[]
    // The first row of votes.csv is Austria's 6 points for the Netherlands in 1957, of ten songs its own not counted.
    expect(rankings[0]).toMatchObject({ id: 'eurovision/1957/AT/total/final', time: Date.UTC(1957, 4, 15) })
    expect(rankings[0]?.metadata?.['points']).toEqual([6, 0, 0, 3, 0, 0, 1, 0, 0])
    const by = (who: string): number => rankings.filter(({ rater }) => rater.traits?.['by'] === who).length
    expect([by('total'), by('jury'), by('televote')]).toEqual([1861, 494, 494])
  })
})

describe('ranksOfPoints', () => {
  it('gives the best 1, equal points the same rank, and leaves gaps after ties', () => {
    expect(ranksOfPoints([10, 12, 0, 8, 0, 10])).toEqual([2, 1, 5, 4, 5, 2])
  })
})
