import { expect, it } from 'vitest'
import { assertReadsContexts } from './context-encoder.ts'
import {
  categoricalFeatures,
  type Encoder,
  givenFeatures,
  hashedNgrams,
  joinEncoders,
  numericFeatures,
  plainFeatures,
} from './index.ts'

const topics = categoricalFeatures({ of: 'context', columns: [{ name: 'topic', categories: ['code'] }] }) as Encoder
const ages = numericFeatures({ of: 'rater', columns: [{ name: 'age', mean: 40, deviation: 10 }] }) as Encoder

it('lets pass what reads contexts alone', () => {
  for (const encoder of [
    plainFeatures(2),
    topics,
    hashedNgrams({ of: 'context' }),
    joinEncoders([topics, hashedNgrams({ of: 'context' }) as Encoder]),
  ])
    expect(() => assertReadsContexts(encoder)).not.toThrow()
})

it('refuses what reads candidates or raters, also among several', () => {
  for (const encoder of [
    hashedNgrams(),
    hashedNgrams({ of: 'candidate' }),
    ages,
    givenFeatures({ rows: { x: [1] } }),
    joinEncoders([topics, joinEncoders([ages])]),
  ])
    expect(() => assertReadsContexts(encoder)).toThrow('a context encoder reads contexts alone')
})
