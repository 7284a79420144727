import { expect, it } from 'vitest'
import { csv } from './download.ts'

it('CSV quotes what RFC 4180 wants quoted and leaves absent values empty', () => {
  expect(
    csv([
      ['name', 'rating'],
      ['Côte d’Ivoire, "ex"', 1000.5],
      ['two\nlines', null],
    ]),
  ).toBe('name,rating\r\n"Côte d’Ivoire, ""ex""",1000.5\r\n"two\nlines",\r\n')
})
