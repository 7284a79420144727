import { expect, it } from 'vitest'
import { grouped, heading } from './boards-page.tsx'

const board = (title: string, group?: string) => ({ name: title, title, ...(group && { group }) })

it('many boards of a year each become years, after everything else of their group', () => {
  const years = [2016, 2021, 2018, 2019, 2017, 2022].map((year) => board(`Eurovision ${year}`, 'eurovision'))
  const groups = grouped([...years, board('Eurovision of all years', 'eurovision'), board('Schools', 'cems')])
  expect(groups.map(({ title }) => title)).toEqual(['Eurovision', 'Cems', 'Eurovision by year'])
  expect(groups[0]?.boards.map(({ title }) => title)).toEqual(['Eurovision of all years'])
  expect(groups[2]?.years?.map(([year]) => year)).toEqual(['2022', '2021', '2019', '2018', '2017', '2016'])
})

it('few boards with a year, or two of the same year, stay single', () => {
  expect(grouped([board('Hockey 2009–10')])[0]).toMatchObject({ title: 'Others', years: undefined })
  const twice = [1, 2, 3, 4, 5, 6].map((number) => board(`Contest 2022, part ${number}`, 'g'))
  expect(grouped(twice)).toHaveLength(1)
  expect(grouped(twice)[0]?.years).toBeUndefined()
})

it('a group is called by what its titles begin with, else by its own name', () => {
  expect(heading(['Schools, by students', 'Schools, by students of law'], 'cems')).toBe('Schools')
  expect(heading(['Eurovision songs since 1975', 'Eurovision countries since 1975'], 'points')).toBe('Eurovision')
  expect(heading(['Hockey 2009'], 'ice-hockey')).toBe('Ice hockey')
  expect(heading(['Cities', 'Trees'], 'mixed_things')).toBe('Mixed things')
})
