/** How well one class is told from the others. A ratio of nothing to nothing is 0, as customary. */
export interface ClassReport<Class> {
  readonly class: Class
  /** Right among those predicted to be of the class. */
  readonly precision: number
  /** Found among those that are of the class. */
  readonly recall: number
  /** 2·precision·recall / (precision + recall). */
  readonly f1: number
  /** Cases of the class. */
  readonly support: number
}

export interface ClassificationReport<Class> {
  /** Every class among labels and predictions, in the order they first occur in the labels, then the predictions. */
  readonly classes: readonly ClassReport<Class>[]
  readonly accuracy: number
  /** The mean of f1 over classes. */
  readonly macroF1: number
  /** Cohen's κ: (accuracy − chance)/(1 − chance), chance from both margins; NaN when chance is 1. */
  readonly kappa: number
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

/**
 * Precision, recall, F1, accuracy and Cohen's κ of predicted classes.
 *
 * @throws {RangeError} on unequal lengths or no cases
 * @see Cohen (1960), Educational and Psychological Measurement 20, 37–46
 * @example
 * classificationReport(['a', 'b', 'tie'], ['a', 'b', 'b']).macroF1
 */
export function classificationReport<Class extends string | number | boolean>(
  predictions: ArrayLike<Class>,
  labels: ArrayLike<Class>,
): ClassificationReport<Class> {
  const size = labels.length
  if (predictions.length !== size)
    throw new RangeError(`there are ${predictions.length} predictions and ${size} labels, expected as many`)
  if (size === 0) throw new RangeError('there are no cases, expected at least one')
  const counts = new Map<Class, { predicted: number; actual: number; right: number }>()
  const countsOf = (of: Class): { predicted: number; actual: number; right: number } => {
    let found = counts.get(of)
    if (!found) {
      found = { predicted: 0, actual: 0, right: 0 }
      counts.set(of, found)
    }
    return found
  }
  for (let i = 0; i < size; i++) countsOf(labels[i] as Class).actual++
  for (let i = 0; i < size; i++) {
    const predicted = countsOf(predictions[i] as Class)
    predicted.predicted++
    if (predictions[i] === labels[i]) predicted.right++
  }
  const classes = [...counts].map(
    ([of, { predicted, actual, right }]): ClassReport<Class> => ({
      class: of,
      precision: share(right, predicted),
      recall: share(right, actual),
      f1: share(2 * right, predicted + actual),
      support: actual,
    }),
  )
  let [right, chance] = [0, 0]
  for (const count of counts.values()) {
    right += count.right
    chance += (count.predicted / size) * (count.actual / size)
  }
  const accuracy = right / size
  return {
    classes,
    accuracy,
    macroF1: classes.reduce((sum, { f1 }) => sum + f1, 0) / classes.length,
    kappa: chance === 1 ? Number.NaN : (accuracy - chance) / (1 - chance),
  }
}
