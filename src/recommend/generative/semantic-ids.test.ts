import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { latentSemantics } from '../../learn/index.ts'
import { seeded, startRun } from '../../run/index.ts'
import { value, writeSafetensors } from '../../tensor/index.ts'
import { childOf, codeTrie, itemOfCodes } from './code-trie.ts'
import { residualIds, rqVaeIds } from './item-quantizer.ts'
import { collaborativeVectors, joinVectors, textVectors } from './item-vectors.ts'
import { codesOf, loadSemanticIds, saveSemanticIds, semanticIds } from './semantic-ids.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-ids-'))

/** Six groups of points far apart, `each` in each, in two rows of three, 20 from each other, deviation 1. */
function groups(count: number, each: number, seed: string): { data: Float32Array; width: number } {
  const random = seeded(seed)
  const data = Array.from({ length: count * each }, (_, item) =>
    [20 * ((item % count) % 3), 20 * Math.floor((item % count) / 3)].map((c) => c + random.normal()),
  )
  return { data: Float32Array.from(data.flat()), width: 2 }
}

describe('semanticIds', () => {
  it('numbers items that share their codes, and leaves ids alone that are different', () => {
    expect(semanticIds([0, 1, 1, 0], [2, 2])).toEqual({
      items: 2,
      sizes: [2, 2],
      codes: Int32Array.of(0, 1, 1, 0),
      disambiguated: false,
    })
    const told = semanticIds([0, 1, 1, 0, 0, 1, 0, 1], [2, 2])
    expect(told.sizes).toEqual([2, 2, 3])
    expect([...told.codes]).toEqual([0, 1, 0, 1, 0, 0, 0, 1, 1, 0, 1, 2])
    expect(told.disambiguated).toBe(true)
    expect([...codesOf(told, 3)]).toEqual([0, 1, 2])
  })

  it('says what is wrong', () => {
    expect(() => semanticIds([0, 2], [2, 2])).toThrow(
      'item 0 has code 2 at level 1, expected a whole number from 0 to 1',
    )
    expect(() => semanticIds([0, 0, 0, 0, 0, 0], [2, 2], { mostAlike: 2 })).toThrow('3 items share all their codes')
    expect(() => semanticIds([0, 1, 1], [2, 2])).toThrow('3 codes do not make items of 2 levels')
    expect(() => codesOf(semanticIds([0, 1], [2]), 2)).toThrow('there is no item 2')
  })

  it('is the same when it is loaded again', async () => {
    const ids = semanticIds([0, 1, 1, 0, 0, 1], [2, 2])
    const path = join(folder, 'ids.safetensors')
    await saveSemanticIds(path, ids)
    expect(await loadSemanticIds(path)).toEqual(ids)
    const other = join(folder, 'other.safetensors')
    await writeSafetensors(other, { codes: value(Int32Array.of(1)) })
    await expect(loadSemanticIds(other)).rejects.toThrow('holds no semantic ids')
  })
})

describe('codeTrie', () => {
  it('finds every item by its codes and nothing else', () => {
    const random = seeded('trie')
    const ids = semanticIds(
      Array.from({ length: 300 }, () => random.integer(5)),
      [5, 5, 5],
    )
    const trie = codeTrie(ids)
    const known = new Map(Array.from({ length: ids.items }, (_, item) => [codesOf(ids, item).join(), item]))
    const [a = 0, b = 0, c = 0, d = 1] = ids.sizes
    for (let at = 0; at < a * b * c * d; at++) {
      const codes = [at % a, Math.floor(at / a) % b, Math.floor(at / (a * b)) % c, Math.floor(at / (a * b * c))].slice(
        0,
        ids.sizes.length,
      )
      expect(itemOfCodes(trie, codes)).toBe(known.get(codes.join()) ?? -1)
    }
    expect(trie.below[0]).toBe(100)
    // Whatever a node has below it is what its children have.
    for (let node = 0; node < trie.code.length; node++) {
      let below = 0
      for (let child = trie.firstChild[node] as number; child < (trie.firstChild[node + 1] as number); child++)
        below += trie.below[child] as number
      expect(trie.item[node] === -1 ? below : 1).toBe(trie.below[node])
    }
  })

  it('is written down for four items', () => {
    const trie = codeTrie(semanticIds([1, 0, 0, 1, 1, 2, 0, 0], [2, 3]))
    expect([...trie.code]).toEqual([-1, 0, 1, 0, 1, 0, 2])
    expect([...trie.firstChild]).toEqual([1, 3, 5, 7, 7, 7, 7, 7])
    expect([...trie.below]).toEqual([4, 2, 2, 1, 1, 1, 1])
    expect([...trie.item]).toEqual([-1, -1, -1, 3, 1, 0, 2])
    expect([...trie.paths]).toEqual([2, 5, 1, 4, 2, 6, 1, 3])
    expect(childOf(trie, 0, 1)).toBe(2)
    expect(childOf(trie, 2, 1)).toBe(-1)
    expect(itemOfCodes(trie, [1])).toBe(-1)
  })

  it('refuses equal ids', () => {
    expect(() => codeTrie({ items: 2, sizes: [2], codes: Int32Array.of(1, 1), disambiguated: false })).toThrow(
      'items 0 and 1 have the same codes, 1',
    )
  })
})

describe('quantising items', () => {
  it('gives groups the first code each, of equal use when balanced', async () => {
    const vectors = groups(6, 8, 'six')
    const made = residualIds(vectors, { levels: 2, codes: 6 }, seeded(5))
    const uses = new Int32Array(6)
    for (let item = 0; item < 48; item++) (uses[codesOf(made.ids, item)[0] as number] as number) += 1
    expect([...uses]).toEqual([8, 8, 8, 8, 8, 8])
    const plain = residualIds(vectors, { levels: 2, codes: 6, clustering: 'k-means' }, seeded(5))
    for (let item = 0; item < 48; item++) expect(codesOf(plain.ids, item)[0]).toBe(codesOf(plain.ids, item % 6)[0])
    expect(plain.left).toBeLessThan(0.001)
    // What plain k-means assigned is the nearest, so that a known item encodes to its own codes.
    const again = await plain.encode(vectors)
    for (let item = 0; item < 48; item++)
      expect([...again.subarray(item * 2, item * 2 + 2)]).toEqual([...codesOf(plain.ids, item).subarray(0, 2)])
    await expect(plain.encode({ data: new Float32Array(3), width: 3 })).rejects.toThrow('width 3, expected 2')
  })

  it('gives groups their first code by an autoencoder too, the same each time', async () => {
    const vectors = groups(6, 10, 'six')
    const options = { levels: 2, codes: 6, hidden: [16], latent: 4, batchSize: 60 }
    const run = (name: string) => startRun({ seed: 3, folder: join(folder, name) })
    const made = await rqVaeIds(vectors, { ...options, epochs: 150 }, run('long'))
    for (let item = 0; item < 60; item++) expect(codesOf(made.ids, item)[0]).toBe(codesOf(made.ids, item % 6)[0])
    expect([...(await made.encode(vectors)).subarray(0, 2)]).toEqual([...codesOf(made.ids, 0).subarray(0, 2)])
    const again = await rqVaeIds(vectors, { ...options, epochs: 150 }, run('again'))
    expect(again.ids).toEqual(made.ids)
  })

  it('takes vectors from texts, from histories, and from both', async () => {
    const texts = ['red wool hat', 'red wool scarf', 'steel drill bit', 'steel saw blade']
    const text = await textVectors(texts, latentSemantics(texts, { width: 3 }, seeded(1)))
    const near = (v: { data: Float32Array; width: number }, a: number, b: number): number => {
      let sum = 0
      for (let k = 0; k < v.width; k++) sum += (v.data[a * v.width + k] as number) * (v.data[b * v.width + k] as number)
      return sum
    }
    expect(near(text, 0, 1)).toBeGreaterThan(near(text, 0, 2) + 0.1)
    const sequences = { offsets: Uint32Array.of(0, 2, 4, 6, 8), items: Uint32Array.of(0, 1, 0, 1, 2, 3, 3, 2) }
    const taken = collaborativeVectors(sequences, 4, 2, seeded(1))
    // Rows (1, 1)/√2: inner products are numbers of shared histories over 2.
    expect(near(taken, 0, 1)).toBeCloseTo(1, 5)
    expect(near(taken, 0, 2)).toBeCloseTo(0, 5)
    const both = joinVectors([{ ...text, weight: 3 }, taken])
    expect(both.width).toBe(5)
    expect(both.data.reduce((sum, x) => sum + x * x, 0) / 4).toBeCloseTo(4, 5)
  })
})
