import { describe, expect, it } from 'vitest'
import { compile, matmul, spec } from './index.ts'

describe('session options', () => {
  it('give the same numbers with threads that do not spin', async () => {
    const inputs = { x: spec([64, 64]) }
    const x = Float32Array.from({ length: 64 * 64 }, (_, at) => Math.sin(at))
    const numbers = async (spinning: boolean): Promise<unknown> => {
      const run = await compile(({ x }) => matmul(x, x), { inputs, threads: 2, spinning })
      const { data } = await run({ x })
      await run.dispose()
      return data
    }
    expect(await numbers(false)).toEqual(await numbers(true))
  })
})
