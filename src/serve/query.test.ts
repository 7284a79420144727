import { z } from '@hono/zod-openapi'
import { describe, expect, it } from 'vitest'
import { filterOf, filterQuery, traitValue } from './query.ts'

const schema = z.strictObject(filterQuery)
const read = (query: Record<string, string | string[]>) => filterOf(schema.parse(query))

describe('filterOf', () => {
  it('is empty for an empty query', () => expect(read({})).toEqual({}))
  it('takes one value or several', () =>
    expect(read({ kind: 'comparison', tag: ['a', 'b'] })).toEqual({ kinds: ['comparison'], tags: ['a', 'b'] }))
  it('takes milliseconds and dates', () =>
    expect(read({ from: '0', to: '2024-02-29' })).toEqual({ from: 0, to: 1_709_164_800_000 }))
  it('takes traits whose value holds a colon', () =>
    expect(read({ trait: ['time:12:30', 'age:30'] })).toEqual({ raterTraits: { time: '12:30', age: 30 } }))
  it.each([{ kind: 'vote' }, { from: 'yesterday' }, { trait: 'age' }, { kidn: 'comparison' }, { to: '9e99' }])(
    'turns down %j',
    (query) => expect(schema.safeParse(query).success).toBe(false),
  )
})

describe('traitValue', () => {
  it.each([
    ['12', 12],
    ['"12"', '12'],
    ['true', true],
    ['"true"', 'true'],
    ['FR', 'FR'],
    ['', ''],
    ['""quoted""', '"quoted"'],
  ])('reads %j as %j', (text, value) => expect(traitValue(text)).toBe(value))
})
