import { expect, it } from 'vitest'
import { eventIn } from './events.ts'

it('reads an event as the standard says', () => {
  expect(eventIn('event: progress\ndata: {"a":1}\nid: 7')).toEqual({ event: 'progress', data: '{"a":1}' })
  expect(eventIn('data: one\r\ndata:two\r\n')).toEqual({ event: 'message', data: 'one\ntwo' })
  expect(eventIn(': still here')).toBeUndefined()
})
