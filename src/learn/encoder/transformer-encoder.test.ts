import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import {
  adam,
  logSigmoid,
  matmul,
  mean,
  mul,
  neg,
  parameterLeaves,
  spec,
  squeeze,
  type TensorValue,
  trainStep,
  value,
} from '../../tensor/index.ts'
import { learnBytePairs } from './byte-pairs.ts'
import { asked, encoded, furthest, judged } from './encoder.fixture.ts'
import { transformerEncoder, transformerEncoderKind } from './transformer-encoder.ts'

const vocabulary = learnBytePairs(['the tea is good', 'the tea is bad', 'the tea is good'], { size: 264 })
const small = { width: 8, layers: 1, heads: 2, length: 16 } as const
const numbers = (tensor: TensorValue | undefined): number[] => Array.from(tensor?.data ?? [], Number)

describe('transformerEncoder', () => {
  it('reads context and candidate as one row, of bytes where nothing was learned', async () => {
    const encoder = transformerEncoder(learnBytePairs([]), { ...small, of: 'both' })
    const { ids, types, mask } = await encoder.prepare([
      judged('b', { context: asked('aa') }),
      judged('', { context: asked() }),
    ])
    // Start 1, separator 2, padding 0, byte b as b + 3.
    expect(numbers(ids)).toEqual([1, 100, 100, 2, 101, 2, 1, 2, 2, 0, 0, 0])
    expect(numbers(types)).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0])
    expect(numbers(mask)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0])
  })

  it('cuts the beginning of a long context and the end of a long candidate', async () => {
    const bytes = learnBytePairs([])
    const row = async (said: string, heard: string, of?: 'candidate' | 'context') => {
      const encoder = transformerEncoder(bytes, { ...small, ...(of && { of }) })
      const { ids } = await encoder.prepare([judged(said, { context: asked(heard) })])
      return numbers(ids)
        .map((id) => (id === 2 ? '|' : id === 1 ? '<' : bytes.decode([id - 3])))
        .join('')
    }
    // 16 places, of which 13 for words: 3 of them for the context when both are long.
    expect(await row('abcdefghijklmnop', '123456789')).toBe('<789|abcdefghij|')
    expect(await row('ab', '1234567890123456789')).toBe('<90123456789|ab|')
    expect(await row('abcdefghijklmnop', '1')).toBe('<1|abcdefghijkl|')
    expect(await row('abcdefghijklmnop', '1', 'candidate')).toBe('<abcdefghijklmn|')
    expect(await row('a', '1234567890123456789', 'context')).toBe('<67890123456789|')
  })

  it('gives a row the same numbers whatever it is batched with', async () => {
    for (const pooling of ['mean', 'first'] as const) {
      const encoder = transformerEncoder(vocabulary, { ...small, length: 64, pooling })
      // Larger numbers than it starts from, so that every token matters to every other.
      const parameters = encoder.init(seeded(1))
      for (const { leaf } of parameterLeaves(parameters))
        for (let at = 0; at < leaf.data.length; at++) leaf.data[at] = 10 * Number(leaf.data[at])
      const [alone = []] = await encoded(encoder, [judged('tea')], parameters)
      const [among = []] = await encoded(encoder, [judged('tea'), judged('the tea is good')], parameters)
      expect(furthest([alone], [among])).toBeLessThan(1e-5)
    }
  })

  it('heeds the context, and the order of words', async () => {
    const encoder = transformerEncoder(vocabulary, { ...small, length: 64 })
    const [a = [], b = [], c = []] = await encoded(encoder, [
      judged('tea good', { context: asked('x') }),
      judged('good tea', { context: asked('x') }),
      judged('tea good', { context: asked('y') }),
    ])
    expect(furthest([a], [b])).toBeGreaterThan(1e-4)
    expect(furthest([a], [c])).toBeGreaterThan(1e-4)
  })

  it('learns which context a word is liked in, which no sum over words can tell', async () => {
    const encoder = transformerEncoder(vocabulary, { ...small, width: 16 })
    const cases = [
      ['hot', 'tea', 1],
      ['hot', 'ice', -1],
      ['cold', 'tea', -1],
      ['cold', 'ice', 1],
    ] as const
    const inputs = await encoder.prepare(cases.map(([heard, said]) => judged(said, { context: asked(heard) })))
    const parameters = { encoder: encoder.init(seeded(1)), head: value(new Float32Array(16).fill(0.1), [16, 1]) }
    const step = await trainStep(
      ({ sign, ...given }, p) => {
        const score = squeeze(matmul(encoder.apply(p.encoder, given), p.head), [1])
        return { loss: mean(neg(logSigmoid(mul(sign, score)))) }
      },
      {
        inputs: { ...encoder.specs, sign: spec(['rows']) },
        parameters,
        optimizer: adam({ learningRate: 0.01 }),
        threads: 1,
      },
    )
    const sign = Float32Array.from(cases, ([, , like]) => like)
    let loss = Number.NaN
    for (let update = 0; update < 60; update++) loss = (await step({ ...inputs, sign } as never)).loss
    await step.dispose()
    // Chance is ln 2 = 0.69.
    expect(loss).toBeLessThan(0.05)
  })

  it('is named by its options and vocabulary, and opened again from what it says of itself', async () => {
    const encoder = transformerEncoder(vocabulary, small)
    const opened = await transformerEncoderKind.open(JSON.parse(JSON.stringify(encoder.description.options)))
    expect(opened.id).toBe(encoder.id)
    expect(await encoded(opened, [judged('tea')])).toEqual(await encoded(encoder as typeof opened, [judged('tea')]))
    expect(transformerEncoder(learnBytePairs([]), small).id).not.toBe(encoder.id)
    expect(transformerEncoder(vocabulary, { ...small, layers: 2 }).id).not.toBe(encoder.id)
    expect(() => transformerEncoder(vocabulary, { ...small, heads: 3 })).toThrow('does not divide by 3 heads')
  })
})
