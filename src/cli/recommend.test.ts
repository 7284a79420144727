import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runCli } from './run.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-recommend-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command in this process, since starting one takes longer than all that is asked of it. */
async function penchant(...args: readonly string[]): Promise<Ended> {
  const told = { out: '', err: '' }
  const spies = (['out', 'err'] as const).map((where) =>
    vi.spyOn(where === 'out' ? process.stdout : process.stderr, 'write').mockImplementation((text) => {
      told[where] += stripVTControlCharacters(String(text))
      return true
    }),
  )
  const [verb = '', ...rest] = args
  const data = verb === 'kinds' ? [] : ['--data', join(folder, 'data')]
  try {
    const code = await runCli(['recommend', verb, ...rest.map(inFolder), ...data])
    return { code, ...told }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

const inFolder = (word: string): string => (/\.(csv|jsonl)$/.test(word) ? join(folder, word) : word)

// Tea and jam go together, nails and hammers do; bolts were returned.
const rows = [
  'ann,tea,5',
  'ann,jam,4',
  'bob,tea,5',
  'bob,jam,5',
  'cid,nails,4',
  'cid,hammer,5',
  'dan,nails,5',
  'dan,hammer,4',
]

beforeAll(async () => {
  writeFileSync(
    join(folder, 'shop.csv'),
    ['user,item,rating', ...rows, 'eve,tea,5', 'fay,nails,4', 'fay,bolts,1'].join('\n'),
  )
  writeFileSync(join(folder, 'items.jsonl'), '{"id":"jam","title":"Plum jam","attributes":{"sort":"food"}}\n')
  const options = ['--kind', 'item-neighbours', '--hold-out', '0', '--at-least', '4', '--items', 'items.jsonl']
  const { code, out } = await penchant('fit', 'shop', 'shop.csv', ...options, '--json')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ name: 'shop', kind: 'item-neighbours', users: 6, items: 4, interactions: 10 })
})

describe('penchant recommend', () => {
  it('recommends to a user, and to anybody by what they took, with reasons and titles', async () => {
    const { out } = await penchant('for', 'shop', '--user', 'eve', '--count', '1', '--explain', '1', '--json')
    const { items, basis } = JSON.parse(out)
    // tea and jam: two took both, three tea, two jam.
    expect(items).toEqual([
      {
        id: 'jam',
        title: 'Plum jam',
        attributes: { sort: 'food' },
        score: expect.closeTo(2 / Math.sqrt(6), 5),
        reasons: [{ id: 'tea', weight: expect.closeTo(2 / Math.sqrt(6), 5) }],
      },
    ])
    expect(basis).toBe('user')
    const anybody = await penchant('for', 'shop', '--item', 'nails', '--item', 'glue', '--count', '1', '--explain', '1')
    expect(anybody.out).toContain('hammer')
    expect(anybody.out).toContain('because of nails')
    expect(anybody.out).toContain('unknown items: glue')
  })

  it('lists what there is, and the methods with their options', async () => {
    expect((await penchant('list')).out).toMatch(/^shop {2}item-neighbours, 6 users, 4 items$/m)
    const { recommenders } = JSON.parse((await penchant('list', '--json')).out)
    expect(recommenders[0]).toMatchObject({ name: 'shop', fitted: { kind: 'item-neighbours', index: 'scores' } })
    const { kinds } = JSON.parse((await penchant('kinds', '--json')).out)
    expect(kinds.find(({ kind }: { kind: string }) => kind === 'ease').options.properties).toHaveProperty('lambda')
  })

  it.each<[readonly string[], string]>([
    [['fit', 'shop', 'shop.csv'], 'there is a recommender "shop" already'],
    [['fit', 'other', 'nowhere.csv'], 'nowhere.csv: there is no such file'],
    [['fit', 'Other', 'shop.csv'], 'expected lower-case letters'],
    [['fit', 'other', 'shop.csv', '--kind', 'easy'], 'there is no recommender "easy", expected one of popularity'],
    [['fit', 'other', 'shop.csv', '--options', '{"lambda":-1}'], 'lambda'],
    [['fit', 'other', 'shop.csv', '--options', 'lambda'], 'expected a JSON object'],
    [['fit', 'other', 'items.jsonl'], 'items.jsonl'],
    [['fit', 'other'], 'there are no interactions to learn from'],
    [['for', 'other', '--user', 'ann'], 'there is no recommender "other", expected one of shop'],
    [['for', 'shop'], 'for whom?'],
    [['for', 'shop', '--user', 'ann', '--count', '0'], 'expected a whole number from 1'],
    [['for', 'shop', '--user', 'ann', '--diversity', '2'], 'expected a number from 0 to 1'],
  ])('%j ends with 2 and says why', async (args, why) => {
    const { code, err } = await penchant(...args)
    expect([code, err]).toEqual([2, expect.stringContaining(why)])
  })
})
