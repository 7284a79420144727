import { amazonNbpo } from './amazon-nbpo.ts'
import { amazonSequences } from './amazon-sequences.ts'
import { gowalla } from './gowalla.ts'
import { lastfm } from './lastfm.ts'
import { mmhclSplits } from './mmhcl.ts'
import { movielens100k } from './movielens-100k.ts'
import type { PublishedRun } from './published-run.ts'
import { tiger } from './tiger.ts'

/** Every run, in the order of the table: one line for each data set's file. */
export const publishedRuns: readonly PublishedRun[] = [
  ...gowalla,
  ...lastfm,
  ...amazonNbpo,
  ...movielens100k,
  ...mmhclSplits,
  ...amazonSequences,
  ...tiger,
]
