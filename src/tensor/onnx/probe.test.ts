import { describe, expect, it } from 'vitest'
import {
  adam,
  add,
  compile,
  exp,
  log,
  mean,
  mul,
  spec,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  trainStep,
  value,
} from '../index.ts'

describe('debug', () => {
  it('names the operation that first gave NaN, what it was given, and where it was built', async () => {
    const run = await compile(({ x }) => sum(mul(exp(log(sub(x, 2))), 3)), { inputs: { x: spec(['n']) }, debug: true })
    expect((await run({ x: [3, 4] })).data[0]).toBeCloseTo(9, 5)
    await expect(run({ x: [1, 4] })).rejects.toThrow(
      /^log \(float32 \[n\]\) gave NaN, from sub \(float32 \[n\] from -1 to 2\); built at .*probe\.test\.ts:\d+.*; path: log ← sub ← \(x, 2\)$/,
    )
  })

  it('tells infinity apart, and blames an input that came in broken', async () => {
    const run = await compile(({ x }) => exp(x), { inputs: { x: spec([1]) }, debug: true })
    await expect(run({ x: [1000] })).rejects.toThrow('exp (float32 [1]) gave NaN or infinity')
    await expect(run({ x: [Number.NaN] })).rejects.toThrow('the input "x" holds NaN or infinity')
  })

  it('tells the path from the inputs, and only its ends where it is long', async () => {
    const failing = async (fn: (x: Tensor, w: Tensor) => Tensor): Promise<string> => {
      const parameters = { w: value(Float32Array.from([1, 2])) }
      const run = await compile(({ x }, { w }) => fn(x, w), { inputs: { x: spec([2]) }, parameters, debug: true })
      return run({ x: [0, 0] }).then(
        () => 'nothing',
        ({ message }: Error) => message.slice(message.indexOf('path: ')),
      )
    }
    expect(await failing((x, w) => exp(log(sum(mul(x, exp(w))))))).toBe(
      'path: log ← sum ← mul ← (x, exp ← parameters/w)',
    )
    const long = (x: Tensor, w: Tensor): Tensor => {
      let y = mul(x, w)
      for (let layer = 0; layer < 40; layer++) y = add(exp(y), mul(y, w))
      return y
    }
    // The sums grow until an exponential overflows.
    const path = await failing(long)
    expect(path).toMatch(/^path: exp ← add ← \(exp ← add ← .*← … ← x, parameters\/w/)
    expect(path.length).toBeLessThan(210)
  })

  it('finds the fault in a backward pass', async () => {
    // √x is fine at 0, its slope is not.
    const step = await trainStep(({ x }, { w }) => mean(sqrt(square(mul(w, x)))), {
      inputs: { x: spec(['n']) },
      parameters: { w: value(Float32Array.from([0])) },
      optimizer: adam(),
      debug: true,
    })
    await expect(step({ x: [1, 2] })).rejects.toThrow(/^div \(float32 \[n\]\) gave NaN or infinity/)
    expect(step.parameters.w.data[0]).toBe(0)
    expect(step.updates).toBe(0)
  })
})
