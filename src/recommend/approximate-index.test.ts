import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { value } from '../tensor/index.ts'
import {
  type ApproximateIndex,
  approximately,
  buildApproximateIndex,
  hasApproximateIndex,
  loadApproximateIndex,
} from './approximate-index.ts'
import type { Recommendations, Recommender } from './contract.ts'
import { recommender } from './recommender.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-index-'))
afterAll(() => rmSync(folder, { recursive: true }))

const [users, items, width] = [60, 3_000, 16]
const random = seeded('approximate')
const around = (centre: Float32Array, spread: number) => centre.map((number) => number + spread * random.normal())
const centres = Array.from({ length: 12 }, () => Float32Array.from({ length: width }, () => random.normal()))
const rowsOf = (count: number) => {
  const rows = new Float32Array(count * width)
  for (let row = 0; row < count; row++)
    rows.set(around(centres[random.integer(12)] ?? new Float32Array(width), 0.6), row * width)
  return rows
}
const vectors = rowsOf(items)
const queries = rowsOf(users)
// User 0 has taken nothing, the others five items each.
const seen = {
  offsets: Uint32Array.from({ length: users + 1 }, (_, user) => Math.max(0, 5 * (user - 1))),
  columns: Uint32Array.from({ length: 5 * (users - 1) }, (_, at) => (at % 5) * 7 + Math.floor(at / 5)),
}
const model: Recommender = recommender({
  kind: 'fixed',
  items,
  seen,
  scoring: {
    form: 'vectors',
    vectors,
    items,
    width,
    queries: (audience) =>
      'users' in audience
        ? Float32Array.from(
            Array.from(audience.users).flatMap((user) => [...queries.subarray(user * width, (user + 1) * width)]),
          )
        : Float32Array.from(audience.histories.flatMap(() => [...queries.subarray(width, 2 * width)])),
  },
  tensors: { vectors: value(vectors) },
  metadata: {},
})
const all = { users: Array.from({ length: users }, (_, user) => user) }

function share(found: Recommendations, exact: Recommendations): number {
  let same = 0
  for (let row = 0; row < exact.rows; row++) {
    const own = new Set(exact.items.subarray(row * exact.count, (row + 1) * exact.count))
    for (const item of found.items.subarray(row * exact.count, (row + 1) * exact.count)) if (own.has(item)) same++
  }
  return same / exact.items.length
}

let index: ApproximateIndex
let quick: Recommender
beforeAll(async () => {
  index = await buildApproximateIndex({ vectors, items, width }, { threads: 1 })
  quick = approximately(model, index)
})
afterAll(() => model.dispose())

describe('an approximate index', () => {
  it('is there on this machine', async () => {
    expect(await hasApproximateIndex()).toBe(true)
  })

  it('finds nearly what a search of all finds, with the same scores', async () => {
    const [exact, found] = [await model.recommend(all), await quick.recommend(all)]
    expect(share(found, exact)).toBeGreaterThan(0.95)
    for (let at = 0; at < found.items.length; at++) {
      const place = exact.items.indexOf(found.items[at] ?? -1, Math.floor(at / 20) * 20)
      if (place >= 0 && place < (Math.floor(at / 20) + 1) * 20)
        expect(found.scores[at]).toBeCloseTo(exact.scores[place] ?? 0, 4)
    }
    for (let row = 0; row < users; row++) {
      const scores = [...found.scores.subarray(row * 20, (row + 1) * 20)]
      expect(scores).toEqual(scores.toSorted((a, b) => b - a))
    }
  })

  it('gives someone of whom nothing is known what most took', async () => {
    const [exact, found] = [await model.recommend({ users: [0] }), await quick.recommend({ users: [0] })]
    expect([...found.items]).toEqual([...exact.items])
  })

  it('never gives what is excluded or filtered out, and fills the list all the same', async () => {
    const first = await model.recommend(all, { count: 50 })
    const lists = (row: number) => first.items.subarray(row * 50, (row + 1) * 50)
    const options = { count: 20, exclude: lists, filter: (item: number) => item % 3 === 0 }
    const [exact, found] = [await model.recommend(all, options), await quick.recommend(all, options)]
    for (let row = 0; row < users; row++)
      for (const item of found.items.subarray(row * 20, (row + 1) * 20)) {
        expect(item % 3).toBe(0)
        expect(lists(row)).not.toContain(item)
      }
    expect(share(found, exact)).toBeGreaterThan(0.9)
  })

  it('is passed by where a filter lets few through', async () => {
    const options = { count: 20, filter: (item: number) => item < 30 }
    const [exact, found] = [await model.recommend(all, options), await quick.recommend(all, options)]
    expect([...found.items]).toEqual([...exact.items])
    const one = { count: 5, filter: (item: number) => item === 17 }
    expect([...(await quick.recommend({ users: [1] }, one)).items]).toEqual([17, -1, -1, -1, -1])
  })

  it('is saved and read', async () => {
    const path = join(folder, 'items.usearch')
    index.save(path)
    const read = approximately(model, await loadApproximateIndex(path, { items, width }))
    expect(await read.recommend(all)).toEqual(await quick.recommend(all))
    await expect(loadApproximateIndex(path, { items: items + 1, width })).rejects.toThrow(
      'has 3000 items of width 16, expected 3001 of width 16',
    )
  })

  it('is refused where it does not fit', () => {
    const { vectors: _, ...without } = model
    expect(() => approximately(without, index)).toThrow('"fixed" has no vectors')
    expect(() => approximately(model, { ...index, items: 7 })).toThrow('the index has 7 items, expected 3000')
  })
})
