import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seeded, startRun } from '../../run/index.ts'
import { shopLog } from '../baseline/shop.fixture.ts'
import { type InteractionLog, interactionLog } from '../interactions/interaction-log.ts'
import { historyOf } from '../interactions/interaction-set.ts'
import { fitToFolder } from './fit-to-folder.ts'
import { forgetUser } from './forget-user.ts'
import { type OpenRecommender, openRecommender, recommenderCurve } from './open-folder.ts'
import { recommendByIds, unknownItems } from './recommend-by-ids.ts'

const parent = mkdtempSync(join(tmpdir(), 'penchant-serving-'))
const run = startRun({ seed: 1, folder: join(parent, 'work') })

/** The small shop with ids of all sorts: items of circle k are `k/…`. */
function shop(): InteractionLog {
  const log = shopLog(seeded('serving'))
  return interactionLog({
    users: Array.from(log.users, (user) => `künde ${user}`),
    items: Array.from(log.items, (item) => `${item % 4}/${item}`),
  })
}

const details = Array.from({ length: 160 }, (_, item) => ({
  id: `${item % 4}/${item}`,
  title: `Item ${item}`,
  attributes: { circle: item % 4, even: item % 2 === 0, tags: [`t${item % 3}`, 'all'] },
}))

let open: OpenRecommender
beforeAll(async () => {
  await fitToFolder(
    shop(),
    { kind: 'ease', options: { lambda: 20 }, holdOutFrom: 'random', details },
    join(parent, 'shop'),
    run,
  )
  open = await openRecommender(join(parent, 'shop'))
})
afterAll(async () => {
  await open.close()
  rmSync(parent, { recursive: true })
})

const circleOf = (id: string): number => Number(id.split('/')[0])

describe('a recommender of a folder', () => {
  it('says what it is, and how good it was at what it had not seen', () => {
    const { kind, options, users, items, interactions, index, explains, quality } = open.manifest
    expect({ kind, options, users, items, interactions, index, explains }).toEqual({
      kind: 'ease',
      options: { lambda: 20 },
      users: 200,
      items: 160,
      interactions: shop().users.length,
      index: 'scores',
      explains: true,
    })
    // A fifth of each history, rounded.
    const held = Array.from(open.interactions.offsets.subarray(1), (end, user) =>
      Math.round((end - (open.interactions.offsets[user] ?? 0)) * 0.2),
    ).reduce((sum, number) => sum + number, 0)
    expect(quality?.interactions).toBe(held)
    expect(quality?.metrics.map(({ name }) => name)).toEqual(
      ['recall', 'ndcg', 'hit', 'mrr'].flatMap((name) => [`${name}@10`, `${name}@20`]),
    )
    for (const { value, lower, upper } of quality?.metrics ?? []) {
      expect(lower).toBeLessThanOrEqual(value)
      expect(value).toBeLessThanOrEqual(upper)
    }
    const recall = quality?.metrics.find(({ name }) => name === 'recall@20')
    expect(recall?.value).toBeGreaterThan(2 * (recall?.popularity ?? 1))
  })

  it('recommends to someone it knows, what they have left out', async () => {
    const [list] = await recommendByIds(open, [{ user: 'künde 6' }], { count: 10, explain: 2 })
    const history = [...historyOf(open.interactions, open.interactions.userIds.find('künde 6') ?? -1)].map((item) =>
      open.interactions.itemIds.id(item),
    )
    expect(list?.basis).toBe('user')
    expect(list?.historyItems).toBe(history.length)
    expect(list?.notes).toBeUndefined()
    expect(list?.items).toHaveLength(10)
    expect(list?.items.filter(({ id }) => circleOf(id) === 2).length).toBeGreaterThanOrEqual(9)
    for (const { id, title, attributes, reasons } of list?.items ?? []) {
      expect(history).not.toContain(id)
      expect(title).toBe(`Item ${id.split('/')[1]}`)
      expect(attributes?.['circle']).toBe(circleOf(id))
      expect(reasons?.length).toBeLessThanOrEqual(2)
      for (const reason of reasons ?? []) expect(history).toContain(reason.id)
      expect(reasons?.[0]?.weight ?? 0).toBeGreaterThanOrEqual(reasons?.[1]?.weight ?? 0)
    }
  })

  it('passes over items of a history that it does not know, and names them', async () => {
    const [mixed, plain, none] = await recommendByIds(open, [
      { history: ['1/1', 'never', '1/5', 'met', 'never'] },
      { history: ['1/1', '1/5'] },
      { history: ['never'] },
    ])
    expect(mixed?.unknown).toEqual({ items: ['never', 'met'] })
    expect(mixed?.items).toEqual(plain?.items)
    expect([mixed?.basis, mixed?.historyItems, plain?.unknown]).toEqual(['history', 2, undefined])
    expect(none?.basis).toBe('popularity')
    expect(none?.notes?.[0]).toContain('this is what most took')
    expect(unknownItems(open, ['1/1', 'never', 'never'])).toEqual(['never'])
  })

  it('gives a user it does not know what most took, and says so; with a history it goes by that', async () => {
    const [nobody, empty, told] = await recommendByIds(open, [
      { user: 'nobody' },
      {},
      { user: 'nobody', history: ['3/3', '3/7'] },
    ])
    expect(nobody).toMatchObject({ basis: 'popularity', historyItems: 0, unknown: { user: 'nobody' } })
    expect(nobody?.notes).toEqual(['Nothing is known of the user "nobody", so that this is what most took.'])
    const most = [...open.taken.entries()].toSorted(([a, m], [b, n]) => n - m || a - b)[0]?.[0] ?? -1
    expect(nobody?.items[0]?.id).toBe(open.interactions.itemIds.id(most))
    expect(empty?.items).toEqual(nobody?.items)
    expect(told).toMatchObject({ basis: 'history', historyItems: 2, unknown: { user: 'nobody' } })
  })

  it('counts what a user took since the fit at once, and nothing that was erased', async () => {
    const before = [...historyOf(open.interactions, open.interactions.userIds.find('künde 6') ?? -1)].map((item) =>
      open.interactions.itemIds.id(item),
    )
    const [fitted] = await recommendByIds(open, [{ user: 'künde 6' }])
    const best = fitted?.items[0]?.id ?? ''
    const now = (items: readonly string[] | undefined) => ({ historyNow: async () => items })
    const [same] = await recommendByIds(open, [{ user: 'künde 6' }], now([before.at(-1) ?? '', ...before]))
    expect(same).toEqual(fitted)
    const [later] = await recommendByIds(open, [{ user: 'künde 6' }], now([...before, best, 'brand new']))
    expect([later?.basis, later?.historyItems]).toEqual(['history', before.length + 1])
    expect(later?.items.map(({ id }) => id)).not.toContain(best)
    expect(later?.notes).toEqual([
      '1 item that the user took is not in the catalogue of the fit; fit again to have it count.',
    ])
    const [gone] = await recommendByIds(open, [{ user: 'künde 6' }], now(undefined))
    expect(gone).toMatchObject({ basis: 'popularity', unknown: { user: 'künde 6' } })
  })

  it('keeps to filters and exclusions, and says where little is left', async () => {
    const idsOf = async (options: Parameters<typeof recommendByIds>[2]) => {
      const [list] = await recommendByIds(open, [{ history: ['1/1', '1/5'] }], { count: 160, ...options })
      return list?.items.map(({ id }) => Number(id.split('/')[1])) ?? []
    }
    const all = Array.from({ length: 160 }, (_, item) => item).filter((item) => item !== 1 && item !== 5)
    const sorted = async (options: Parameters<typeof recommendByIds>[2]) =>
      (await idsOf(options)).toSorted((a, b) => a - b)
    expect(await sorted({})).toEqual(all)
    expect(await sorted({ exclude: { seen: false } })).toHaveLength(160)
    expect(await sorted({ exclude: { items: ['0/0', 'never'] } })).toEqual(all.filter((item) => item !== 0))
    expect(await sorted({ filter: { items: ['0/8', '1/5', 'never'] } })).toEqual([8])
    const meeting = (attributes: object) => sorted({ filter: { attributes: attributes as never } })
    expect(await meeting({ circle: 2 })).toEqual(all.filter((item) => item % 4 === 2))
    expect(await meeting({ circle: { least: 1, most: 2 } })).toEqual(all.filter((item) => [1, 2].includes(item % 4)))
    expect(await meeting({ even: true, tags: { anyOf: ['t0', 't1'] } })).toEqual(
      all.filter((item) => item % 2 === 0 && item % 3 !== 2),
    )
    expect(await meeting({ tags: { noneOf: ['t0'] } })).toEqual(all.filter((item) => item % 3 !== 0))
    expect(await meeting({ colour: { noneOf: ['red'] } })).toEqual(all)
    expect(await meeting({ colour: 'red' })).toEqual([])
    expect(await sorted({ filter: { items: ['0/8', '2/10'], attributes: { circle: 2 } } })).toEqual([10])
    const [short] = await recommendByIds(open, [{}], { count: 5, filter: { items: ['0/8'] } })
    expect(short?.notes?.at(-1)).toBe('Only 1 item may be recommended here.')
  })

  it('gives each of many rows what it would get alone', async () => {
    const rows = Array.from({ length: 150 }, (_, at) =>
      at % 3 === 0 ? { user: `künde ${at}` } : at % 3 === 1 ? { history: [`${at % 4}/${at}`] } : {},
    )
    const options = { count: 5, rerank: { diversity: 0.3, fairness: 0.05 } }
    const lists = await recommendByIds(open, rows, options)
    for (const at of [0, 1, 2, 63, 64, 65, 149]) {
      const [alone] = await recommendByIds(open, [rows[at] ?? {}], options)
      expect(lists[at]).toEqual(alone)
    }
  })

  it('spreads places more evenly, or over items that differ, where that is wished', async () => {
    const rows = Array.from({ length: 200 }, (_, user) => ({ user: `künde ${user}` }))
    const listed = async (rerank?: { diversity?: number; fairness?: number }) =>
      (await recommendByIds(open, rows, { count: 10, ...(rerank && { rerank }) })).map(({ items }) =>
        items.map(({ id }) => id),
      )
    const [plain, fair, diverse] = [await listed(), await listed({ fairness: 1 }), await listed({ diversity: 0.5 })]
    const most = (lists: string[][]) => {
      const counts = new Map<string, number>()
      for (const id of lists.flat()) counts.set(id, (counts.get(id) ?? 0) + 1)
      return Math.max(...counts.values())
    }
    expect(most(fair)).toBeLessThan(most(plain))
    const circles = (lists: string[][]) =>
      lists.map((list) => new Set(list.map(circleOf)).size).reduce((sum, number) => sum + number, 0)
    expect(circles(diverse)).toBeGreaterThan(circles(plain))
  })

  it('tells what that costs on what was held out', async () => {
    for (const over of ['diversity', 'fairness'] as const) {
      const { users, points } = await recommenderCurve(join(parent, 'shop'), {
        over,
        count: 5,
        weights: [0, over === 'diversity' ? 1 : 3],
      })
      expect(users).toBe(open.manifest.quality?.users)
      const [at0, at1] = points
      expect(at0?.recall).toBeGreaterThan(at1?.recall ?? 1)
      if (over === 'diversity') expect(at1?.diversity).toBeGreaterThan(at0?.diversity ?? 2)
      else expect(at1?.gini).toBeLessThan(at0?.gini ?? 0)
    }
    await expect(recommenderCurve(join(parent, 'shop'), { over: 'fairness', count: 400 })).rejects.toThrow(
      'no user has 400 candidates',
    )
  })

  it('is what it was when it is fitted again with the same seed', async () => {
    const again = join(parent, 'again')
    const manifest = await fitToFolder(
      shop(),
      { kind: 'ease', options: { lambda: 20 }, holdOutFrom: 'random', details },
      again,
      run,
    )
    expect(manifest).toEqual(open.manifest)
    const other = await openRecommender(again)
    const rows = [{ user: 'künde 3' }, { history: ['0/4'] }]
    expect(await recommendByIds(other, rows)).toEqual(await recommendByIds(open, rows))
    await other.close()
  })

  it('keeps details that are put, and refuses those of items that there are none of', async () => {
    const folder = join(parent, 'details')
    await fitToFolder(shop(), { kind: 'popularity', holdOut: 0 }, folder, run)
    const first = await openRecommender(folder)
    expect(first.manifest.quality).toBeUndefined()
    await expect(recommenderCurve(folder, { over: 'fairness' })).rejects.toThrow('nothing was held out')
    expect(first.details.attributes()).toEqual([])
    expect(first.details.put([{ id: '0/0', title: 'Tea', attributes: { price: 3 } }, { id: 'never' }])).toEqual([
      'never',
    ])
    first.details.put([{ id: '0/0', title: 'Green tea', attributes: { price: 4, sorts: ['x', 'y'] } }])
    const again = await openRecommender(folder)
    for (const { details: table } of [first, again]) {
      expect(table.of(first.interactions.itemIds.find('0/0') ?? -1).title).toBe('Green tea')
      expect(table.attributes()).toEqual([
        { name: 'price', type: 'number', items: 1, values: [], least: 4, most: 4 },
        {
          name: 'sorts',
          type: 'text',
          items: 1,
          values: [
            { value: 'x', count: 1 },
            { value: 'y', count: 1 },
          ],
        },
      ])
    }
    await first.close()
    await again.close()
  })
})

describe('an approximate index in a folder', () => {
  it('is built, measured and read where it is wished for', async () => {
    const folder = join(parent, 'als')
    const manifest = await fitToFolder(shop(), { kind: 'als', options: { width: 8 }, index: 'hnsw' }, folder, run)
    expect(manifest.index).toBe('hnsw')
    expect(manifest.indexRecall).toBeGreaterThan(0.9)
    const opened = await openRecommender(folder)
    const [list] = await recommendByIds(opened, [{ user: 'künde 6' }], { count: 10 })
    expect(list?.items.filter(({ id }) => circleOf(id) === 2).length).toBeGreaterThanOrEqual(8)
    await opened.close()
    await expect(fitToFolder(shop(), { kind: 'ease', index: 'hnsw' }, folder, run)).rejects.toThrow(
      '"ease" scores all items',
    )
    // What was there before still stands.
    expect((await openRecommender(folder)).manifest).toEqual(manifest)
    expect(existsSync(`${folder}.partial`)).toBe(false)
  })
})

describe('forgetting someone', () => {
  it('takes their id, their items and their numbers out of the files', async () => {
    const folder = join(parent, 'forget')
    await fitToFolder(shop(), { kind: 'als', options: { width: 8 } }, folder, run)
    const before = await openRecommender(folder)
    const user = before.interactions.userIds.find('künde 6') ?? -1
    expect(await forgetUser(folder, 'nobody')).toBe(false)
    expect(await forgetUser(folder, 'künde 6')).toBe(true)
    expect(await forgetUser(folder, 'künde 6')).toBe(false)
    const after = await openRecommender(folder)
    expect(after.interactions.userIds.find('künde 6')).toBeUndefined()
    expect([...historyOf(after.interactions, user)]).toEqual([])
    expect(after.recommender.vectors?.known({ users: [user] })(0)).toHaveLength(0)
    const queries = await after.recommender.vectors?.queries({ users: [user, user - 1, user + 1] })
    expect(queries?.subarray(0, 8).every((number) => number === 0)).toBe(true)
    const others = await before.recommender.vectors?.queries({ users: [user - 1, user + 1] })
    expect(queries?.subarray(8)).toEqual(others)
    const rows = [{ user: 'künde 7' }, { user: 'künde 6' }]
    const [one, gone] = await recommendByIds(after, rows)
    expect(one).toEqual((await recommendByIds(before, rows))[0])
    expect(gone?.basis).toBe('popularity')
    for (const opened of [before, after]) await opened.close()
  })
})

describe('what cannot be fitted', () => {
  it('is refused, and leaves nothing behind', async () => {
    const folder = join(parent, 'none')
    const nothing = interactionLog({ users: [], items: [] })
    const fit = (kind: string, options: object, log = shop()) => fitToFolder(log, { kind, ...options }, folder, run)
    await expect(fit('ease', {}, nothing)).rejects.toThrow('there are no interactions to learn from')
    await expect(fit('easy', {})).rejects.toThrow('there is no recommender "easy", expected one of popularity')
    await expect(fit('ease', { options: { lambda: -1 } })).rejects.toThrow('lambda')
    await expect(fit('ease', { options: { colour: 1 } })).rejects.toThrow('colour')
    await expect(fit('ease', { holdOut: 0.9 })).rejects.toThrow('holdOut is 0.9')
    await expect(openRecommender(folder)).rejects.toThrow('holds no recommender')
    expect(readdirSync(parent).filter((name) => name.startsWith('none'))).toEqual([])
  })

  it('is not everything small: one interaction, and items that everyone took, do', async () => {
    const folder = join(parent, 'one')
    await fitToFolder(interactionLog({ users: ['a'], items: ['x'] }), { kind: 'ease' }, folder, run)
    const one = await openRecommender(folder)
    const [list, other] = await recommendByIds(one, [{ user: 'a' }, { user: 'b' }], {
      rerank: { fairness: 1, diversity: 0.5 },
    })
    expect(list).toMatchObject({ basis: 'user', items: [], notes: ['Only 0 items may be recommended here.'] })
    expect(other?.items.map(({ id }) => id)).toEqual(['x'])
    await one.close()
  })
})
