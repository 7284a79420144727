import { expect, it } from 'vitest'
import { address, problemIn } from './request.ts'

it('an address repeats what has several values and leaves out what is undefined', () => {
  expect(address('/v1/signals', { kind: ['rating', 'choice'], rater: undefined, tag: 'a b&c', features: '' })).toBe(
    '/v1/signals?kind=rating&kind=choice&tag=a+b%26c&features=',
  )
  expect(address('/v1/counts')).toBe('/v1/counts')
})

it('a problem is told in the server’s words, and one without words by its status', () => {
  const issues = [{ path: 'from', message: 'is "soon", expected a date' }]
  expect(problemIn(400, JSON.stringify({ error: { code: 'invalid', message: 'No.', issues } }))).toMatchObject({
    status: 400,
    code: 'invalid',
    message: 'No.',
    issues,
  })
  expect(problemIn(502, '<html>').message).toBe('The server answered 502 and did not say why.')
})
