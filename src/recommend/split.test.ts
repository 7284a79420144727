import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { interactionLog } from './interactions/interaction-log.ts'
import { historyOf, type InteractionSet, interactionSet, itemsOf, pairUsers } from './interactions/interaction-set.ts'
import { sequenceOf, sequencesOf } from './interactions/sequences.ts'
import {
  coldItemSplit,
  coldUserSplit,
  historySplit,
  leaveOneOut,
  leaveOneOutSequences,
  randomSplit,
  type Split,
  temporalSplit,
} from './split.ts'

const pairs = (set: InteractionSet): string[] =>
  [...pairUsers(set)].map((user, at) => `${user} ${set.columns[at]}`).toSorted()

const log = fc
  .array(fc.record({ user: fc.nat(6), item: fc.nat(9), time: fc.nat(50) }), { minLength: 1, maxLength: 80 })
  .map((events) =>
    interactionLog({
      users: events.map(({ user }) => user),
      items: events.map(({ item }) => item),
      times: events.map(({ time }) => time),
      userCount: 7,
      itemCount: 10,
    }),
  )
const ways: readonly [string, (set: InteractionSet) => Split][] = [
  ['random', (set) => randomSplit(set, seeded(1), { test: 0.3, valid: 0.2 })],
  ['history', (set) => historySplit(set, { test: 0.3, valid: 0.2 })],
  ['leave one out', (set) => leaveOneOut(set)],
  ['temporal', (set) => temporalSplit(set, { untrained: 'keep' })],
  ['cold users', (set) => coldUserSplit(set, seeded(1), { portion: 0.5, known: 1 })],
  ['cold items', (set) => coldItemSplit(set, seeded(1), { untrained: 'keep' })],
]

describe('a split', () => {
  it.each(ways)('by %s has each pair in one part, and the same users and items', (_, split) => {
    fc.assert(
      fc.property(log, (made) => {
        const set = interactionSet(made)
        const { train, valid, test } = split(set)
        expect([...pairs(train), ...pairs(valid), ...pairs(test)].toSorted()).toEqual(pairs(set))
        expect([train.users, valid.users, test.users, test.items]).toEqual([7, 7, 7, 10])
      }),
    )
  })

  it.each(ways.slice(0, 3))('by %s leaves every user something to train on', (_, split) => {
    fc.assert(
      fc.property(log, (made) => {
        const set = interactionSet(made)
        const { train, untrained, removed } = split(set)
        for (let user = 0; user < 7; user++)
          if (itemsOf(set, user).length > 0) expect(itemsOf(train, user).length).toBeGreaterThan(0)
        expect([untrained.length, removed]).toEqual([0, 0])
      }),
    )
  })

  const set = interactionSet(
    interactionLog({
      users: [0, 0, 0, 0, 0, 1, 1, 2, 2, 2],
      items: [9, 3, 5, 1, 7, 4, 2, 6, 8, 0],
      times: [50, 10, 30, 40, 20, 90, 80, 95, 96, 97],
    }),
  )

  it('by random takes a rounded share of each user and is the same for a seed', () => {
    const { train, valid, test } = randomSplit(set, seeded(3), { test: 0.4, valid: 0.2 })
    const sizes = (part: InteractionSet) => [0, 1, 2].map((user) => itemsOf(part, user).length)
    expect([sizes(train), sizes(valid), sizes(test)]).toEqual([
      [2, 1, 1],
      [1, 0, 1],
      [2, 1, 1],
    ])
    expect(pairs(randomSplit(set, seeded(3), { test: 0.4, valid: 0.2 }).test)).toEqual(pairs(test))
    const drawn = Array.from({ length: 400 }, (_, seed) => itemsOf(randomSplit(set, seeded(seed)).test, 0)[0])
    // One of five items each time, every item 80 times in 400, give or take 4.5 standard deviations of 8.
    for (const item of [1, 3, 5, 7, 9])
      expect(Math.abs(drawn.filter((one) => one === item).length - 80)).toBeLessThan(36)
  })

  it('by history holds out what came last', () => {
    const { train, valid, test } = historySplit(set, { test: 0.4, valid: 0.2 })
    expect([[...historyOf(train, 0)], [...historyOf(valid, 0)], [...historyOf(test, 0)]]).toEqual([[3, 7], [5], [1, 9]])
  })

  it('by leaving one out tests the last item, and not the users with too few', () => {
    const { train, valid, test } = leaveOneOut(set)
    expect([0, 1, 2].map((user) => [...historyOf(test, user)])).toEqual([[9], [], [0]])
    expect([0, 1, 2].map((user) => [...historyOf(valid, user)])).toEqual([[1], [], [8]])
    expect([0, 1, 2].map((user) => [...historyOf(train, user)])).toEqual([[3, 7, 5], [2, 4], [6]])
    expect([...historyOf(leaveOneOut(set, { valid: false }).test, 1)]).toEqual([4])
  })

  it('of sequences holds repeats out too', () => {
    const sequences = sequencesOf(interactionLog({ users: [0, 0, 0, 0, 1, 1], items: [5, 2, 5, 5, 1, 2] }))
    const { train, valid, test } = leaveOneOutSequences(sequences)
    expect([[...sequenceOf(train, 0)], [...sequenceOf(train, 1)]]).toEqual([
      [5, 2],
      [1, 2],
    ])
    expect([[...valid], [...test]]).toEqual([
      [5, -1],
      [5, -1],
    ])
  })

  it('by time removes or keeps users who came too late to train on, and says so', () => {
    const dropped = temporalSplit(set, { from: 85 })
    expect([pairs(dropped.train).length, pairs(dropped.test), dropped.removed]).toEqual([6, ['1 4'], 3])
    const kept = temporalSplit(set, { from: 85, untrained: 'keep' })
    expect([pairs(kept.test), [...kept.untrained], kept.removed]).toEqual([['1 4', '2 0', '2 6', '2 8'], [2], 0])
    expect(pairs(temporalSplit(set, { share: 0.3, untrained: 'keep' }).test)).toEqual(['2 0', '2 6', '2 8'])
    const early = temporalSplit(set, { from: 85, validFrom: 45 })
    expect([pairs(early.valid), pairs(early.test), early.removed]).toEqual([['0 9'], [], 5])
    expect(() => temporalSplit({ ...set, ...{ times: undefined } } as never)).toThrow('have no times')
    expect(() => temporalSplit(set, { from: 5, validFrom: 6 })).toThrow('validFrom is 6, expected at most 5')
  })

  it('by cold users tells the first items of some users and tests the others', () => {
    const { train, valid, test, untrained } = coldUserSplit(set, seeded(2), { portion: 0.67, known: 2 })
    expect(untrained.length).toBeGreaterThan(0)
    for (const user of untrained) {
      expect(itemsOf(train, user).length).toBe(0)
      expect([...historyOf(valid, user)]).toEqual([...historyOf(set, user)].slice(0, 2))
      expect([...historyOf(test, user)]).toEqual([...historyOf(set, user)].slice(2))
    }
  })

  it('by cold items holds whole items out', () => {
    const { train, test } = coldItemSplit(set, seeded(2), { portion: 0.3, untrained: 'keep' })
    expect(test.columns.length).toBe(3)
    expect([...test.columns].filter((item) => train.columns.includes(item))).toEqual([])
  })

  it('refuses shares that leave nothing', () => {
    expect(() => randomSplit(set, seeded(1), { test: 1 })).toThrow('test is 1, expected a share from 0 to below 1')
    expect(() => historySplit(set, { test: 0.5, valid: 0.5 })).toThrow('expected less than 1 together')
  })
})
