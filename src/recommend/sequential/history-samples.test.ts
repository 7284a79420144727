import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { interactionLog } from '../interactions/interaction-log.ts'
import { holdsPair, interactionSet } from '../interactions/interaction-set.ts'
import { sequencesOf } from '../interactions/sequences.ts'
import { type HistorySampleOptions, type HistorySamples, historySamples } from './history-samples.ts'

// User 0 took four items, user 1 six with a repeat, user 2 one, user 3 two, user 4 everything.
const histories = [[3, 1, 4, 5], [9, 2, 6, 5, 9, 8], [7], [0, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]
const log = interactionLog({
  users: histories.flatMap((history, user) => history.map(() => user)),
  items: histories.flat(),
})
const [seen, sequences] = [interactionSet(log), sequencesOf(log)]
const standard: HistorySampleOptions = { items: 10, length: 4, seen, targets: 'every', negatives: 2, layout: 'packed' }

async function batches(options: Partial<HistorySampleOptions>, batchSize: number, seed = 1): Promise<HistorySamples[]> {
  const stream = historySamples(sequences, { ...standard, ...options })
  const made: HistorySamples[] = []
  for await (const piece of stream.pieces(seeded(seed), batchSize)) {
    const examples = await piece.open()
    for (let from = 0; from < piece.count; from += batchSize)
      made.push(
        await examples.batch(
          Uint32Array.from({ length: Math.min(batchSize, piece.count - from) }, (_, at) => from + at),
        ),
      )
  }
  return made
}

/** What a batch asks: each history (ids less 1) with its target and its places. */
function asked({ ids, at, targets, segments, places }: HistorySamples) {
  const [, width = 0] = ids.shape
  return Array.from({ length: at.data.length }, (_, target) => {
    const here = Number(at.data[target])
    const row = here - (here % width)
    const own = Array.from({ length: here - row + 1 }, (_, step) => row + step).filter(
      (other) => segments.data[other] === segments.data[here],
    )
    return {
      history: own.map((other) => Number(ids.data[other]) - 1),
      places: own.map((other) => Number(places.data[other])),
      target: Number(targets.data[target]) - 1,
    }
  }).sort((a, b) => a.history.length - b.history.length || (a.history[0] ?? 0) - (b.history[0] ?? 0))
}

describe('samples of histories', () => {
  it('ask every next item of those who took two or more and left some, from what came last before it', async () => {
    const stream = historySamples(sequences, standard)
    expect(stream.count).toBe(3)
    const [batch] = await batches({}, 3)
    if (!batch) throw new Error('no batch')
    // User 1's first item is further back than the length reaches.
    expect(asked(batch)).toEqual([
      { history: [0], target: 2, places: [3] },
      { history: [2], target: 6, places: [0] },
      { history: [3], target: 1, places: [1] },
      { history: [2, 6], target: 5, places: [0, 1] },
      { history: [3, 1], target: 4, places: [1, 2] },
      { history: [2, 6, 5], target: 9, places: [0, 1, 2] },
      { history: [3, 1, 4], target: 5, places: [1, 2, 3] },
      { history: [2, 6, 5, 9], target: 8, places: [0, 1, 2, 3] },
    ])
    // 4 + 3 + 1 items fill two rows of four exactly.
    expect(batch.ids.shape).toEqual([2, 4])
    expect(batch.negatives.shape).toEqual([8, 2])
  })

  it('ask the same without packing, in rows as long as the batch or the network', async () => {
    const [packed] = await batches({}, 3)
    for (const layout of ['rows', 'whole'] as const) {
      const [batch] = await batches({ layout }, 3)
      if (!batch || !packed) throw new Error('no batch')
      expect(batch.ids.shape).toEqual([3, 4])
      expect(asked(batch)).toEqual(asked(packed))
    }
    const [short] = await batches({ layout: 'rows', length: 9 }, 1)
    expect(short?.ids.shape).toEqual([1, short?.at.shape[0]])
  })

  it('draw one item of each history, not its first, at a row’s end', async () => {
    const targets = new Set<string>()
    for (let seed = 0; seed < 60; seed++)
      for (const batch of await batches({ targets: 'one', layout: 'rows' }, 3, seed)) {
        const [rows = 0, width = 0] = batch.ids.shape
        expect([...batch.at.data]).toEqual(Array.from({ length: rows }, (_, row) => (row + 1) * width - 1))
        for (const { history, target } of asked(batch)) targets.add(`${history.join(' ')} → ${target}`)
      }
    expect([...targets].sort()).toEqual(
      [
        ...['0 → 2', '3 → 1', '3 1 → 4', '3 1 4 → 5'],
        ...['9 → 2', '9 2 → 6', '9 2 6 → 5', '9 2 6 5 → 9', '2 6 5 9 → 8'],
      ].sort(),
    )
  })

  it('draw negatives that their user never took, all of them alike', async () => {
    const counts = new Map<string, number>()
    for (let seed = 0; seed < 200; seed++)
      for (const { ids, negatives, targets } of await batches({ negatives: 5 }, 1, seed))
        for (let row = 0; row < targets.data.length; row++) {
          const last = Number(ids.data.at(-1)) - 1
          const user = last === 0 ? 3 : last === 4 ? 0 : 1
          for (let draw = 0; draw < 5; draw++) {
            const item = Number(negatives.data[row * 5 + draw]) - 1
            expect(holdsPair(seen, user, item)).toBe(false)
            counts.set(`${user} ${item}`, (counts.get(`${user} ${item}`) ?? 0) + 1)
          }
        }
    // User 0 left six items: 200 passes · 3 targets · 5 draws among them.
    for (const item of [0, 2, 6, 7, 8, 9]) expect(counts.get(`0 ${item}`)).toBeGreaterThan(430)
  })

  it('are the same for the same random numbers, from any batch on, and others in another pass', async () => {
    expect(await batches({}, 1)).toEqual(await batches({}, 1))
    expect(await batches({}, 1)).not.toEqual(await batches({}, 1, 2))
    const stream = historySamples(sequences, standard)
    for await (const piece of stream.pieces(seeded(1), 1)) {
      const last = await (await piece.open()).batch(Uint32Array.of(2))
      expect(last).toEqual((await batches({}, 1))[2])
    }
  })

  it('put histories of like length together', async () => {
    const long = interactionLog({
      users: Array.from({ length: 80 }, (_, user) => Array.from({ length: 2 + (user % 8) }, () => user)).flat(),
      items: Array.from({ length: 80 }, (_, user) => Array.from({ length: 2 + (user % 8) }, (_, at) => at)).flat(),
      itemCount: 12,
    })
    const stream = historySamples(sequencesOf(long), {
      ...standard,
      seen: interactionSet(long),
      items: 12,
      layout: 'rows',
      length: 9,
    })
    for await (const piece of stream.pieces(seeded(1), 10)) {
      const examples = await piece.open()
      const lengths = await Promise.all(
        Array.from({ length: 8 }, async (_, batch) => {
          const { ids } = await examples.batch(Uint32Array.from({ length: 10 }, (_, at) => batch * 10 + at))
          return ids.shape[1] ?? 0
        }),
      )
      expect(lengths.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
      expect(lengths).not.toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    }
  })

  it('need somebody to learn from', () => {
    const single = interactionLog({ users: [0, 1], items: [0, 1], itemCount: 3 })
    expect(() => historySamples(sequencesOf(single), { ...standard, seen: interactionSet(single) })).toThrow(
      'no user has taken two items',
    )
  })
})
