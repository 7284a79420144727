import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extendIds, idsOf, idTable, positionIds, unpackIds } from './id-map.ts'

describe('ids', () => {
  it('number any texts as they come, and find each again', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), { maxLength: 300 }),
        (texts) => {
          const table = idsOf(texts)
          expect(texts.map((text) => table.find(text))).toEqual(texts.map((_, at) => at))
          expect(texts.map((_, at) => table.id(at))).toEqual(texts)
          expect(table.find('never met by chance, being long')).toBeUndefined()
          const { bytes, ends } = table.packed()
          expect(texts.map((text) => unpackIds(bytes, ends).find(text))).toEqual(texts.map((_, at) => at))
        },
      ),
    )
  })

  it('tell texts apart that look like one number', () => {
    const table = idTable()
    expect(['7', '07', ' 7', '7.0', '+7', '７'].map((text) => table.addText(text))).toEqual([0, 1, 2, 3, 4, 5])
    expect(table.addText('07')).toBe(1)
  })

  it('keep numbers through many thousands of ids', () => {
    const table = idTable()
    for (let n = 0; n < 50_000; n++) expect(table.addText(`user-${n * 7919}`)).toBe(n)
    expect(table.find('user-7919')).toBe(1)
    expect(table.id(49_999)).toBe(`user-${49_999 * 7919}`)
  })

  it('refuse the empty id, too long ones and broken text', () => {
    const table = idTable()
    expect(() => table.addText('')).toThrow('an id has 0 bytes, expected from 1 to 500')
    expect(() => table.addText('x'.repeat(501))).toThrow('an id has 501 bytes')
    expect(() => table.addText('\ud800')).toThrow('half of a surrogate pair')
    expect(() => idsOf(['a', 'b', 'a'])).toThrow('the id "a" comes twice')
    expect(() => table.id(0)).toThrow('there is no id 0')
  })

  it('of positions are counted, not kept', () => {
    const map = positionIds(3, 1)
    expect([map.id(0), map.id(2), map.find('1'), map.find('3')]).toEqual(['1', '3', 0, 2])
    expect(['0', '4', '01', 'x', ''].map((id) => map.find(id))).toEqual(Array(5).fill(undefined))
    const more = extendIds(map)
    expect([more.addText('2'), more.addText('new'), map.size]).toEqual([1, 3, 3])
  })
})
