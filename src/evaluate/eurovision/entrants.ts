import { generalPreferenceKind, mixtureKind, palKind, rankListLoss, rewardKind } from '../../learn/index.ts'
import { adamW } from '../../tensor/index.ts'
import { standardised } from './ballot.ts'
import { type Entrant, pairLogit } from './entrant.ts'
import {
  jurorFeatures,
  jurorShowFeatures,
  nationalFeatures,
  questionFeatures,
  returningJurorFeatures,
  returningJurorShowFeatures,
} from './features.ts'
import { listEntrant } from './list-entrant.ts'
import { preferenceEntrant } from './preference-entrant.ts'
import type { Question } from './question.ts'
import { meanWorth, type SongFeatures, songFeatures, withConstant } from './song-features.ts'
import { strengthByCompatriots, strengthForAll, strengthInEarlierYears } from './strengths.ts'

const column = (name: string, of: (question: Question) => ArrayLike<number>): SongFeatures =>
  songFeatures({ [name]: of })

/** Mean rank, or points, by the other countries: half of both baselines, and the weaker bar. */
export const consensusAlone: Entrant = pairLogit(
  { id: 'consensus', title: 'Consensus of the other countries', sees: 'show' },
  column('consensus', (question) => meanWorth(question, question.others)),
)

/** The two lines that a learned model of jurors has to beat. */
export const consensusAndCompatriots: Entrant = pairLogit(
  { id: 'consensus-compatriots', title: 'Consensus plus compatriots’ mean rank', sees: 'show' },
  column('sum', (question) => {
    const own = meanWorth(question, question.compatriots)
    return meanWorth(question, question.others).map((value, i) => value + (own[i] as number))
  }),
)

/** The two lines that a learned model of national votes has to beat. */
export const consensusAndOverGiving: Entrant = pairLogit(
  { id: 'consensus-over-giving', title: 'Consensus plus over-giving in earlier finals', sees: 'earlier years' },
  column('sum', (question) =>
    meanWorth(question, question.others).map(
      (value, i) => value + question.history.pointsBeyond(question.country, question.songs[i]?.country ?? ''),
    ),
  ),
)

/**
 * The same with every earlier show and a weaker pull towards 0, which is better: what a learned model has to beat to
 * have learned anything that two lines could not say.
 */
export const consensusAndOverGivingInAllShows: Entrant = pairLogit(
  { id: 'consensus-over-giving-all', title: 'Consensus plus over-giving in all earlier shows', sees: 'earlier years' },
  column('sum', (question) =>
    meanWorth(question, question.others).map(
      (value, i) => value + question.history.pointsBeyondInAllShows(question.country, question.songs[i]?.country ?? ''),
    ),
  ),
)

const bradleyTerryForAll: Entrant = pairLogit(
  { id: 'bradley-terry', title: 'Bradley–Terry for all', sees: 'show' },
  column('strength', strengthForAll),
)

/** A small network of everything that is known of a song and a judge. */
function learned(id: string, title: string, sees: Entrant['sees'], songs: SongFeatures, epochs = 3): Entrant {
  return preferenceEntrant(
    { id, title, sees },
    { songs },
    {
      kind: rewardKind,
      options: { hidden: [32, 16], activation: 'silu' },
      epochs,
      batchSize: 512,
      optimizer: adamW({ learningRate: 3e-3, weightDecay: 0.01 }),
    },
  )
}

/** As {@link learned}, with ideal points mixed from shared prototypes, a mixture for each country. */
function pal(sees: Entrant['sees'], songs: SongFeatures): Entrant {
  return preferenceEntrant(
    { id: 'pal', title: 'PAL, a mixture per country', sees },
    { songs },
    {
      kind: palKind,
      options: { prototypes: 3, projector: 'linear', form: 'squared', loss: 'logistic' },
      optimizer: adamW({ learningRate: 3e-3, weightDecay: 0.01 }),
    },
  )
}

/** As {@link learned}, linear heads mixed by what is known of the question: how much compatriots agree, and the round. */
function mixture(sees: Entrant['sees'], songs: SongFeatures): Entrant {
  return preferenceEntrant(
    { id: 'micro', title: 'MiCRo, heads routed by the question', sees },
    { songs, question: questionFeatures },
    { kind: mixtureKind, options: { heads: 3 }, optimizer: adamW({ learningRate: 1e-2, weightDecay: 0.01 }) },
  )
}

/** The network of {@link learned}, taught whole ballots: neighbours first, then songs ever further apart. */
function rankList(sees: Entrant['sees'], songs: SongFeatures): Entrant {
  return listEntrant({ id: 'rank-list', title: 'RankList', sees }, songs, {
    options: { hidden: [32, 16], activation: 'silu' },
    loss: rankListLoss({ exposure: 'nearFirst', exposureEpochs: 1 }),
    epochs: 30,
    optimizer: adamW({ learningRate: 3e-3, weightDecay: 0.01 }),
  })
}

/** As {@link learned}, with an antisymmetric form that can hold cycles; a constant lets it be linear. */
function generalPreference(sees: Entrant['sees'], songs: SongFeatures): Entrant {
  return preferenceEntrant(
    { id: 'general-preference', title: 'General preference model', sees },
    { songs: withConstant(songs) },
    {
      kind: generalPreferenceKind,
      options: { dimensions: 6, normalized: false, temperature: 1 },
      optimizer: adamW({ learningRate: 3e-3, weightDecay: 0.01 }),
    },
  )
}

/** Those who predict a new juror. The second is the bar. */
export const newJurorEntrants: readonly Entrant[] = [
  consensusAlone,
  consensusAndCompatriots,
  bradleyTerryForAll,
  pairLogit(
    { id: 'bradley-terry-country', title: 'Bradley–Terry per country', sees: 'show' },
    column('strength', strengthByCompatriots),
  ),
  pairLogit(
    { id: 'bradley-terry-both', title: 'Bradley–Terry for all and per country', sees: 'show' },
    songFeatures({ all: strengthForAll, country: strengthByCompatriots }),
  ),
  pairLogit({ id: 'linear-show', title: 'Linear preference', sees: 'show' }, jurorShowFeatures),
  pairLogit({ id: 'linear', title: 'Linear preference', sees: 'earlier years' }, jurorFeatures),
  learned('network-show', 'Small network', 'show', jurorShowFeatures),
  learned('network', 'Small network', 'earlier years', jurorFeatures),
  pal('earlier years', jurorFeatures),
  mixture('earlier years', jurorFeatures),
  generalPreference('earlier years', jurorFeatures),
  rankList('earlier years', jurorFeatures),
]

/**
 * What a juror's own semi-final adds to two lines: the standardised ranks there, 0 for songs that were not in it, beside
 * the standardised means.
 */
export const consensusCompatriotsAndOwn: Entrant = pairLogit(
  {
    id: 'consensus-compatriots-own',
    title: 'Consensus, compatriots and own semi-final, summed',
    sees: 'own semi-final',
  },
  column('sum', (question) => {
    const parts = [question.others, question.compatriots, question.own].map((ballots) =>
      meanWorth(question, ballots, standardised),
    )
    return question.songs.map((_, i) => parts.reduce((sum, part) => sum + (part[i] as number), 0))
  }),
)

/** Those who predict a juror whose semi-final is known. The second is the bar. */
export const returningJurorEntrants: readonly Entrant[] = [
  consensusAndCompatriots,
  consensusCompatriotsAndOwn,
  pairLogit({ id: 'linear-show', title: 'Linear preference', sees: 'show' }, jurorShowFeatures),
  pairLogit({ id: 'linear-own-show', title: 'Linear preference', sees: 'own semi-final' }, returningJurorShowFeatures),
  pairLogit(
    { id: 'linear-own', title: 'Linear preference', sees: 'own semi-final and earlier years' },
    returningJurorFeatures,
  ),
  learned('network-own', 'Small network', 'own semi-final and earlier years', returningJurorFeatures),
]

/** Those who predict a country's vote in a final. The second and, stronger, the third are the bars. */
export const nationalEntrants: readonly Entrant[] = [
  consensusAlone,
  consensusAndOverGiving,
  consensusAndOverGivingInAllShows,
  bradleyTerryForAll,
  pairLogit(
    { id: 'bradley-terry-country', title: 'Bradley–Terry per country', sees: 'earlier years' },
    column('strength', strengthInEarlierYears),
  ),
  pairLogit(
    { id: 'bradley-terry-both', title: 'Bradley–Terry for all and per country', sees: 'earlier years' },
    songFeatures({ all: strengthForAll, country: strengthInEarlierYears }),
  ),
  pairLogit({ id: 'linear', title: 'Linear preference', sees: 'earlier years' }, nationalFeatures),
  learned('network', 'Small network', 'earlier years', nationalFeatures),
  pal('earlier years', nationalFeatures),
  mixture('earlier years', nationalFeatures),
  generalPreference('earlier years', nationalFeatures),
  rankList('earlier years', nationalFeatures),
]
