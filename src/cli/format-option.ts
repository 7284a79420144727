import { Option } from 'commander'

/** The formats' names, as `collect` has them; a test compares them. Written here so that help needs not load them. */
export const formatChoices = [
  'signals',
  'arena',
  'preference-pairs',
  'hh-rlhf',
  'ultrafeedback',
  'rankings',
  'ratings',
  'interactions',
] as const

/** A `--format` option that takes the formats' names. */
export function formatOption(description: string): Option {
  return new Option('--format <name>', description).choices(formatChoices)
}
