import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accuracy, kendallTau, midranks, pairAccuracy, pearson, spearman } from './agreement.ts'

const x = [2, 7, 1, 7, 3, 9, 4, 4, 8, 5]
const y = [1, 8, 2, 6, 6, 9, 3, 5, 5, 5]

const someValues = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 2, maxLength: 30 })

describe('kendallTau', () => {
  it('is 1/3 when one of three pairs is swapped', () => {
    expect(kendallTau([1, 2, 3], [1, 3, 2])).toBeCloseTo(1 / 3, 15)
  })

  it('gives what SciPy 1.17 gives with ties on both sides', () => {
    expect(kendallTau(x, y)).toBeCloseTo(0.5954068852869262, 14)
  })

  it('is the count over all pairs, one by one', () => {
    fc.assert(
      fc.property(someValues, fc.infiniteStream(fc.integer({ min: 0, max: 4 })), (first, stream) => {
        const second = first.map(() => stream.next().value as number)
        let [signed, inFirst, inSecond] = [0, 0, 0]
        first.forEach((_, i) => {
          for (let j = 0; j < i; j++) {
            const dx = Math.sign((first[i] as number) - (first[j] as number))
            const dy = Math.sign((second[i] as number) - (second[j] as number))
            signed += dx * dy
            inFirst += dx * dx
            inSecond += dy * dy
          }
        })
        const expected = signed / Math.sqrt(inFirst * inSecond)
        const found = kendallTau(first, second)
        expect(Number.isNaN(expected) ? Number.isNaN(found) : Math.abs(found - expected) < 1e-12).toBe(true)
      }),
    )
  })

  it('rejects unequal lengths, single values and NaN', () => {
    expect(() => kendallTau([1, 2], [1])).toThrow('there are 2 and 1 values')
    expect(() => kendallTau([1], [1])).toThrow('expected at least 2')
    expect(() => kendallTau([1, Number.NaN], [1, 2])).toThrow('value 1 is NaN')
  })
})

describe('spearman and pearson', () => {
  it('give what SciPy 1.17 gives', () => {
    expect(spearman(x, y)).toBeCloseTo(0.7275855630327903, 14)
    expect(pearson(x, y)).toBeCloseTo(0.8017837257372732, 14)
  })

  it('share the places of equal values', () => {
    expect([...midranks([10, 30, 10, 20, 10])]).toEqual([2, 5, 2, 4, 2])
  })

  it('do not change under a rising transformation, and turn sign under a falling one', () => {
    expect(spearman(x.map(Math.exp), y)).toBeCloseTo(spearman(x, y), 14)
    expect(
      spearman(
        x.map((value) => -value),
        y,
      ),
    ).toBeCloseTo(-spearman(x, y), 14)
  })
})

describe('accuracy', () => {
  it('is the share of equal entries', () => {
    expect(accuracy([1, 0, 1, 1], [1, 1, 1, 0])).toBe(0.5)
    expect(() => accuracy([], [])).toThrow('expected at least 1')
  })

  it('of pairs counts ties only where asked to', () => {
    // Decided: .9 right, .5 half, .2 wrong → 1.5 of 3. With ties, margin .05: .9 and the tie at .52 right → 2 of 5.
    expect(pairAccuracy([0.9, 0.5, 0.2, 0.52, 0.7], [1, 0, 1, 0.5, 0.5])).toEqual({ decided: 0.5, withTies: 0.4 })
    expect(() => pairAccuracy([0.5], [0.3])).toThrow('outcome 0 is 0.3')
  })
})
