import { type Ballot, standardised, tallySongs } from './ballot.ts'
import type { Question } from './question.ts'
import { meanWorth, remembered, type SongFeatures, songFeatures } from './song-features.ts'
import { strengthByCompatriots, strengthForAll, strengthInEarlierYears } from './strengths.ts'

/** A ballot's standardised worths, remembered. */
const scaledBallots = new WeakMap<Ballot, Float64Array>()
const scaled = (ballot: Ballot): Float64Array => {
  let worth = scaledBallots.get(ballot)
  if (!worth) {
    worth = standardised(ballot)
    scaledBallots.set(ballot, worth)
  }
  return worth
}

const consensus = remembered((question) => meanWorth(question, question.others, scaled))
const compatriots = remembered((question) => meanWorth(question, question.compatriots, scaled))
/** What compatriots gave beyond the consensus. */
const compatriotsBeyond = remembered((question) => {
  const [own, all] = [compatriots(question), consensus(question)]
  return own.map((value, i) => value - (all[i] as number))
})

/** A ballot's worths in the order of a question's songs, less the consensus there; NaN for what it did not judge. */
function beyondConsensus(question: Question, ballot: Ballot): Float64Array {
  const place = new Map(ballot.songs.map(({ country }, i) => [country, i]))
  const worth = scaled(ballot)
  const all = consensus(question)
  return Float64Array.from(question.songs, ({ country }, i) => {
    const at = place.get(country)
    return at === undefined ? Number.NaN : (worth[at] as number) - (all[i] as number)
  })
}

/** How much the compatriots agree beyond the consensus: the mean correlation of pairs of them, through the origin. */
export const cohesion = remembered((question) => {
  const rows = question.compatriots.map((ballot) => beyondConsensus(question, ballot))
  let [sum, pairs] = [0, 0]
  for (const [k, x] of rows.entries())
    for (const y of rows.slice(0, k)) {
      let [xy, xx, yy] = [0, 0, 0]
      for (let i = 0; i < x.length; i++) {
        xy += (x[i] as number) * (y[i] as number)
        xx += (x[i] as number) ** 2
        yy += (y[i] as number) ** 2
      }
      sum += xx * yy > 0 ? xy / Math.sqrt(xx * yy) : 0
      pairs++
    }
  return pairs > 0 ? sum / pairs : 0
})

/** What each other country as a whole gave beyond the mean of the others, song by song of a question; 0 if unjudged. */
const countriesBeyond = remembered((question) => {
  const tallies = tallySongs(question.others, scaled)
  return [...Map.groupBy(question.others, ({ country }) => country)].map(([country, ballots]) => {
    const own = tallySongs(ballots, scaled)
    const beyond = Float64Array.from(question.songs, (song) => {
      const [mine, all] = [own.get(song.country), tallies.get(song.country)]
      if (!mine || !all || all.count === mine.count) return 0
      return mine.sum / mine.count - (all.sum - mine.sum) / (all.count - mine.count)
    })
    return { country, beyond }
  })
})

function weighed(question: Question, weightOf: (country: string, beyond: Float64Array) => number): Float64Array {
  const sum = new Float64Array(question.songs.length)
  for (const { country, beyond } of countriesBeyond(question)) {
    const weight = weightOf(country, beyond)
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + weight * (beyond[i] as number)
  }
  return sum
}

/** What countries of like taste in earlier years think of the songs this year, beyond the consensus. */
const tasteOfEarlierYears = (question: Question): Float64Array =>
  weighed(question, (country) => question.history.likeness(question.country, country))

/** What countries that agree with the compatriots in this very show think of the songs, beyond the consensus. */
function tasteOfThisShow(question: Question): Float64Array {
  const target = compatriotsBeyond(question)
  return weighed(question, (_, beyond) => {
    let [product, square] = [0, 0]
    for (let i = 0; i < beyond.length; i++) {
      product += (beyond[i] as number) * (target[i] as number)
      square += (beyond[i] as number) ** 2
    }
    return product / (square + 30)
  })
}

const between =
  (numberOf: (question: Question) => (from: string, to: string) => number) =>
  (question: Question): Float64Array =>
    Float64Array.from(question.songs, ({ country }) => numberOf(question)(question.country, country))

const sameRegion = ({ region, songs }: Question): Float64Array =>
  Float64Array.from(songs, (song) => (song.region === region ? 1 : 0))

/** Place in the running order as a share of the show's length. */
const runningOrder = ({ songs }: Question): Float64Array => {
  const last = Math.max(...songs.map((song) => song.runningOrder))
  return Float64Array.from(songs, (song) => song.runningOrder / last)
}

const beyondWithCohesion = (question: Question): Float64Array => {
  const factor = cohesion(question)
  return compatriotsBeyond(question).map((value) => value * factor)
}

/** What the same judge gave a song in an earlier round; 0 for songs that were not in it. */
const ownWorth = remembered((question) => {
  const given = new Float64Array(question.songs.length)
  for (const ballot of question.own) {
    const worth = scaled(ballot)
    ballot.songs.forEach(({ country }, k) => {
      const at = question.songs.findIndex((song) => song.country === country)
      if (at >= 0) given[at] = worth[k] as number
    })
  }
  return given
})
const ownKnown = (question: Question): Float64Array => {
  const judged = new Set(question.own.flatMap(({ songs }) => songs.map(({ country }) => country)))
  return Float64Array.from(question.songs, ({ country }) => (judged.has(country) ? 1 : 0))
}

const inThisShow = {
  consensus,
  compatriots,
  'strength for all': strengthForAll,
  'strength by compatriots': strengthByCompatriots,
  'compatriots’ agreement': beyondWithCohesion,
  'consensus³': (question: Question) => consensus(question).map((value) => value ** 3),
  'compatriots³': (question: Question) =>
    meanWorth(question, question.compatriots, (ballot) => scaled(ballot).map((value) => value ** 3)),
  'taste of this show': tasteOfThisShow,
  'running order': runningOrder,
}

const inEarlierYears = {
  'over-given': between(({ history }) => history.overGiven),
  'recently over-given': between(({ history }) => history.recentlyOverGiven),
  'taste of earlier years': tasteOfEarlierYears,
  'same region': sameRegion,
}

/** Of the show at hand alone: what the baseline of consensus and compatriots may see as well. */
export const jurorShowFeatures: SongFeatures = songFeatures(inThisShow)

/** Of the show at hand and of national votes in earlier years. */
export const jurorFeatures: SongFeatures = songFeatures({ ...inThisShow, ...inEarlierYears })

const inTheSemifinal = { 'own semi-final': ownWorth, 'seen in the semi-final': ownKnown }

/** Of the show at hand and of what the juror said of its songs in a semi-final: what two lines may see as well. */
export const returningJurorShowFeatures: SongFeatures = songFeatures({ ...inThisShow, ...inTheSemifinal })

/** {@link jurorFeatures} and what the juror said of the songs in a semi-final. */
export const returningJurorFeatures: SongFeatures = songFeatures({
  ...inThisShow,
  ...inEarlierYears,
  ...inTheSemifinal,
})

/** Of a final's votes by other countries, and of earlier years' votes. */
export const nationalFeatures: SongFeatures = songFeatures({
  consensus,
  'root of consensus': (question) =>
    meanWorth(question, question.others).map((points) => Math.sqrt(Math.max(0, points))),
  'strength for all': strengthForAll,
  'strength in earlier years': strengthInEarlierYears,
  ...inEarlierYears,
  'running order': runningOrder,
})

/** What a model that looks at the question as a whole sees of it: how much the compatriots agree, and whether it is a final. */
export function questionFeatures(question: Question): readonly number[] {
  return [cohesion(question), question.final ? 1 : 0]
}
