import { expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { compile, spec } from '../../tensor/index.ts'
import { coInterests, initCoInterest } from './co-interest.ts'

const [width, batch] = [4, 4]
const random = seeded(5)
const draw = (count: number): Float32Array =>
  Float32Array.from({ length: batch * count * width }, () => random.normal())
const [short, long] = [draw(2), draw(3)]
// Both pasts, the recent one alone, the long one alone, and none.
const [hasShort, hasLong] = [Float32Array.of(1, 1, 0, 0), Float32Array.of(1, 0, 1, 0)]

/** As after some training: attention adds nothing at the start. */
function trained() {
  const parameters = initCoInterest(seeded(2), width)
  for (const { output } of [parameters.toLong, parameters.toShort])
    for (let at = 0; at < width * width; at++) (output.weight.data as Float32Array)[at] = random.normal()
  return parameters
}
const parameters = trained()

async function found(given: { readonly short: Float32Array; readonly long: Float32Array }) {
  const graph = await compile(
    ({ s, l, a, b }, held) => {
      const { vectors, valid, gates } = coInterests(held, s, l, a, b)
      return { vectors, valid, gates }
    },
    {
      inputs: { s: spec([batch, 2, width]), l: spec([batch, 3, width]), a: spec([batch]), b: spec([batch]) },
      parameters,
    },
  )
  const { vectors, valid, gates } = await graph({ s: given.short, l: given.long, a: hasShort, b: hasLong })
  await graph.dispose()
  const row = (data: ArrayLike<number>, at: number): number[] =>
    Array.from({ length: data.length / batch }, (_, column) => data[(at * data.length) / batch + column] ?? 0)
  return {
    vectors: (at: number) => row(vectors.data as Float32Array, at),
    valid: (at: number) => row(valid.data as Float32Array, at),
    gates: (at: number) => row(gates.data as Float32Array, at),
  }
}

it('keeps fused interests and all long ones, as far as there is a past for them', async () => {
  const { valid, gates } = await found({ short, long })
  expect([0, 1, 2, 3].map(valid)).toEqual([
    [1, 1, 1, 1, 1],
    [1, 1, 0, 0, 0],
    [1, 1, 1, 1, 1],
    [0, 0, 0, 0, 0],
  ])
  for (const gate of gates(0)) {
    expect(gate).toBeGreaterThan(0)
    expect(gate).toBeLessThan(1)
  }
  // α = 1 without a long past, 0 without a recent one.
  expect(gates(1)).toEqual([1, 1])
  expect(gates(2)).toEqual([0, 0])
})

it('lets a past that is empty take no part', async () => {
  const before = await found({ short, long })
  const other = await found({
    short: short.map((x, at) => (at >= 16 && at < 24 ? x + 3 : x)),
    long: long.map((x, at) => (at >= 12 && at < 24 ? x - 5 : x)),
  })
  // Row 1 has no long past, row 2 no recent one: what stands there changes nothing that counts.
  expect(other.vectors(1).slice(0, 8)).toEqual(before.vectors(1).slice(0, 8))
  expect(other.vectors(2).slice(8)).toEqual(before.vectors(2).slice(8))
  // A fused interest without a recent past is one of the long ones.
  const threes = [8, 12, 16].map((from) => before.vectors(2).slice(from, from + 4))
  for (const from of [0, 4]) expect(threes).toContainEqual(before.vectors(2).slice(from, from + 4))
  expect(other.vectors(0)).toEqual(before.vectors(0))
})

it('fuses each recent interest with the long one of the largest cosine', async () => {
  const { vectors, gates } = await found({ short, long })
  // Without a long past the fused interest is the recent one told of nothing; with one, the gate mixes two told ones.
  const [fused, told] = [vectors(0).slice(0, 8), vectors(0).slice(8)]
  for (const k of [0, 1]) {
    const alpha = gates(0)[k] ?? 0
    const recents = [0, 1, 2].map((l) =>
      fused.slice(k * 4, k * 4 + 4).map((x, at) => (x - (1 - alpha) * (told[l * 4 + at] ?? 0)) / alpha),
    )
    // I'_s is a layer norm at the start: of mean 0 and variance 1. Only the true partner gives that back.
    const normal = recents.map((x) => {
      const mean = x.reduce((sum, y) => sum + y, 0) / 4
      return Math.abs(x.reduce((sum, y) => sum + (y - mean) ** 2, 0) / 4 - 1) < 1e-3
    })
    expect(normal.filter(Boolean)).toHaveLength(1)
    const own = recents[normal.indexOf(true)] ?? []
    const cosine = (l: number): number => own.reduce((sum, x, at) => sum + x * (told[l * 4 + at] ?? 0), 0)
    // Layer norms are equally long, so products are in the order of cosines.
    expect(normal.indexOf(true)).toBe([0, 1, 2].reduce((best, l) => (cosine(l) > cosine(best) ? l : best), 0))
  }
})
