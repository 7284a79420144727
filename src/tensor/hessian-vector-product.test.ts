import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import {
  add,
  at,
  compile,
  constant,
  evaluate,
  gelu,
  gradients,
  hessianVectorProduct,
  layerNorm,
  linear,
  logSoftmax,
  mean,
  mul,
  neg,
  oneHot,
  spec,
  square,
  sub,
  sum,
  type Tensor,
  type TensorValue,
  tanh,
  value,
  vectorize,
} from './index.ts'

const random = seeded('hessian')
const normal = (...shape: number[]): TensorValue =>
  value(
    Float64Array.from({ length: shape.reduce((count, size) => count * size, 1) }, () => random.normal()),
    shape,
  )

/** Cross-entropy of logits [n, classes] with one class each. */
const crossEntropy = (logits: Tensor, classes: Tensor): Tensor =>
  neg(mean(sum(mul(logSoftmax(logits), oneHot(classes, Number(logits.shape[1]), logits.dtype)), 1)))

type Numbers = Readonly<Record<string, TensorValue>>
type Symbols = Readonly<Record<string, Tensor>>

/** Largest relative error of H v against (∇f(x + h v) − ∇f(x − h v))/2h. */
async function errorOf(f: (parameters: Symbols) => Tensor, at: Numbers): Promise<number> {
  const names = Object.keys(at)
  const directions: Numbers = Object.fromEntries(
    names.map((name) => [name, normal(...(at[name]?.shape ?? []).map(Number))]),
  )
  const inputs = Object.fromEntries(names.map((name) => [name, spec(at[name]?.shape ?? [], 'float64')]))
  const slope = await compile((parameters: Symbols) => gradients(f(parameters), parameters), { inputs, threads: 1 })
  const product = await compile(
    ({ ...given }: Symbols) => {
      const parameters = Object.fromEntries(names.map((name) => [name, given[name] as Tensor]))
      const vectors = Object.fromEntries(names.map((name) => [name, given[`v/${name}`] as Tensor]))
      return hessianVectorProduct(f(parameters), parameters, vectors)
    },
    {
      inputs: { ...inputs, ...Object.fromEntries(names.map((name) => [`v/${name}`, inputs[name] ?? spec([])])) },
      threads: 1,
    },
  )
  const step = 1e-5
  const moved = (sign: number): Numbers =>
    Object.fromEntries(
      names.map((name) => {
        const [from, along] = [at[name]?.data ?? [], directions[name]?.data ?? []]
        const data = Float64Array.from(from as Float64Array, (x, i) => x + sign * step * Number(along[i]))
        return [name, value(data, (at[name]?.shape ?? []).map(Number))]
      }),
    )
  const [above, below] = [await slope(moved(1)), await slope(moved(-1))]
  const found = await product({
    ...at,
    ...Object.fromEntries(names.map((name) => [`v/${name}`, directions[name] ?? normal()])),
  })
  const errors = names.flatMap((name) =>
    Array.from(found[name]?.data as Float64Array, (exact, i) => {
      const difference = (Number(above[name]?.data[i]) - Number(below[name]?.data[i])) / (2 * step)
      return Math.abs(exact - difference) / Math.max(1, Math.abs(difference))
    }),
  )
  await slope.dispose()
  await product.dispose()
  return Math.max(...errors)
}

describe('hessianVectorProduct', () => {
  it('of a quadratic form is its matrix times the vector', async () => {
    // f = x² + 3xy + 5y²: H = [[2, 3], [3, 10]], H (1, −2) = (−4, −17).
    const product = await evaluate(
      ({ x, y }) => {
        const f = add(add(square(x), mul(mul(x, y), 3)), mul(square(y), 5))
        // Vectors computed from x and y are constants all the same.
        return hessianVectorProduct(f, { x, y }, { x: sub(x, 6), y: sub(y, 10) })
      },
      { x: 7, y: 8 },
    )
    expect(product).toEqual({ x: -4, y: -17 })
  })

  it('of softmax cross-entropy is p ∘ v − p (p · v)', async () => {
    // Logits 0, log 2, log 3 give p = 1/6, 1/3, 1/2; with v = (1, 0, 0): 1/6 − 1/36, −1/18, −1/12.
    const product = await evaluate(
      ({ logits, v, classes }) => hessianVectorProduct(crossEntropy(logits, classes), logits, v),
      { logits: [[0, Math.log(2), Math.log(3)]], v: [[1, 0, 0]], classes: BigInt64Array.of(2n) },
    )
    const [row = []] = product as number[][]
    ;[5 / 36, -1 / 18, -1 / 12].forEach((exact, i) => {
      expect(row[i]).toBeCloseTo(exact, 12)
    })
  })

  it('agrees with differences of gradients for an MLP with a squared error', async () => {
    const [x, y] = [normal(6, 4), normal(6, 2)]
    const error = await errorOf(
      ({ a, b, c, d }) =>
        mean(square(sub(linear(tanh(linear(constant(x), a as Tensor, b)), c as Tensor, d), constant(y)))),
      { a: normal(4, 5), b: normal(5), c: normal(5, 2), d: normal(2) },
    )
    expect(error).toBeLessThan(1e-8)
  })

  it('agrees with differences of gradients for a normalised MLP with softmax cross-entropy', async () => {
    const x = normal(6, 4)
    const classes = value(BigInt64Array.of(0n, 2n, 1n, 1n, 0n, 2n))
    const error = await errorOf(
      ({ a, b, s, c }) => {
        const hidden = gelu(layerNorm(linear(constant(x), a as Tensor, b), { scale: s as Tensor }))
        return crossEntropy(linear(hidden, c as Tensor), constant(classes))
      },
      { a: normal(4, 5), b: normal(5), s: normal(5), c: normal(5, 3) },
    )
    expect(error).toBeLessThan(1e-8)
  })

  it('for every unit vector at once gives the Hessian', async () => {
    // f = x² y + y³ at (2, 3): [[2y, 2x], [2x, 6y]].
    const hessian = await evaluate(
      ({ p, unit }) => {
        const [x, y] = [at(p, 0, 0), at(p, 0, 1)]
        const total = add(mul(square(x), y), mul(square(y), y))
        return vectorize((v: Tensor) => hessianVectorProduct(total, p, v), unit)
      },
      {
        p: [2, 3],
        unit: [
          [1, 0],
          [0, 1],
        ],
      },
    )
    expect(hessian).toEqual([
      [6, 4],
      [4, 18],
    ])
  })

  it('says which vector does not fit', async () => {
    const wrong = ({ x }: { readonly x: Tensor }): unknown => hessianVectorProduct(sum(square(x)), { x }, { x: sum(x) })
    await expect(evaluate(wrong, { x: [1, 2] })).rejects.toThrow('the vector for x is [], expected [2]')
    const missing = ({ x }: { readonly x: Tensor }): unknown =>
      hessianVectorProduct<Record<string, Tensor>>(sum(square(x)), { x }, {})
    await expect(evaluate(missing, { x: [1, 2] })).rejects.toThrow('0 vectors for 1 tensors')
  })
})
