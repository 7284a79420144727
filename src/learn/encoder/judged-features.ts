import type { Judgement } from '../contract.ts'

/** Whose features: those of a candidate's appearance, of the context, or the rater's traits. */
export type FeaturesOf = 'candidate' | 'context' | 'rater'

/** A value as signals carry it. */
export type FeatureValue = string | number | boolean

/** The features of a part of a judgement; none where it has none, or there is no rater. */
export function featuresOf(judgement: Judgement, of: FeaturesOf): Readonly<Record<string, FeatureValue>> {
  return (of === 'rater' ? judgement.rater?.traits : judgement[of].features) ?? {}
}

/** Where a feature stands, for errors: `"length" of the candidate 3f…`. */
export function placeOf(judgement: Judgement, of: FeaturesOf, name: string): string {
  return `"${name}" of the ${of} ${judgement[of]?.id ?? '(none)'}`
}

/** The names that features of some judgements have, in order of first appearance, of those that pass. */
export function featureNames(
  judgements: Iterable<Judgement>,
  of: FeaturesOf,
  passes: (value: FeatureValue) => boolean,
): readonly string[] {
  const names = new Set<string>()
  for (const judgement of judgements)
    for (const [name, value] of Object.entries(featuresOf(judgement, of))) if (passes(value)) names.add(name)
  return [...names]
}
