import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { candidate, type Signal, type SignalSource } from '../../collect/index.ts'
import { signalInteractions } from './from-signals.ts'
import { coreOf, filterLog, interactionLog } from './interaction-log.ts'
import {
  byItem,
  filterPairs,
  historyOf,
  holdsPair,
  interactionSet,
  itemCounts,
  itemsOf,
  pairUsers,
} from './interaction-set.ts'
import { readInteractions } from './read-interactions.ts'
import { loadInteractions, mapInteractions, saveInteractions } from './save.ts'
import { historiesOf, lastItems, sequenceOf, sequencesOf } from './sequences.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-interactions-'))
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('an interaction set', () => {
  // User 0 met item 2 at 30, then (in the file later, in time earlier) item 1 at 10, and item 2 again at 20.
  const log = interactionLog({
    users: [0, 0, 1, 0],
    items: [2, 1, 0, 2],
    values: [5, 3, 4, 1],
    times: [30, 10, 5, 20],
    userCount: 3,
    itemCount: 4,
  })

  it('has every pair once, histories in order of time whatever the order of the log', () => {
    const set = interactionSet(log)
    expect([...set.offsets]).toEqual([0, 2, 3, 3])
    expect([...set.columns]).toEqual([1, 2, 0])
    expect([...historyOf(set, 0)]).toEqual([1, 2])
    expect([...itemsOf(set, 2)]).toEqual([])
    expect([set.users, set.items]).toEqual([3, 4])
  })

  it('lets the last of duplicates stand by default, by time and not by line', () => {
    expect([...(interactionSet(log).values ?? [])]).toEqual([3, 5, 4])
    expect([...(interactionSet(log).times ?? [])]).toEqual([10, 30, 5])
  })

  it('lets the first stand, sums, or refuses, as asked', () => {
    expect([...(interactionSet(log, { duplicates: 'first' }).values ?? [])]).toEqual([3, 1, 4])
    expect([...(interactionSet(log, { duplicates: 'sum' }).values ?? [])]).toEqual([3, 6, 4])
    expect(() => interactionSet(log, { duplicates: 'refuse' })).toThrow('user "0" has item "2" 2 times, expected once')
    const counts = interactionSet(interactionLog({ users: [0, 0], items: [1, 1] }), { duplicates: 'sum' })
    expect([...(counts.values ?? [])]).toEqual([2])
  })

  it('keeps the order of the log where times are equal or absent', () => {
    const items = [5, 3, 9, 1]
    const users = [0, 0, 0, 0]
    expect([...historyOf(interactionSet(interactionLog({ users, items })), 0)]).toEqual(items)
    expect([...historyOf(interactionSet(interactionLog({ users, items, times: [7, 7, 7, 7] })), 0)]).toEqual(items)
  })

  it('agrees with plain maps on random logs', () => {
    const event = fc.record({ user: fc.nat(5), item: fc.nat(7), time: fc.nat(9) })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const made = interactionLog({
          users: events.map(({ user }) => user),
          items: events.map(({ item }) => item),
          times: events.map(({ time }) => time),
          userCount: 6,
          itemCount: 8,
        })
        const set = interactionSet(made)
        for (let user = 0; user < 6; user++) {
          const own = events.filter((one) => one.user === user).toSorted((a, b) => a.time - b.time)
          const history = own.map(({ item }) => item)
          expect([...sequenceOf(sequencesOf(made), user)]).toEqual(history)
          const last = history.filter((item, at) => !history.slice(at + 1).includes(item))
          expect([...historyOf(set, user)]).toEqual(last)
          expect([...sequenceOf(historiesOf(set), user)]).toEqual(last)
          expect([...itemsOf(set, user)]).toEqual(last.toSorted((a, b) => a - b))
          for (let item = 0; item < 8; item++) expect(holdsPair(set, user, item)).toBe(last.includes(item))
        }
        const columns = byItem(set)
        for (let item = 0; item < 8; item++)
          expect([...itemsOf(columns, item)]).toEqual(
            [...new Set(events.filter((one) => one.item === item).map(({ user }) => user))].toSorted((a, b) => a - b),
          )
        expect([...columns.entries].map((entry) => set.columns[entry])).toEqual([...pairUsers(columns)])
        expect([...itemCounts(set)].reduce((sum, count) => sum + count, 0)).toBe(set.columns.length)
        const odd = filterPairs(set, (entry) => (set.columns[entry] ?? 0) % 2 === 1)
        for (let user = 0; user < 6; user++)
          expect([...historyOf(odd, user)]).toEqual([...historyOf(set, user)].filter((item) => item % 2 === 1))
      }),
    )
  })

  it('says what is wrong with columns', () => {
    expect(() => interactionLog({ users: [0], items: [0, 1] })).toThrow('1 users and 2 items')
    expect(() => interactionLog({ users: [0, -1], items: [0, 1] })).toThrow('user 1 is -1')
    expect(() => interactionLog({ users: ['a', 1], items: [0, 1] })).toThrow('user 1 is 1, expected a text')
    expect(() => interactionLog({ users: [0], items: [5], itemCount: 5 })).toThrow('from 0 to 4')
    expect(() => interactionLog({ users: [0], items: [0], times: [Number.NaN] })).toThrow('time 0 is NaN')
  })

  it('is the core when small users and items are gone, again and again', () => {
    // Item c has one user; without it user z has one item left and goes too, then item b has one user.
    const core = coreOf(
      interactionLog({ users: ['x', 'x', 'y', 'y', 'z', 'z'], items: ['a', 'd', 'a', 'd', 'b', 'c'] }),
      {
        users: 2,
        items: 2,
      },
    )
    expect([core.userIds.size, core.itemIds.size, core.users.length]).toEqual([2, 2, 4])
    expect([core.userIds.id(1), core.itemIds.id(1)]).toEqual(['y', 'd'])
    expect(filterLog(core, (at) => at === 3).items).toEqual(Uint32Array.of(1))
  })
})

describe('reading files', () => {
  it('takes lists of a user and their items, in file order, gzipped, with and without a last newline', async () => {
    const path = file('lists.txt.gz', gzipSync('0 4 2\r\n1\n\n2 0  1 \n0 3'))
    const log = await readInteractions(path, { layout: 'lists', numberedFrom: 0, items: 6 })
    const set = interactionSet(log)
    expect([set.users, set.items]).toEqual([3, 6])
    expect([0, 1, 2].map((user) => [...historyOf(set, user)])).toEqual([[4, 2, 3], [], [0, 1]])
  })

  it('takes typed headers, and texts of any form as ids', async () => {
    const path = file(
      'typed.inter',
      'item_id:token\tuser_id:token\ttimestamp:float\trating:float\nä b\t007\t2\t4.5\nc\t7\t1.5\t3\n',
    )
    const log = await readInteractions(path)
    expect([log.userIds.id(0), log.userIds.id(1), log.itemIds.id(0)]).toEqual(['007', '7', 'ä b'])
    expect([...(log.values ?? [])]).toEqual([4.5, 3])
    expect([...(log.times ?? [])]).toEqual([2000, 1500])
  })

  it('takes CSV with quoted cells, "::" and files without a header', async () => {
    const csv = await readInteractions(file('a.csv', 'user,item,note\n"a,b",x,1\nc,"y",2\n'))
    expect([csv.userIds.id(0), csv.itemIds.id(1), csv.values]).toEqual(['a,b', 'y', undefined])
    const colons = await readInteractions(file('a.dat', '1::10::5::978300760\n'))
    expect([colons.itemIds.id(0), colons.values?.[0], colons.times?.[0]]).toEqual(['10', 5, 978300760000])
    const plain = await readInteractions(file('a.txt', '1\t5\t13\n2\t4\t9\n'), { numberedFrom: 1 })
    expect([plain.userIds.size, plain.itemIds.size, plain.items[0], plain.itemIds.id(4)]).toEqual([2, 5, 4, '5'])
    const labelled = await readInteractions(file('a.inter', 'userID\titemID\tx_label\n0\t1\t2\n'), {
      columns: { value: 'x_label' },
    })
    expect(labelled.values?.[0]).toBe(2)
  })

  it('takes JSON lists by position and by name', async () => {
    const lists = await readInteractions(file('a.json', '[[7, 2], [], [7]]'), { numberedFrom: 0 })
    expect([lists.userIds.size, [...lists.users], [...lists.items]]).toEqual([3, [0, 0, 2], [7, 2, 7]])
    const named = await readInteractions(file('b.json', '{"ann": ["tea"], "bob": ["jam", "tea"]}'))
    expect([named.userIds.find('bob'), [...named.items]]).toEqual([1, [0, 1, 0]])
    await expect(readInteractions(file('c.json', '[[1.5]]'))).rejects.toThrow('c.json')
    await expect(readInteractions(file('d.json', '[[1'))).rejects.toThrow('d.json is not JSON')
  })

  it('gives a second file the numbers of the first', async () => {
    const train = await readInteractions(file('train.tsv', 'u\ta\nv\tb\n'), { header: false })
    const path = file('test.tsv', 'v\ta\nw\tb\nu\tc\n')
    const more = await readInteractions(path, { header: false, userIds: train.userIds, itemIds: train.itemIds })
    expect([[...more.users], [...more.items], train.userIds.size]).toEqual([[1, 2, 0], [0, 1, 2], 2])
    const known = { header: false, userIds: train.userIds, itemIds: train.itemIds } as const
    const some = await readInteractions(path, { ...known, unknownIds: 'skip' })
    expect([[...some.users], [...some.items]]).toEqual([[1], [0]])
    await expect(readInteractions(path, { ...known, unknownIds: 'refuse' })).rejects.toThrow(
      'test.tsv, line 2: user "w" is not among the 2 known ones',
    )
  })

  it('names the broken line, or skips and counts it', async () => {
    const path = file('broken.tsv', 'user_id\titem_id\trating\n1\t2\t3\n1\t2\n2\t\t4\n3\t4\tgood\n4\t5\t1\n')
    await expect(readInteractions(path)).rejects.toThrow(
      'broken.tsv, line 3: has 2 cells, but the value is in column 3',
    )
    const log = await readInteractions(path, { brokenLines: 'skip' })
    expect(log.users.length).toBe(2)
    expect(log.rejected).toEqual([
      { line: 3, reason: 'has 2 cells, but the value is in column 3' },
      { line: 4, reason: 'item: an id has 0 bytes, expected from 1 to 500' },
      { line: 5, reason: 'the value is "good", expected a finite number' },
    ])
    await expect(readInteractions(file('x.txt', '1 2\n1 b\n'), { layout: 'lists', numberedFrom: 0 })).rejects.toThrow(
      'x.txt, line 2: item is "b", expected a whole number from 0',
    )
    await expect(readInteractions(file('y.tsv', '1\t2\t978300760\n'))).rejects.toThrow('for a time give columns')
    await expect(readInteractions(file('z.tsv', 'who\twhat\n1\t2\n'))).rejects.toThrow(
      'z.tsv, line 1: no column is the user among who, what',
    )
  })
})

describe('a saved set', () => {
  it('comes back as it was, ids of texts and of positions alike', async () => {
    for (const ids of [
      ['ä', 'b'],
      [0, 1],
    ]) {
      const set = interactionSet(
        interactionLog({
          users: [ids[1] ?? 0, ids[0] ?? 0, ids[1] ?? 0],
          items: [3, 0, 1],
          times: [9, 8, 7],
          values: [1, 2, 3],
        }),
      )
      const path = join(folder, 'set.safetensors')
      await saveInteractions(path, set)
      const back = await loadInteractions(path)
      for (const part of ['offsets', 'columns', 'places', 'values', 'times'] as const)
        expect(back[part]).toEqual(set[part])
      expect([back.users, back.items]).toEqual([set.users, set.items])
      expect([0, 1].map((user) => back.userIds.id(user))).toEqual([0, 1].map((user) => set.userIds.id(user)))
      const rows = await mapInteractions(path)
      expect(await rows.read(1, 2)).toEqual({
        offsets: Uint32Array.of(0, itemsOf(set, 1).length),
        columns: itemsOf(set, 1),
      })
      await expect(rows.read(1, 3)).rejects.toThrow('users 1 to 3 leave the 2 users')
    }
  })
})

describe('signals', () => {
  it('become interactions: ratings by their score, choices by what was chosen', async () => {
    const about = { context: { id: 'c' }, source: 's' }
    const rater = (id: string) => ({ id, kind: 'human' as const })
    const item = (key: string) => candidate({ modality: 'item', item: key })
    const signals: Signal[] = [
      {
        kind: 'rating',
        id: '1',
        rater: rater('ann'),
        time: 5,
        candidate: item('tea'),
        aspects: { overall: 4 },
        ...about,
      },
      {
        kind: 'choice',
        id: '2',
        rater: rater('bob'),
        time: 3,
        shown: [item('jam'), item('tea')],
        chosen: [1, 0],
        action: 'buy',
        ...about,
      },
      {
        kind: 'choice',
        id: '3',
        rater: rater('bob'),
        time: 4,
        shown: [item('jam')],
        chosen: [],
        action: 'buy',
        ...about,
      },
      {
        kind: 'rating',
        id: '4',
        rater: rater('ann'),
        time: 6,
        candidate: item('pie'),
        aspects: { taste: 1, look: 2 },
        ...about,
      },
    ]
    const source: SignalSource = {
      async *read(filter) {
        yield* signals.filter(({ kind }) => filter?.kinds?.includes(kind) ?? true)
      },
      count: async () => signals.length,
    }
    const log = await signalInteractions(source)
    expect([...log.users].map((user) => log.userIds.id(user))).toEqual(['ann', 'bob', 'bob'])
    expect([...log.items].map((at) => log.itemIds.id(at))).toEqual(['tea', 'tea', 'jam'])
    expect([...(log.values ?? [])]).toEqual([4, 1, 1])
    expect([...(log.times ?? [])]).toEqual([5, 3, 3])
    const looks = await signalInteractions(source, { aspect: 'look', filter: { kinds: ['rating'] } })
    expect([...(looks.values ?? [])]).toEqual([2])
  })
})

describe('padding', () => {
  it('stands before short histories, and long ones keep their end', () => {
    expect([...lastItems([[1, 2, 3, 4], [7], []], 3, -1)]).toEqual([2, 3, 4, -1, -1, 7, -1, -1, -1])
  })
})
