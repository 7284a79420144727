import { beforeAll, describe, expect, it } from 'vitest'
import { type Candidate, candidate, type Signal, shippedDatasets } from '../../collect/index.ts'
import { seeded, startRun } from '../../run/index.ts'
import { memorySource } from '../leaderboard/memory-source.fixture.ts'
import { fitPeople } from './fit-people.ts'
import { judgedLists, orderingSignals } from './judged-lists.ts'
import type { People } from './people.ts'
import { shippedPeople } from './shipped.ts'
import { opinionOfOthers, standardisedWorths } from './taste-columns.ts'

async function loaded(name: string): Promise<readonly Signal[]> {
  const dataset = shippedDatasets().find((one) => one.name === name)
  const signals: Signal[] = []
  if (dataset) for await (const signal of dataset.load(startRun())) signals.push(signal)
  return signals
}

const item = (name: string, features: Candidate['features'] = {}): Candidate =>
  candidate({ modality: 'item', item: name }, { features })
const base = (id: string, rater: string, context: string, traits: Record<string, string> = {}) => ({
  id,
  rater: { id: rater, kind: 'human' as const, traits },
  context: { id: context },
  time: 0,
  source: 'made',
})

describe('judgedLists', () => {
  it('makes an order of every kind of signal that tells one', async () => {
    const [a, b, c] = [item('a'), item('b'), item('c')]
    const signals: Signal[] = [
      { kind: 'comparison', ...base('1', 'ann', 'x'), a, b, outcome: 'b' },
      { kind: 'comparison', ...base('2', 'ann', 'x'), a, b, outcome: 'tie' },
      { kind: 'ranking', ...base('3', 'ann', 'y'), candidates: [a, b, c], ranks: [2, null, 1] },
      { kind: 'choice', ...base('4', 'ann', 'x'), shown: [a, b, c], chosen: [2], action: 'click' },
      { kind: 'rating', ...base('5', 'ann', 'z'), candidate: a, aspects: { overall: 2, taste: 5 } },
      { kind: 'rating', ...base('6', 'ann', 'z'), candidate: b, aspects: { overall: 4, taste: 1 } },
      { kind: 'rating', ...base('7', 'ann', 'w'), candidate: b, aspects: { overall: 4 } },
    ]
    const [ann] = await judgedLists(memorySource(signals).read(orderingSignals('made')))
    expect(ann?.lists.map(({ context, ranks }) => [context, ...ranks])).toEqual([
      ['x', 2, 1],
      ['y', 2, Number.NaN, 1],
      ['x', 2, 2, 1],
      ['z', -2, -4],
    ])
    expect(ann?.signals).toEqual({ comparison: 2, ranking: 1, choice: 1, rating: 3 })
  })
})

describe('columns', () => {
  it('standardise worths, the unranked sharing the place behind', () => {
    // −1, −3, −3, −2: mean −2.25, squared gaps 1.5625 + 2 · 0.5625 + 0.0625 = 2.75.
    const deviation = Math.sqrt(2.75 / 4)
    expect([...standardisedWorths({ ranks: [1, Number.NaN, Number.NaN, 2] })]).toEqual(
      [1.25, -0.75, -0.75, 0.25].map((gap) => expect.closeTo(gap / deviation, 12)),
    )
  })

  it('take the opinion of others without one’s own group, where there are three of them', () => {
    const [a, b] = [item('a'), item('b')]
    const rater = (id: string, country: string, ranks: number[]) => ({
      ...{ id, kind: 'human' as const, traits: { country }, signals: {} },
      lists: [{ rater: id, context: 'x', candidates: [a, b], ranks }],
    })
    const raters = [
      rater('1', 'NO', [1, 2]),
      rater('2', 'NO', [1, 2]),
      rater('3', 'SE', [1, 2]),
      rater('4', 'SE', [1, 2]),
      rater('5', 'FI', [2, 1]),
    ]
    const opinion = opinionOfOthers(raters, ({ traits }) => String(traits['country']))
    const of = (at: number) => [
      ...opinion((raters[at] as (typeof raters)[number]).lists[0] as never, raters[at] as never),
    ]
    // Of Norway’s jurors the others are two for and one against; Finland’s sees four for.
    expect(of(0)).toEqual([expect.closeTo(1 / 3, 12), expect.closeTo(-1 / 3, 12)])
    expect(of(4)).toEqual([1, -1])
    const few = opinionOfOthers(raters.slice(0, 4), ({ traits }) => String(traits['country']))
    expect([...few((raters[0] as (typeof raters)[number]).lists[0] as never, raters[0] as never)]).toEqual([0, 0])
  })
})

describe('people', () => {
  let students: People
  beforeAll(async () => {
    const definition = shippedPeople().find(({ source }) => source === 'cems')
    if (!definition) throw new Error('the students are missing')
    students = await fitPeople(definition, memorySource(await loaded('cems')), startRun())
  })
  const column = (name: string): number => students.columns.findIndex((one) => one.name === name)

  it('have a column per candidate where there are few, London leading and nobody agreeing on St. Gallen', () => {
    expect(students.columns.map(({ name }) => name)).toEqual([
      'Barcelona', 'London', 'Milano', 'Paris', 'St.Gallen', 'Stockholm',
    ]) // biome-ignore format: a list
    const order = students.columns.toSorted((a, b) => b.common.value - a.common.value).map(({ name }) => name)
    // The published worths of the study: London, Paris, Barcelona, St. Gallen, Milano, Stockholm (the middle is close).
    expect([order[0], order[1], order[5]]).toEqual(['London', 'Paris', 'Stockholm'])
    const spread = students.columns.toSorted((a, b) => b.spread - a.spread)
    expect(spread[0]?.name).toBe('St.Gallen')
    // Values of one feature are told against their mean.
    expect(students.columns.reduce((sum, { common }) => sum + common.value, 0)).toBeCloseTo(0, 6)
    for (const { effects } of students.raters.slice(0, 20))
      expect(effects.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(0, 6)
  })

  it('lean the way that the study found: who has good French to Paris, who has good Spanish to Barcelona', () => {
    const mean = (trait: string, value: string, school: string): number => {
      const those = students.raters.filter(({ traits }) => traits[trait] === value)
      expect(those.length).toBeGreaterThan(20)
      return those.reduce((sum, { effects }) => sum + (effects[column(school)]?.value ?? 0), 0) / those.length
    }
    expect(mean('french', 'good', 'Paris') - mean('french', 'poor', 'Paris')).toBeGreaterThan(0.5)
    expect(mean('spanish', 'good', 'Barcelona') - mean('spanish', 'poor', 'Barcelona')).toBeGreaterThan(0.5)
  })

  it('say how far the map can be trusted, and whom it leaves out', () => {
    expect(students.reliability).toBeGreaterThan(0.3)
    expect(students.reliability).toBeLessThan(0.8)
    expect(students.raters.length + Object.values(students.leftOut).reduce((sum, count) => sum + count, 0)).toBe(303)
    expect(students.clusters.reduce((sum, { size }) => sum + size, 0)).toBe(students.raters.length)
    for (const { effects } of students.raters)
      for (const { lower, value, upper } of effects) {
        expect(upper - value).toBeCloseTo(value - lower, 8)
        expect(upper).toBeGreaterThan(value)
      }
  })

  it('are told by features where candidates are many, numbers per deviation and values against each other', async () => {
    const random = seeded('made')
    const signals = Array.from({ length: 40 }, (_, rater) =>
      Array.from({ length: 6 }, (_list, nth): Signal => {
        const candidates = Array.from({ length: 6 }, (_one, i) =>
          item(`${rater}/${nth}/${i}`, {
            price: random.normal(),
            vegan: random.chance(0.5),
            home: random.pick(['NO', 'SE']),
          }),
        )
        // Everyone likes what is dear; those of the north, what is vegan; nobody minds where it comes from.
        const vegan = rater < 20 ? 1.5 : -1.5
        const worth = candidates.map(
          ({ features }) =>
            Number(features?.['price']) + vegan * Number(features?.['vegan']) - Math.log(-Math.log(random.uniform())),
        )
        const ranks = worth.map((own) => 1 + worth.filter((other) => other > own).length)
        return {
          kind: 'ranking',
          ...base(`${rater}/${nth}`, `r${rater}`, `c${rater}/${nth}`, { home: 'NO' }),
          candidates,
          ranks,
        }
      }),
    ).flat()
    const people = await fitPeople({ source: 'made', title: 'Made up' }, memorySource(signals), startRun())
    expect(people.columns.map(({ name, unit }) => [name, unit])).toEqual([
      ['price', 'deviation'],
      ['vegan', 'yes'],
      ['home: NO', 'yes'],
      ['home: SE', 'yes'],
    ])
    const [price, vegan] = people.columns
    expect(Math.abs((price?.common.value ?? 0) - 1)).toBeLessThan(0.25)
    expect(price?.spread).toBeLessThan(0.5)
    expect(vegan?.spread).toBeGreaterThan(1)
    expect(people.clusters.map(({ size }) => size)).toEqual([20, 20])
    const cluster = people.raters[0]?.cluster
    expect(people.raters.every((rater, at) => (rater.cluster === cluster) === at < 20)).toBe(true)
    const half = people.raters.slice(0, 20).map(({ effects }) => effects[1]?.value ?? 0)
    expect(half.reduce((sum, value) => sum + value, 0) / 20).toBeCloseTo(1.5, 0)
  })

  it('say what is missing where nothing can be told', async () => {
    const one = {
      kind: 'comparison' as const,
      ...base('1', 'ann', 'x'),
      a: item('a'),
      b: item('b'),
      outcome: 'a' as const,
    }
    const few = await fitPeople({ source: 'made', title: 'Few' }, memorySource([one]), startRun())
    expect(few.raters).toEqual([])
    expect(few.leftOut).toEqual({ 'preferred fewer than 3 candidates to another': 1 })
    expect(few.warnings[0]).toContain('there are 0 of 1')
    const plain = Array.from(
      { length: 30 },
      (_, at): Signal => ({
        ...one,
        ...base(`${at}`, `r${at % 5}`, `x${at}`),
        a: item(`a${at}`),
        b: item(`b${at}`),
      }),
    )
    const bare = await fitPeople({ source: 'made', title: 'Bare' }, memorySource(plain), startRun())
    expect(bare.warnings[0]).toContain('have no features')
  })
})
