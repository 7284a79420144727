import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, type Json } from '../run/index.ts'
import { sameJson } from './same.ts'

describe('sameJson', () => {
  it('is equality of canonical JSON', () => {
    // Few leaves and keys, so that equal values are met often.
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(null, 0, -0, 1, '', '0', true, 'a'),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'constructor'), fc.option(tie('value'), { nil: undefined, freq: 3 }), {
          maxKeys: 2,
        }),
      ),
    }))
    let equal = 0
    fc.assert(
      fc.property(value, value, (left, right) => {
        const same = canonicalJson(left as Json) === canonicalJson(right as Json)
        if (same) equal++
        expect(sameJson(left, right)).toBe(same)
        expect(sameJson(left, structuredClone(left))).toBe(true)
      }),
      { seed: 1, numRuns: 5_000 },
    )
    expect(equal).toBeGreaterThan(100)
  })

  it('takes an undefined member for an absent one and an array for no object', () => {
    expect(sameJson({ a: undefined }, {})).toBe(true)
    expect(sameJson({}, { a: undefined })).toBe(true)
    expect(sameJson({ a: undefined }, { b: 1 })).toBe(false)
    expect(sameJson([], {})).toBe(false)
    expect(sameJson([1, 2], [2, 1])).toBe(false)
    expect(sameJson({}, null)).toBe(false)
  })
})
