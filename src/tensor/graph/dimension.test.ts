import { describe, expect, it } from 'vitest'
import {
  addDims,
  bindDim,
  dimension,
  divideDims,
  elementCount,
  formatShape,
  multiplyDims,
  namesOf,
  subtractDims,
} from './dimension.ts'

describe('sizes', () => {
  it('have one written form whatever order they were put together in', () => {
    expect(addDims('b', 'a')).toBe('a+b')
    expect(addDims(1, 'a')).toBe('a+1')
    expect(multiplyDims('b', multiplyDims(2, 'a'))).toBe('2*a*b')
    expect(multiplyDims('b', addDims('a', 3))).toBe('a*b+3*b')
    expect(subtractDims('a', 'a')).toBe(0)
    expect(subtractDims(addDims('a', 5), 'a')).toBe(5)
    expect(dimension('past+new')).toBe('new+past')
    expect(elementCount(['n', 2, 'n', 3])).toBe('6*n*n')
  })

  it('divide exactly or not at all', () => {
    expect(divideDims('6*n*m', 'n')).toBe('6*m')
    expect(divideDims('6*n', '3*n')).toBe(2)
    expect(divideDims('n', 2)).toBeUndefined()
    expect(divideDims(7, 2)).toBeUndefined()
    expect(divideDims('4*n+2', 2)).toBe('2*n+1')
    expect(divideDims('n', 'n+1')).toBeUndefined()
  })

  it('take values for their names', () => {
    expect(
      bindDim(
        '2*a*b+c-1',
        new Map([
          ['a', 3],
          ['b', 4],
          ['c', 5],
        ]),
      ),
    ).toBe(28)
    expect(bindDim('a*b', new Map([['a', 3]]))).toBe('3*b')
    expect(namesOf('2*a*b+a')).toEqual(['a', 'b'])
    expect(formatShape(['batch', 64])).toBe('[batch, 64]')
  })
})
