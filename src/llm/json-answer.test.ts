import { describe, expect, it } from 'vitest'
import { jsonIn } from './json-answer.ts'

describe('jsonIn', () => {
  it.each<[string, unknown]>([
    ['{"a": 1}', { a: 1 }],
    [' "tea" ', 'tea'],
    ['null', null],
    ['Here: {"a": "} \\" {", "b": [1, {"c": 2}]} and {"d": 3}', { a: '} " {', b: [1, { c: 2 }] }],
    ['Set {x} is small, so [1, 2].', [1, 2]],
    ['```\n[3]\n```', [3]],
    ['<think>[1]\n{"a": 2}</think>\n{"a": 3}', { a: 3 }],
    ['Perhaps {"a": 2}?</think>\n{"a": 3}', { a: 3 }],
    ['{"a": "<think>"}', { a: '<think>' }],
  ])('finds the value in %j', (answer, json) => {
    expect(jsonIn(answer)).toEqual({ json })
  })

  it.each(['<think>Perhaps {"a": 2}, but', '{"a": 2}</think>', '', 'tea', '{"a": 1', '{a: 1}', '{{{{'])(
    'finds none in %j',
    (answer) => {
      expect(jsonIn(answer)).toBeUndefined()
    },
  )

  it('gives up on endless brackets', () => {
    expect(jsonIn('['.repeat(100_000))).toBeUndefined()
  })
})
