import type { Dataset } from './dataset.ts'
import { eurovisionJurors, eurovisionPoints } from './eurovision.ts'
import { opinionSummaries } from './opinpref.ts'
import { personas } from './personas.ts'
import { cems, iceHockey, journalCitations } from './votes.ts'

/** A set of real preference data that comes with the package. */
export interface ShippedDataset extends Dataset {
  /** Whether a server loads it when it first starts; the others are loaded by whoever wants them. */
  readonly atStart: boolean
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
    atStart: true,
    load: eurovisionJurors,
  },
  {
    name: 'eurovision-points',
    title: 'Eurovision points, 1957–2022',
    description: 'What every national jury and televote gave the songs of a show, as rankings with ties.',
    attribution: mirovision,
    licence: 'MIT',
    signals: 2849,
    atStart: true,
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
    atStart: true,
    load: cems,
  },
  {
    name: 'ice-hockey',
    title: 'College ice hockey, 2009–10',
    description: 'Games between 58 American colleges, with draws and home ice.',
    attribution: 'Composite schedule and results of men’s Division I, 2009–10, as published on collegehockeystats.net',
    licence: 'facts of published results',
    signals: 1083,
    atStart: true,
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
    atStart: true,
    load: journalCitations,
  },
  {
    name: 'opinpref',
    title: 'OpinPref: summaries of product reviews, compared',
    description:
      'Which of two summaries of the same reviews people prefer, with seven aspect scores of each summary; 800 to train on and 140 to validate.',
    attribution:
      'S. Nath, T. Siledar, S. S. R. R. Muddu, R. Rangaraju, H. Khadilkar, P. Bhattacharyya, S. Banerjee, A. Patil, S. S. Singh, M. Chelliah, N. Garera, “Leveraging Domain Knowledge for Efficient Reward Modelling in RLHF: A Case-Study in E-Commerce Opinion Summarization”, arXiv 2402.15473 (2024)',
    licence: 'MIT',
    signals: 940,
    atStart: false,
    load: opinionSummaries,
  },
  {
    name: 'personas',
    title: 'Statements that ten simulated personas agree or disagree with',
    description: 'A thousand statements for each of ten personas, half of which the persona would say.',
    attribution:
      'E. Perez et al., “Discovering Language Model Behaviors with Model-Written Evaluations”, arXiv 2212.09251 (2022), Anthropic',
    licence: 'CC-BY-4.0',
    signals: 10_000,
    atStart: false,
    load: personas,
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
