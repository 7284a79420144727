import { expect, it } from 'vitest'
import { byteSize } from './byte-size.ts'

it.each([
  ['100', 100],
  ['1k', 1024],
  ['1.5 MiB', 1_572_864],
  ['2G', 2_147_483_648],
  ['3tb', 3_298_534_883_328],
])('reads %j as %i bytes', (text, bytes) => expect(byteSize(text)).toBe(bytes))

it.each(['', 'much', '-1', '1x', '1e3'])('does not read %j', (text) =>
  expect(() => byteSize(text)).toThrow('expected a size such as 500M'),
)
