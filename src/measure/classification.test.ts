import { describe, expect, it } from 'vitest'
import { classificationReport } from './classification.ts'
import peers from './fixtures/peers.json' with { type: 'json' }

describe('classificationReport', () => {
  it('gives what scikit-learn 1.9 gives', () => {
    const { names, labels, predictions, ...expected } = peers.classes
    const found = classificationReport(predictions, labels)
    names.forEach((name, k) => {
      const one = found.classes.find((report) => report.class === name)
      expect(one?.precision).toBeCloseTo(expected.precision[k] as number, 14)
      expect(one?.recall).toBeCloseTo(expected.recall[k] as number, 14)
      expect(one?.f1).toBeCloseTo(expected.f1[k] as number, 14)
      expect(one?.support).toBe(expected.support[k])
    })
    expect(found.macroF1).toBeCloseTo(expected.macroF1, 14)
    expect(found.kappa).toBeCloseTo(expected.kappa, 14)
  })

  it('works out by hand, a class never predicted counting 0', () => {
    // a: 2 of 3 predicted are right, 2 of 2 found; b: none predicted, 1 there.
    const found = classificationReport(['a', 'a', 'a'], ['a', 'a', 'b'])
    expect(found.classes).toEqual([
      { class: 'a', precision: 2 / 3, recall: 1, f1: 0.8, support: 2 },
      { class: 'b', precision: 0, recall: 0, f1: 0, support: 1 },
    ])
    expect(found.macroF1).toBe(0.4)
    expect(found.accuracy).toBe(2 / 3)
    expect(found.kappa).toBe(0)
  })

  it('has no κ where there is one class only, and refuses unequal lengths', () => {
    expect(classificationReport([1, 1], [1, 1]).kappa).toBeNaN()
    expect(() => classificationReport([1], [1, 0])).toThrow('there are 1 predictions and 2 labels')
    expect(() => classificationReport([], [])).toThrow('no cases')
  })
})
