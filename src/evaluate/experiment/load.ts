import { catalogue } from '../../catalogue.ts'
import { comparisons } from '../../comparisons.ts'
import type { Experiment } from './experiment.ts'

/** Everything that can be run by its id. */
const rows: readonly { readonly id: string; readonly experiment: string }[] = [...catalogue, ...comparisons]

/** The ids that read most like a word, so that a slip of the finger is answered with what was meant. */
function similarIds(word: string): string[] {
  const pairs = (text: string): Set<string> => new Set(Array.from(text.slice(1), (letter, at) => text[at] + letter))
  const wanted = pairs(word.toLowerCase())
  return rows
    .map(({ id }) => {
      const own = pairs(id)
      const both = [...own].filter((pair) => wanted.has(pair)).length
      return { id, likeness: (2 * both) / Math.max(1, own.size + wanted.size) }
    })
    .filter(({ likeness }) => likeness > 0.3)
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, 3)
    .map(({ id }) => id)
}

/** No method of the catalogue and no comparison has this id. */
export class UnknownExperimentError extends Error {
  override readonly name = 'UnknownExperimentError'

  constructor(id: string) {
    const similar = similarIds(id)
    const hint = similar.length > 0 ? `; did you mean ${similar.join(' or ')}?` : '.'
    super(`there is no method "${id}"${hint} The ids are listed by: penchant methods`)
  }
}

/**
 * The experiment of a method of the catalogue, or of a comparison of many, from the sources or from the built package,
 * whichever this module is part of.
 *
 * @throws {UnknownExperimentError} when neither has such an id
 */
export async function loadExperiment(id: string): Promise<Experiment> {
  const row = rows.find((one) => one.id === id)
  if (!row) throw new UnknownExperimentError(id)
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const url = new URL(`../../../experiments/${row.experiment}.${ending}`, import.meta.url)
  const module = (await import(url.href)) as { readonly experiment?: Experiment }
  if (!module.experiment) throw new TypeError(`experiments/${row.experiment}.${ending} exports no "experiment"`)
  return module.experiment
}
