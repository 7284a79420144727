import type { Run } from '../../run/index.ts'
import type { Signal } from '../signal.ts'
import { eurovisionJurors, eurovisionPoints } from './eurovision.ts'
import { cems, iceHockey, journalCitations } from './votes.ts'

/** A set of real preference data that comes with the package. */
export interface ShippedDataset {
  /** Also the source of its signals. */
  readonly name: string
  readonly title: string
  /** What it holds, in a sentence. */
  readonly description: string
  /** Whom to name. */
  readonly attribution: string
  readonly licence: string
  /** How many signals there are. */
  readonly signals: number
  /** The signals, in the files' order; their ids are the same every time. */
  load(run: Run): AsyncIterable<Signal>
}

const mirovision =
  'MIRoVision: J. A. Burgoyne, J. Spijkervet, D. J. Baker, “Measuring the Eurovision Song Contest: A Living Dataset for Real-World MIR”, ISMIR 2023'

const datasets: readonly ShippedDataset[] = [
  {
    name: 'eurovision-jurors',
    title: 'Eurovision jurors, 2016–2022',
    description: 'Full rankings of the songs of a show by each juror of every national jury.',
    attribution: mirovision,
    licence: 'MIT',
    signals: 2404,
    load: eurovisionJurors,
  },
  {
    name: 'eurovision-points',
    title: 'Eurovision points, 1957–2022',
    description: 'What every national jury and televote gave the songs of a show, as rankings with ties.',
    attribution: mirovision,
    licence: 'MIT',
    signals: 2849,
    load: eurovisionPoints,
  },
  {
    name: 'cems',
    title: 'Management schools, compared by students',
    description:
      '303 students compare six European management schools pairwise; with ties, missing answers and traits.',
    attribution:
      'R. Dittrich, R. Hatzinger, W. Katzenbeisser, “Modelling the effect of subject-specific covariates in paired comparison studies with an application to university rankings”, Applied Statistics 47 (1998) 511–525',
    licence: 'facts of a published study',
    signals: 4545,
    load: cems,
  },
  {
    name: 'ice-hockey',
    title: 'College ice hockey, 2009–10',
    description: 'Games between 58 American colleges, with draws and home ice.',
    attribution: 'Composite schedule and results of men’s Division I, 2009–10, as published on collegehockeystats.net',
    licence: 'facts of published results',
    signals: 1083,
    load: iceHockey,
  },
  {
    name: 'journal-citations',
    title: 'Citations between statistics journals',
    description: 'How often four statistics journals cited each other in 1987–88.',
    attribution:
      'S. M. Stigler, “Citation patterns in the journals of statistics and probability”, Statistical Science 9 (1994) 94–108',
    licence: 'facts of a published study',
    signals: 12,
    load: journalCitations,
  },
]

/**
 * The real preference data that come with the package.
 *
 * @example
 * for (const dataset of shippedDatasets()) for await (const signal of dataset.load(run)) …
 */
export function shippedDatasets(): readonly ShippedDataset[] {
  return datasets
}
