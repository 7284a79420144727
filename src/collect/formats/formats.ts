import { arena } from './arena.ts'
import { showWords } from './fault.ts'
import type { Format, Sample } from './format.ts'
import { hhRlhf } from './hh-rlhf.ts'
import { interactions } from './interactions.ts'
import { preferencePairs } from './preference-pairs.ts'
import { rankings } from './rankings.ts'
import { ratings } from './ratings.ts'
import { signals } from './signals.ts'
import { ultrafeedback } from './ultrafeedback.ts'

/** The ways of writing preference data down that can be read and written, by name. */
export const formats = {
  signals,
  arena,
  'preference-pairs': preferencePairs,
  'hh-rlhf': hhRlhf,
  ultrafeedback,
  rankings,
  ratings,
  interactions,
} as const satisfies { readonly [name: string]: Format }

export type FormatName = keyof typeof formats

export const formatNames = Object.keys(formats) as readonly FormatName[]

/** Tells a format's name from any other text. */
export function isFormatName(name: string): name is FormatName {
  return Object.hasOwn(formats, name)
}

/**
 * The one format whose rows a sample looks like.
 *
 * @throws {Error} when none does or several do; the message lists the names to choose from
 */
export function detectFormat(sample: Sample, file: string): FormatName {
  const found = formatNames.filter(
    (name) => formats[name].containers.includes(sample.container) && formats[name].detect(sample),
  )
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  const columns = sample.columns.length > 0 ? ` (its columns are ${showWords(sample.columns.slice(0, 12))})` : ''
  throw new Error(
    found.length === 0
      ? `${file} looks like none of the formats known${columns}; give the format: one of ${formatNames.join(', ')}`
      : `${file} could be of several formats${columns}; give the format: one of ${found.join(', ')}`,
  )
}
