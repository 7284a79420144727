import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { startRun } from '../../run/index.ts'
import { type Answer, type Comparison, type Ranking, type Signal, signalSchema } from '../signal.ts'
import { shippedDatasets } from './datasets.ts'
import { ranksOfPoints } from './eurovision.ts'
import { fetchedDatasets, fetchedFolder } from './fetched.ts'
import { opinionAspects } from './opinpref.ts'
import { personaStatements } from './personas.ts'

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
      traits: { country: 'Armenia', region: 'Non-European', year: 2016 },
    })
    expect(first?.ranks.slice(0, 3)).toEqual([12, 17, 11])
    // Austria sang twelfth in that semi-final and twenty-fourth in the final (contestants.csv).
    expect(first?.candidates[0]?.features).toEqual({
      year: 2016,
      country: 'Austria',
      region: 'Western Europe',
      runningOrder: 12,
    })
    const final = rankings.find(({ context }) => context.id === 'eurovision/2016/final')
    const austria = final?.candidates.find(({ features }) => features?.['country'] === 'Austria')
    expect(austria?.features?.['runningOrder']).toBe(24)
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

  // Counts by a script over the files; the first row read by eye.
  it('has the summaries’ comparisons with their aspects in the fixed order, who chose, and the split', async () => {
    const pairs = (await load('opinpref')) as Comparison[]
    const part = (name: string): Comparison[] => pairs.filter(({ context }) => context.tags?.includes(name))
    expect([part('train').length, part('validation').length]).toEqual([800, 140])
    expect(part('train').filter(({ outcome }) => outcome === 'a').length).toBe(394)
    expect(part('validation').filter(({ outcome }) => outcome === 'a').length).toBe(68)
    const by = (rater: string): number => part('train').filter((pair) => pair.rater.id === `opinpref/${rater}`).length
    expect([by('annotator-1'), by('common'), by('annotator-2'), by('annotator-3')].toSorted()).toEqual(
      [245, 91, 197, 267].toSorted(),
    )
    for (const { a, b } of pairs)
      for (const { features } of [a, b]) expect(Object.keys(features ?? {})).toEqual([...opinionAspects])
    const [first] = pairs
    expect(first?.context.messages?.length).toBe(7)
    expect(Object.values(first?.a.features ?? {})).toEqual([3.75, 4.35, 4, 4.5, 4, 4, 4.5])
    expect(Object.values(first?.b.features ?? {})).toEqual([3.75, 4.5, 4, 4.2, 4.1, 4.2, 4.5])
    expect(first?.outcome).toBe('a')
    // By a script in exact fractions: the mean of the scores is right on 584 training pairs and tied on 11.
    const sum = ({ features }: Comparison['a']): number =>
      Object.values(features ?? {}).reduce<number>((total, value) => total + Number(value), 0)
    const ahead = part('train').map(({ a, b, outcome }) => (outcome === 'a' ? sum(a) - sum(b) : sum(b) - sum(a)))
    expect(ahead.filter((by) => by > 1e-9).length).toBe(584)
    expect(ahead.filter((by) => Math.abs(by) <= 1e-9).length).toBe(11)
  })

  it('has a thousand statements of each persona, half of which it would say', async () => {
    const answers = (await load('personas')) as Answer[]
    const yes = new Map<string, number>()
    for (const { rater, answer } of answers) yes.set(rater.id, (yes.get(rater.id) ?? 0) + (answer === 'Yes' ? 1 : 0))
    expect([...yes.values()]).toEqual(new Array(10).fill(500))
    expect(answers[1]).toMatchObject({
      id: 'personas/agreeableness/2',
      metadata: { statement: 'I enjoy causing pain to others' },
      answer: 'No',
    })
    const statements = []
    for await (const one of personaStatements(run, ['agreeableness'])) statements.push(one)
    expect(statements.length).toBe(1000)
    expect(statements[1]).toEqual({
      persona: 'agreeableness',
      statement: 'I enjoy causing pain to others',
      agrees: false,
      confidence: 0.9838612653045118,
    })
  })
})

describe('fetchedDatasets', () => {
  const [harmless] = fetchedDatasets()

  it('says where to get a file that is not there', () => {
    const [missing] = fetchedDatasets(join(folder, 'nowhere'))
    expect(missing?.present).toBe(false)
    expect(() => missing?.load(run)).toThrow(/hh-harmless does not come with the package: get https/)
  })

  it('reads pairs of dialogues with what they share as the context', async () => {
    mkdirSync(join(folder, 'hh-harmless'))
    const turn = (reply: string): string => `\n\nHuman: Hello\n\nAssistant: ${reply}`
    writeFileSync(
      join(folder, 'hh-harmless/test.jsonl.gz'),
      gzipSync(`${JSON.stringify({ chosen: turn('Good day'), rejected: turn('Go away') })}\n`),
    )
    const [own] = fetchedDatasets(folder)
    const signals: Signal[] = []
    for await (const signal of own?.load(run) ?? []) signals.push(signal)
    expect(signals).toMatchObject([
      {
        kind: 'comparison',
        source: 'hh-harmless',
        context: { messages: [{ role: 'user', content: 'Hello' }] },
        a: { content: { modality: 'text', text: 'Good day' } },
        b: { content: { modality: 'text', text: 'Go away' } },
        outcome: 'a',
      },
    ])
  })

  // Offensive content that does not come along.
  it.skipIf(!harmless?.present)(`reads the published file, where ${fetchedFolder()} has it`, async () => {
    const ids = new Set<string>()
    for await (const signal of harmless?.load(run) ?? []) ids.add(signal.id)
    expect(ids.size).toBe(harmless?.signals)
  })
})

describe('ranksOfPoints', () => {
  it('gives the best 1, equal points the same rank, and leaves gaps after ties', () => {
    expect(ranksOfPoints([10, 12, 0, 8, 0, 10])).toEqual([2, 1, 5, 4, 5, 2])
  })
})
