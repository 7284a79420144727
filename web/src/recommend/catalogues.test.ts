import { expect, it } from 'vitest'
import type { Recommender } from '../api/recommend.ts'
import { aboutItem, cataloguesOf, shownMethods } from './catalogues.ts'

const of = (name: string, kind: string, data: Recommender['data']): Recommender => ({
  name,
  title: `From ${Object.values(data).at(-1)}`,
  kind,
  data,
  state: 'ready',
})
const kinds = [
  { kind: 'ease', title: 'EASE', description: 'Linear.' },
  { kind: 'popularity', title: 'Popularity', description: 'The same for all.' },
]
const songs = { from: 'shipped', choices: 'songs' }

it('puts together what learned from the same choices, however their description is ordered', () => {
  const found = cataloguesOf(
    [
      of('a', 'popularity', songs),
      of('b', 'ease', { from: 'signals', filter: { sources: ['x'], kinds: ['choice'] } }),
      of('c', 'ease', { choices: 'songs', from: 'shipped' }),
      of('d', 'mine', { filter: { kinds: ['choice'], sources: ['x'] }, from: 'signals' }),
    ],
    kinds,
  )
  expect(found.map(({ id, methods }) => [id, methods.map(({ title, hue }) => `${title} ${hue}`)])).toEqual([
    ['songs', ['EASE 1', 'Popularity 2']],
    ['b', ['EASE 1', 'mine 2']],
  ])
})

it('tells two of a kind apart by their names', () => {
  const [found] = cataloguesOf([of('small', 'ease', songs), of('large', 'ease', songs)], kinds)
  expect(found?.methods.map(({ title }) => title)).toEqual(['EASE (small)', 'EASE (large)'])
})

it('shows methods that are unlike each other first, and else what was chosen', () => {
  const names = ['bpr', 'als', 'light-gcn', 'ease', 'item-neighbours', 'popularity']
  const [found] = cataloguesOf(
    names.map((name) => of(name, name, songs)),
    kinds,
  )
  if (!found) throw new Error('there is no catalogue')
  expect(shownMethods(found, []).has('bpr')).toBe(false)
  expect([...shownMethods(found, [])].toSorted()).toEqual(['ease', 'item-neighbours', 'light-gcn', 'popularity'])
  expect([...shownMethods(found, ['bpr', 'gone'])]).toEqual(['bpr'])
})

it('says the most telling attributes of an item, dots staying with what they follow', () => {
  expect(aboutItem({ performer: 'Mahmood', country: 'Italy', year: 2019, region: 'South' })).toBe(
    'Mahmood\u00a0· Italy\u00a0· 2019',
  )
  expect(aboutItem({ genres: ['pop', 'rock'] })).toBe('pop, rock')
  expect(aboutItem(undefined)).toBe('')
})
