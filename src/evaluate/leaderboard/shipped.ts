import { shippedDatasets } from '../../collect/index.ts'
import type { LeaderboardDefinition } from './leaderboard.ts'

function attributionOf(source: string): string {
  const dataset = shippedDatasets().find(({ name }) => name === source)
  if (!dataset) throw new Error(`there is no shipped dataset "${source}"`)
  return dataset.attribution
}

/** Years of the contest whose jurors' full rankings are known; there was none in 2020. */
const jurorYears = [2016, 2017, 2018, 2019, 2021, 2022] as const

/** Points of the ten best songs of a ballot, since 1975. */
const contestPoints = [12, 10, 8, 7, 6, 5, 4, 3, 2, 1] as const

const since1975 = {
  filter: { sources: ['eurovision-points'], from: Date.UTC(1975, 0, 1) },
  model: 'rating-scale',
  points: contestPoints,
  group: { feature: 'country' },
  attribution: attributionOf('eurovision-points'),
} as const

const definitions: readonly LeaderboardDefinition[] = [
  {
    name: 'eurovision-songs',
    title: 'Eurovision songs since 1975',
    description:
      'Every song since the present points came in, by the published model of the contest. Songs of different years ' +
      'were never compared: what puts them on one scale is the assumption that every year’s songs are as good on ' +
      'average as any other’s, up to what their countries send over the years. 400 rating points are odds of 10 to 1 ' +
      'of one more point from a jury; 40 are one “cantobel”.',
    ...since1975,
  },
  {
    name: 'eurovision-countries',
    title: 'Eurovision countries since 1975',
    description:
      'How good the songs of a country are on average, with juries and televoters as judges. An interval is wide where ' +
      'a country sent few songs or very different ones. Earlier years gave points by other rules and are left out.',
    ...since1975,
    lists: 'groups',
  },
  ...jurorYears.toReversed().map(
    (year): LeaderboardDefinition => ({
      name: `eurovision-${year}`,
      title: `Eurovision ${year}, by its jurors`,
      description:
        'The full rankings of every juror in the semi-finals and the final, as Plackett–Luce strengths. The televote has ' +
        'no part in it, so the order differs from the official one.',
      filter: { sources: ['eurovision-jurors'], tags: [`${year}`] },
      model: 'plackett-luce',
      attribution: attributionOf('eurovision-jurors'),
    }),
  ),
  {
    name: 'management-schools',
    title: 'Management schools, by students',
    description:
      '303 students said which of two European management schools they would rather go to. Ties are modelled.',
    filter: { sources: ['cems'] },
    model: 'davidson',
    attribution: attributionOf('cems'),
  },
  ...(['good', 'poor'] as const).map(
    (french): LeaderboardDefinition => ({
      name: `management-schools-french-${french}`,
      title: `Management schools, by students whose French is ${french}`,
      description: 'The same question, asked of part of the students: who speaks the language prefers Paris.',
      filter: { sources: ['cems'], raterTraits: { french } },
      model: 'davidson',
      attribution: attributionOf('cems'),
    }),
  ),
  {
    name: 'college-ice-hockey',
    title: 'College ice hockey, 2009–10',
    description: 'Strength of 58 teams, with the advantage of playing at home beside it. Draws are modelled.',
    filter: { sources: ['ice-hockey'] },
    model: 'davidson',
    features: ['home'],
    attribution: attributionOf('ice-hockey'),
  },
]

/** Leaderboards over the data sets that come with the package. */
export function shippedLeaderboards(): readonly LeaderboardDefinition[] {
  return definitions
}
