import { describe, expect, it } from 'vitest'
import { candidate, type Signal } from '../../collect/index.ts'
import { type Progress, startRun } from '../../run/index.ts'
import { fitLeaderboard } from './fit-leaderboard.ts'
import type { Leaderboard, LeaderboardDefinition } from './leaderboard.ts'
import { comparison, comparisons, memorySource, ranking } from './memory-source.fixture.ts'

const fit = (signals: readonly Signal[], definition: Partial<LeaderboardDefinition> = {}): Promise<Leaderboard> =>
  fitLeaderboard({ name: 'test', title: 'Test', filter: {}, ...definition }, memorySource(signals), startRun())

const named = (board: Leaderboard, name: string) => {
  const found = board.competitors.find((competitor) => competitor.name === name)
  if (!found) throw new Error(`${name} is not on the board`)
  return found
}
/** Natural-log odds of a rating. */
const theta = (rating: number): number => ((rating - 1000) * Math.LN10) / 400

/** The worked example of the Wikipedia article on Bradley–Terry: 22 games of four. */
const wikipedia = [
  ...comparisons(2, 'A', 'B', 'a'),
  ...comparisons(1, 'A', 'D', 'a'),
  ...comparisons(3, 'B', 'A', 'a'),
  ...comparisons(5, 'B', 'C', 'a'),
  ...comparisons(3, 'C', 'B', 'a'),
  ...comparisons(1, 'C', 'D', 'a'),
  ...comparisons(4, 'D', 'A', 'a'),
  ...comparisons(3, 'D', 'C', 'a'),
]

describe('fitLeaderboard', () => {
  it('rates two competitors as one does by hand', async () => {
    const board = await fit([...comparisons(3, 'x', 'y', 'a'), comparison('y', 'x', 'a')])
    // Odds 3 : 1, so θ = ±½·ln 3. Score variance 3·¼² + ¾² = ¾ over information 4·¾·¼ = ¾ of the difference: variance
    // 4/3 of the difference, ⅓ of each θ.
    const half = (1.959964 * 400) / Math.LN10 / Math.sqrt(3)
    const points = 200 * Math.log10(3)
    expect(board.competitors.map(({ name }) => name)).toEqual(['x', 'y'])
    expect(named(board, 'x').rating).toBeCloseTo(1000 + points, 6)
    expect(named(board, 'y').rating).toBeCloseTo(1000 - points, 6)
    expect(named(board, 'x').lower).toBeCloseTo(1000 + points - half, 1)
    expect(named(board, 'x').upper).toBeCloseTo(1000 + points + half, 1)
    expect(named(board, 'y')).toMatchObject({ rank: 1, votes: 4, wins: 1, losses: 3, ties: 0, averageWinRate: 0.25 })
    expect(board).toMatchObject({ votes: 4, outcomes: { a: 4, b: 0, tie: 0, bothBad: 0, skipped: 0 }, warnings: [] })
    expect(board.winMatrix).toEqual({
      names: ['x', 'y'],
      wins: [
        [0, 3],
        [1, 0],
      ],
    })
    expect(board.votesOverTime).toEqual([{ start: Date.UTC(2024, 0, 1), votes: 4 }])
    expect(board.dataVersion).toBe('memory')
  })

  it('gives the strengths of the Wikipedia example', async () => {
    const board = await fit(wikipedia)
    const strengths = ['A', 'B', 'C', 'D'].map((name) => Math.exp(theta(named(board, name).rating)))
    for (const [i, expected] of [0.64, 1.043, 0.66, 2.27].entries()) expect(strengths[i]).toBeCloseTo(expected, 3)
    // B won 3 of 5 against A and 5 of 8 against C.
    expect(named(board, 'B').averageWinRate).toBeCloseTo((3 / 5 + 5 / 8) / 2, 12)
  })

  it('shows who stands left no favour', async () => {
    const turned = wikipedia.map((vote) => comparison(nameOf(vote.b), nameOf(vote.a), 'b'))
    const [straight, board] = [await fit(wikipedia), await fit(turned)]
    for (const { name, rating, lower, wins } of straight.competitors) {
      expect(named(board, name).rating).toBeCloseTo(rating, 8)
      expect(named(board, name).lower).toBeCloseTo(lower, 5)
      expect(named(board, name).wins).toBe(wins)
    }
    expect(board.outcomes).toMatchObject({ a: 0, b: 22 })
  })

  it('counts a tie as half a win for each under Bradley–Terry, and as its own outcome under Davidson', async () => {
    const tied = [
      ...comparisons(3, 'x', 'y', 'a'),
      ...comparisons(1, 'x', 'y', 'b'),
      ...comparisons(2, 'x', 'y', 'tie'),
    ]
    // 4 of 6 half wins: odds 2. Davidson: decisive odds 3, tie probability 2/6 = ν·√3/(3 + 1 + ν·√3), ν = 2/√3.
    expect(theta(named(await fit(tied), 'x').rating)).toBeCloseTo(Math.log(2) / 2, 8)
    const davidson = await fit(tied, { model: 'davidson' })
    expect(theta(named(davidson, 'x').rating)).toBeCloseTo(Math.log(3) / 2, 8)
    expect(davidson.tieParameter).toBeCloseTo(2 / Math.sqrt(3), 8)
    // Rao–Kupper: P(x) = 1/(1 + η/s), P(y) = 1/(1 + η·s), with P = ½ and 1/6: η = s and η·s = 5, so s = √5.
    const raoKupper = await fit(tied, { model: 'rao-kupper' })
    expect(theta(named(raoKupper, 'x').rating)).toBeCloseTo(Math.log(5) / 4, 8)
    expect(raoKupper.tieParameter).toBeCloseTo(Math.sqrt(5), 8)
    expect(named(davidson, 'x')).toMatchObject({ wins: 3, losses: 1, ties: 2 })
  })

  it('takes both-bad for a tie or leaves it out, and never counts a skipped vote', async () => {
    const signals = [
      ...comparisons(2, 'x', 'y', 'a'),
      ...comparisons(1, 'x', 'y', 'b'),
      ...comparisons(3, 'x', 'y', 'both-bad'),
      ...comparisons(5, 'x', 'y', 'skipped'),
    ]
    const counted = await fit(signals)
    // 3.5 of 6 against 2.5 of 6.
    expect(theta(named(counted, 'x').rating)).toBeCloseTo(Math.log(3.5 / 2.5) / 2, 8)
    expect(named(counted, 'x')).toMatchObject({ votes: 6, wins: 2, losses: 1, ties: 0, bothBad: 3 })
    const dropped = await fit(signals, { bothBad: 'drop' })
    expect(theta(named(dropped, 'x').rating)).toBeCloseTo(Math.log(2) / 2, 8)
    expect(named(dropped, 'x')).toMatchObject({ votes: 3, wins: 2, losses: 1, ties: 0, bothBad: 3 })
    expect(dropped.outcomes).toEqual({ a: 2, b: 1, tie: 0, bothBad: 3, skipped: 5 })
    expect(dropped.votes).toBe(3)
    expect(dropped.warnings).toEqual(['3 votes for "both bad" left out, as the board\'s definition asks.'])
  })

  it('lets a vote of weight 2 pull like two votes, while counting it once', async () => {
    const weighted = await fit([...wikipedia, comparison('A', 'B', 'a', { weight: 2 })])
    const doubled = await fit([...wikipedia, ...comparisons(2, 'A', 'B', 'a')])
    for (const { name, rating } of doubled.competitors) expect(named(weighted, name).rating).toBeCloseTo(rating, 7)
    expect(weighted.votes).toBe(23)
    expect(named(weighted, 'A').wins).toBe(4)
  })

  it('counts a ranking as the comparisons of its pairs', async () => {
    const rankings = [ranking(['x', 'y', 'z']), ranking(['z', 'y', 'x', 'w'], [1, 1, 2, null]), ranking(['y', 'x'])]
    const pairs = [
      comparison('x', 'y', 'a'),
      comparison('x', 'z', 'a'),
      comparison('y', 'z', 'a'),
      comparison('z', 'y', 'tie'),
      comparison('z', 'x', 'a'),
      comparison('y', 'x', 'a'),
      comparison('y', 'x', 'a'),
    ]
    const [ranked, compared] = [await fit(rankings), await fit(pairs)]
    for (const { name, rating } of compared.competitors) expect(named(ranked, name).rating).toBeCloseTo(rating, 9)
    expect(ranked.votes).toBe(3)
    expect(named(ranked, 'y')).toMatchObject({ votes: 3, wins: 3, losses: 1, ties: 1 })
    expect(ranked.warnings.some((line) => line.includes('pairs of a ranking'))).toBe(true)
    const below = await fit(rankings, { unranked: 'below' })
    expect(named(below, 'w')).toMatchObject({ votes: 1, wins: 0, losses: 3 })
  })

  it('gives the same ratings by Plackett–Luce as by Bradley–Terry when rankings are of two', async () => {
    const [pairs, ranked] = [await fit(wikipedia), await fit(wikipedia, { model: 'plackett-luce' })]
    for (const { name, rating, lower } of pairs.competitors) {
      expect(named(ranked, name).rating).toBeCloseTo(rating, 6)
      expect(named(ranked, name).lower).toBeCloseTo(lower, 0)
    }
  })

  it('fits rankings by Plackett–Luce as one does by hand', async () => {
    // x is chosen first in two of four and next in the other two; y and z are alike. With x the worth of x in theirs,
    // the likelihood equation 4·x/(x + 2) + 2·x/(x + 1) = 4 is x² − 2x − 4 = 0, so x = 1 + √5.
    const board = await fit(
      [ranking(['x', 'y', 'z']), ranking(['x', 'z', 'y']), ranking(['y', 'x', 'z']), ranking(['z', 'x', 'y'])],
      { model: 'plackett-luce' },
    )
    expect(theta(named(board, 'x').rating) - theta(named(board, 'y').rating)).toBeCloseTo(Math.log(1 + Math.sqrt(5)), 8)
    expect(named(board, 'y').rating).toBeCloseTo(named(board, 'z').rating, 8)
    expect(board.warnings).toEqual([])
  })

  it('leaves out rankings whose ties are too large for Plackett–Luce', async () => {
    const many = Array.from({ length: 12 }, (_, i) => `c${i}`)
    const tied = ranking(
      many,
      many.map((_, i) => (i === 0 ? 1 : 2)),
    )
    const board = await fit([tied, ranking(['x', 'y']), ranking(['y', 'x'])], { model: 'plackett-luce' })
    expect(board.votes).toBe(2)
    expect(board.competitors.map(({ name }) => name)).toEqual(['x', 'y'])
    expect(board.warnings[0]).toContain('1 vote left out: they tie more than 10 competitors at one rank')
  })

  it('estimates a feature beside the ratings', async () => {
    const at = (name: string, home: boolean) => candidate({ modality: 'item', item: name }, { features: { home } })
    const played = (host: string, guest: string, won: number, lost: number): Signal[] => [
      ...comparisons(won, host, guest, 'a', { a: at(host, true), b: at(guest, false) }),
      ...comparisons(lost, host, guest, 'b', { a: at(host, true), b: at(guest, false) }),
    ]
    // The host wins three of four, whoever it is: equal strengths, home advantage ln 3.
    const board = await fit([...played('x', 'y', 3, 1), ...played('y', 'x', 3, 1)], { features: ['home'] })
    expect(named(board, 'x').rating).toBeCloseTo(1000, 6)
    expect(board.features[0]?.coefficient).toBeCloseTo(Math.log(3), 6)
    // Information 8·¾·¼ and score variance 2·(3·¼² + ¾²): both 3/2, variance 2/3.
    expect(board.features[0]?.upper).toBeCloseTo(Math.log(3) + 1.959964 * Math.sqrt(2 / 3), 3)
    const plain = await fit([...played('x', 'y', 3, 1), ...played('y', 'x', 3, 1)], {
      features: ['home'],
      standardise: true,
    })
    // Root mean square of ±1 is 1; centring changes nothing else here, as the mean is 0 from each side.
    expect(plain.features[0]?.coefficient).toBeCloseTo(Math.log(3), 6)
  })

  it('scales amounts to relative differences of unit spread', async () => {
    const of = (name: string, words: number) => candidate({ modality: 'item', item: name }, { features: { words } })
    const votes = (wordsX: number, wordsY: number, won: number, lost: number): Signal[] => [
      ...comparisons(won, 'x', 'y', 'a', { a: of('x', wordsX), b: of('y', wordsY) }),
      ...comparisons(lost, 'x', 'y', 'b', { a: of('x', wordsX), b: of('y', wordsY) }),
    ]
    // (2 − 1)/(2 + 1 + 1) = ¼ either way round, four votes each; divided by the root mean square ¼ it is ±1.
    const signals = [...votes(2, 1, 3, 1), ...votes(1, 2, 1, 3)]
    const relative = await fit(signals, { features: ['words'], featureScale: 'relative' })
    expect(relative.features[0]?.coefficient).toBeCloseTo(Math.log(3), 6)
    const raw = await fit(signals, { features: ['words'], featureScale: 'relative', standardise: false })
    expect(raw.features[0]?.coefficient).toBeCloseTo(4 * Math.log(3), 5)
  })

  it('leaves votes without a feature out and says how many, and drops a feature that never differs', async () => {
    const of = (name: string, features: { [name: string]: number }) =>
      candidate({ modality: 'item', item: name }, { features })
    const board = await fit(
      [
        ...comparisons(2, 'x', 'y', 'a', { a: of('x', { f: 1, g: 7 }), b: of('y', { f: 0, g: 7 }) }),
        ...comparisons(2, 'x', 'y', 'b', { a: of('x', { f: 0, g: 7 }), b: of('y', { f: 1, g: 7 }) }),
        ...comparisons(1, 'x', 'y', 'b', { a: of('x', { f: 1, g: 7 }), b: of('y', { f: 0, g: 7 }) }),
        ...comparisons(1, 'x', 'y', 'a', { a: of('x', { f: 0, g: 7 }), b: of('y', { f: 1, g: 7 }) }),
        comparison('x', 'y', 'a'),
      ],
      { features: ['f', 'g'] },
    )
    expect(board.votes).toBe(6)
    expect(board.features.map(({ name }) => name)).toEqual(['f'])
    expect(board.features[0]?.coefficient).toBeCloseTo(Math.log(2), 6)
    expect(board.warnings).toEqual([
      '1 vote left out: they lack a number for the feature "f".',
      'The two sides never differ in "g", so its effect cannot be estimated.',
    ])
  })

  it('fits both published conventions of style control, which differ', async () => {
    const of = (name: string, words: number) => candidate({ modality: 'item', item: name }, { features: { words } })
    const votes = [
      ...comparisons(6, 'x', 'y', 'a', { a: of('x', 2), b: of('y', 1) }),
      ...comparisons(2, 'x', 'y', 'b', { a: of('x', 2), b: of('y', 1) }),
      ...comparisons(2, 'x', 'y', 'a', { a: of('x', 1), b: of('y', 2) }),
      ...comparisons(6, 'x', 'y', 'b', { a: of('x', 1), b: of('y', 2) }),
    ]
    const gamma = async (penalty: 'none' | 'search-arena' | 'arena-rank'): Promise<number> =>
      (await fit(votes, { features: ['words'], penalty })).features[0]?.coefficient ?? Number.NaN
    expect(await gamma('none')).toBeCloseTo(Math.log(3), 6)
    // Summed loss: 16·(σ(γ) − ¾) + γ/2 = 0. Mean loss: (σ(γ) − ¾) + γ = 0.
    const summed = await gamma('search-arena')
    expect(16 * (1 / (1 + Math.exp(-summed)) - 0.75) + summed / 2).toBeCloseTo(0, 6)
    const mean = await gamma('arena-rank')
    expect(1 / (1 + Math.exp(-mean)) - 0.75 + mean).toBeCloseTo(0, 6)
    expect(mean).toBeLessThan(summed)
  })

  it('lets pairs that met often decide no more than others under the convention of arena-rank', async () => {
    const of = (name: string, words: number) => candidate({ modality: 'item', item: name }, { features: { words } })
    /** The wordier side wins so often of `count` votes, whoever it is. */
    const meet = (x: string, y: string, count: number, share: number): Signal[] =>
      [2, 1].flatMap((words) => {
        const about = { a: of(x, words), b: of(y, 3 - words) }
        const won = Math.round((count / 2) * (words === 2 ? share : 1 - share))
        return [...comparisons(won, x, y, 'a', about), ...comparisons(count / 2 - won, x, y, 'b', about)]
      })
    const board = await fit([...meet('x', 'y', 200, 0.75), ...meet('y', 'z', 60, 0.5)], {
      features: ['words'],
      penalty: 'arena-rank',
    })
    // Both pairs weigh the same: ½·(σ(γ) − ¾) + ½·(σ(γ) − ½) + γ = 0, with equal strengths.
    const gamma = board.features[0]?.coefficient ?? Number.NaN
    expect(1 / (1 + Math.exp(-gamma)) - 0.625 + gamma).toBeCloseTo(0, 6)
    expect(named(board, 'z').rating).toBeCloseTo(1000, 4)
  })

  it('says when parts were never compared and when a competitor never lost, and still gives numbers', async () => {
    const apart = await fit([
      ...comparisons(2, 'x', 'y', 'a'),
      comparison('y', 'x', 'a'),
      ...comparisons(2, 'v', 'w', 'a'),
    ])
    expect(apart.warnings.join(' ')).toContain('2 parts that were never compared')
    expect(apart.warnings.join(' ')).toContain('"v" never lost or tied')
    for (const { rating, lower, upper } of apart.competitors) {
      expect(Number.isFinite(rating) && Number.isFinite(lower) && Number.isFinite(upper)).toBe(true)
    }
  })

  it('is a board without competitors while nobody has voted', async () => {
    const board = await fit([comparison('x', 'y', 'skipped')])
    expect(board.competitors).toEqual([])
    expect(board.outcomes.skipped).toBe(1)
    expect(board.warnings).toEqual(['No vote matches this board yet.'])
    expect(JSON.parse(JSON.stringify(board))).toEqual(board)
  })

  it('counts the outcome of an aspect, and leaves out votes that say nothing on it', async () => {
    const board = await fit(
      [
        ...comparisons(3, 'x', 'y', 'b', { aspects: { texture: 'a' } }),
        ...comparisons(1, 'x', 'y', 'b', { aspects: { texture: 'b' } }),
        comparison('x', 'y', 'a'),
      ],
      { aspect: 'texture' },
    )
    expect(named(board, 'x')).toMatchObject({ wins: 3, losses: 1 })
    expect(board.warnings).toEqual(['1 vote left out: they say nothing on the aspect "texture".'])
  })

  it('ranks producers, or the candidates themselves', async () => {
    const by = (item: string, producer: string) => candidate({ modality: 'item', item }, { producer })
    const signals = [
      comparison('s1', 's2', 'a', { a: by('s1', 'SE'), b: by('s2', 'NO') }),
      comparison('s3', 's4', 'b', { a: by('s3', 'SE'), b: by('s4', 'NO') }),
      comparison('s1', 's3', 'a', { a: by('s1', 'SE'), b: by('s3', 'SE') }),
    ]
    const producers = await fit(signals)
    expect(producers.competitors.map(({ name }) => name).sort()).toEqual(['NO', 'SE'])
    expect(producers.warnings).toEqual(['1 vote left out: they compare a competitor with itself.'])
    const candidates = await fit(signals, { competitor: 'candidate' })
    expect(candidates.competitors.map(({ name }) => name).sort()).toEqual(['s1', 's2', 's3', 's4'])
  })

  it('moves all ratings together so that the anchor has its rating', async () => {
    const [plain, anchored] = [
      await fit(wikipedia),
      await fit(wikipedia, { anchor: { competitor: 'C', rating: 1200 } }),
    ]
    const shift = 1200 - named(plain, 'C').rating
    expect(named(anchored, 'C').rating).toBeCloseTo(1200, 9)
    expect(named(anchored, 'D').lower).toBeCloseTo(named(plain, 'D').lower + shift, 6)
    const unknown = await fit(wikipedia, { anchor: { competitor: 'nobody', rating: 1 } })
    expect(unknown.warnings).toEqual(['The anchor "nobody" has no votes; ratings have mean 1000.'])
  })

  it('looks only at signals that match the definition and what is asked within it', async () => {
    const signals = [
      ...comparisons(2, 'x', 'y', 'a', { context: { id: '1', tags: ['maths'], language: 'en' } }),
      ...comparisons(1, 'x', 'y', 'b', { context: { id: '2', tags: ['maths'], language: 'de' } }),
      ...comparisons(9, 'x', 'y', 'b', { context: { id: '3', tags: ['code'] } }),
      comparison('x', 'y', 'b', { rater: { id: 'r', kind: 'human', traits: { sex: 'f' } }, time: 5 }),
    ]
    const counts = async (filter: LeaderboardDefinition['filter'], within = {}): Promise<number> => {
      const definition = { name: 't', title: 't', filter }
      return (await fitLeaderboard(definition, memorySource(signals), startRun(), { within })).votes
    }
    expect(await counts({ tags: ['maths'] })).toBe(3)
    expect(await counts({ tags: ['maths'] }, { languages: ['en'] })).toBe(2)
    expect(await counts({ raterTraits: { sex: 'f' } })).toBe(1)
    expect(await counts({ to: 6 })).toBe(1)
    expect(await counts({ kinds: ['rating'] })).toBe(0)
    expect(await counts({ tags: ['maths'] }, { tags: ['code'] })).toBe(0)
  })

  it('gives the same board, to the letter, for the same seed, and other bootstrap intervals for another', async () => {
    const board = async (seed: number): Promise<string> =>
      JSON.stringify(
        await fitLeaderboard(
          { name: 't', title: 't', filter: {}, intervals: 'bootstrap' },
          memorySource(wikipedia),
          startRun({ seed }),
        ),
      )
    expect(await board(1)).toBe(await board(1))
    expect(await board(1)).not.toBe(await board(2))
  })

  it('tells how far it is, and stops when asked to', async () => {
    const seen: Progress[] = []
    await fitLeaderboard(
      { name: 't', title: 't', filter: {} },
      memorySource(wikipedia),
      startRun({ onProgress: (progress) => seen.push(progress) }),
    )
    expect(seen[0]).toEqual({ label: 'reading votes', done: 0, total: 22 })
    expect(seen.at(-1)).toEqual({ label: 'fitting ratings', done: 1, total: 1 })
    const stopped = fitLeaderboard(
      { name: 't', title: 't', filter: {} },
      memorySource(wikipedia),
      startRun({ signal: AbortSignal.abort() }),
    )
    await expect(stopped).rejects.toThrow('abort')
  })

  it('refuses a board of more competitors than can be fitted', async () => {
    const many = Array.from({ length: 1501 }, (_, i) => comparison(`x${i}`, `y${i}`, 'a'))
    await expect(fit(many)).rejects.toThrow('there are votes on 3002 competitors, at most 3000 can be fitted')
  })
})

describe('fitLeaderboard with the rating-scale model', () => {
  it('rates by the points of ranks, contexts being occasions', async () => {
    const jury = (items: readonly string[], ranks: readonly (number | null)[], contest: string): Signal =>
      ranking(items, ranks, { context: { id: contest } })
    const signals = [
      jury(['x', 'y', 'z'], [1, 2, null], 'first'),
      jury(['x', 'y', 'z'], [1, null, 2], 'first'),
      jury(['u', 'v', 'w'], [2, 1, null], 'second'),
    ]
    const board = await fit(signals, { model: 'rating-scale', points: [2, 1] })
    expect(board.intervals).toBe('laplace')
    expect(board.competitors[0]).toMatchObject({ name: 'x', votes: 2, wins: 4, losses: 0 })
    expect(board.votes).toBe(3)
    const mean = board.competitors.reduce((sum, { rating }) => sum + rating, 0) / 6
    expect(mean).toBeCloseTo(1000, 6)
    // By symmetry of their two juries, y and z are equal.
    expect(named(board, 'y').rating).toBeCloseTo(named(board, 'z').rating, 6)
    expect(board.warnings[0]).toContain('2 sets that were never rated on a common occasion')
  })

  it('lists groups by the mean of their competitors, which links occasions', async () => {
    const song = (item: string, country: string) => candidate({ modality: 'item', item }, { features: { country } })
    const jury = (contest: string, ...songs: ReturnType<typeof song>[]): Signal =>
      ranking(
        [],
        songs.map((_, place) => place + 1),
        { candidates: songs, context: { id: contest } },
      )
    const signals = [
      ...Array.from({ length: 6 }, () => jury('1', song('s1', 'SE'), song('s2', 'NO'), song('s3', 'DK'))),
      ...Array.from({ length: 6 }, () => jury('2', song('s4', 'SE'), song('s5', 'NO'), song('s6', 'NO'))),
    ]
    const definition = { model: 'rating-scale', points: [2, 1], group: { feature: 'country' } } as const
    const countries = await fit(signals, { ...definition, lists: 'groups' })
    expect(countries.competitors.map(({ name }) => name)).toEqual(['SE', 'NO', 'DK'])
    // Norway's two songs of the second contest do not compete with each other for it.
    expect(named(countries, 'NO')).toMatchObject({ votes: 12, wins: 6, losses: 18 })
    const songs = await fit(signals, definition)
    expect(songs.competitors).toHaveLength(6)
    expect(
      songs.competitors
        .slice(0, 2)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['s1', 's4'])
    const lacking = await fit(
      [...signals, jury('3', song('s7', 'SE'), song('s8', 'NO')), ranking(['x', 'y'])],
      definition,
    )
    expect(lacking.warnings).toContain(
      '1 vote left out: they lack the feature that tells competitors or their groups apart.',
    )
  })

  it('rates by scores, and says when nothing tells competitors apart', async () => {
    const rating = (item: string, overall: number): Signal => ({
      kind: 'rating',
      id: `${item}-${overall}`,
      rater: { id: 'r', kind: 'human' },
      context: { id: 'exam' },
      time: 0,
      source: 'test',
      candidate: candidate({ modality: 'item', item }),
      aspects: { overall },
    })
    const board = await fit([rating('x', 5), rating('x', 4), rating('y', 1), rating('y', 2)], { model: 'rating-scale' })
    expect(board.competitors.map(({ name }) => name)).toEqual(['x', 'y'])
    const flat = await fit([rating('x', 5), rating('y', 5)], { model: 'rating-scale' })
    expect(flat.competitors).toEqual([])
    expect(flat.warnings).toEqual(['Every rating is 5, so nothing tells the competitors apart.'])
    const other = await fit([rating('x', 5), comparison('x', 'y', 'a'), comparison('y', 'x', 'a')])
    expect(other.warnings).toEqual(['1 vote left out: they are ratings, which the model bradley-terry does not use.'])
  })
})

function nameOf({ content }: { readonly content: { readonly modality: string; readonly item?: string } }): string {
  return content.item ?? ''
}
