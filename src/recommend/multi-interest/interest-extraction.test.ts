import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import {
  checkGradients,
  compile,
  constant,
  evaluate,
  isTensorValue,
  mapTree,
  type Symbolic,
  spec,
  type Tensor,
  value,
} from '../../tensor/index.ts'
import { routeInterests, squash } from './dynamic-routing.ts'
import {
  centreUsage,
  type ExtractionOptions,
  type ExtractionParameters,
  extractInterests,
  initExtraction,
  routingAssignment,
} from './interest-extraction.ts'
import { attendInterests } from './self-attentive.ts'

const width = 4
const random = seeded(9)
const behaviours = Array.from({ length: 6 }, () => Array.from({ length: width }, () => random.normal()))
const everyone = [[1, 1, 1, 1, 1, 1]]

async function extracted(
  options: ExtractionOptions,
  given: readonly (readonly number[])[],
  mask: readonly (readonly number[])[] = everyone,
  change: (parameters: ExtractionParameters) => ExtractionParameters = (same) => same,
): Promise<{ readonly interests: number[][]; readonly assignment: number[][] }> {
  const parameters = change(initExtraction(seeded(3), width, options))
  const graph = await compile(({ h, m }, held) => extractInterests(held, h, m, options), {
    inputs: { h: spec([1, given.length, width]), m: spec([1, given.length]) },
    parameters,
  })
  const { interests, assignment } = await graph({ h: [given], m: mask })
  await graph.dispose()
  const rows = (data: ArrayLike<number>, columns: number): number[][] =>
    Array.from({ length: data.length / columns }, (_, row) =>
      Array.from({ length: columns }, (__, at) => data[row * columns + at] ?? 0),
    )
  return {
    interests: rows(interests.data as Float32Array, width),
    assignment: rows(assignment.data as Float32Array, given.length),
  }
}

function close(found: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): void {
  expect(found.length).toBe(wanted.length)
  for (const [row, numbers] of wanted.entries())
    for (const [at, number] of numbers.entries()) expect(found[row]?.[at], `row ${row}, ${at}`).toBeCloseTo(number, 4)
}

const variants: readonly ExtractionOptions[] = [
  {},
  { residual: true },
  { shareLayers: true },
  { update: 'gru' },
  { read: 'mean' },
  { read: 'concatenated' },
]

describe('routing', () => {
  it('gives each behaviour to the centres in shares that sum to 1, and one that is not there to none', async () => {
    const [shares] = (await evaluate(({ q, k, m }) => routingAssignment(q, k, m), {
      q: [
        [
          [2, 0],
          [0, 2],
        ],
      ],
      k: [
        [
          [1, 0],
          [1, 1],
          [5, 5],
        ],
      ],
      m: [[1, 1, 0]],
    })) as [number[][]]
    // The first behaviour's logits are 2/√2 and 0.
    const first = 1 / (1 + Math.exp(-Math.SQRT2))
    close(shares, [
      [first, 0.5, 0],
      [1 - first, 0.5, 0],
    ])
  })

  it('lets centres compete, where self-attention lets behaviours compete', async () => {
    const { assignment } = await extracted({ interests: 3 }, behaviours, [[1, 1, 0, 1, 1, 1]])
    for (let at = 0; at < 6; at++)
      expect(assignment.reduce((sum, row) => sum + (row[at] ?? 0), 0)).toBeCloseTo(at === 2 ? 0 : 1, 5)
    // Means of equal vectors are that vector, whatever the attention.
    const same = Array.from({ length: 6 }, () => [3, -1])
    const { vectors, valid } = await evaluate(({ h, m, w, o }) => attendInterests({ inner: w, outer: o }, h, h, m), {
      h: [same],
      m: [[0, 1, 1, 1, 0, 1]],
      w: [
        [1, 2],
        [0, 1],
      ],
      o: [
        [1, 0],
        [0, 3],
        [2, 2],
      ],
    })
    close((vectors as number[][][])[0] ?? [], [
      [3, -1],
      [3, -1],
      [3, -1],
    ])
    expect(valid).toEqual([[1, 1, 1]])
  })
})

describe('the extraction of interests', () => {
  it('is the mean of W_v h under an MLP for one centre', async () => {
    let held: ExtractionParameters | undefined
    const { interests } = await extracted({ interests: 1, layers: 1 }, behaviours, everyone, (parameters) => {
      held = parameters
      return parameters
    })
    if (!held) throw new Error('there are no parameters')
    const [layer] = held.layers
    const times = (weight: ArrayLike<number>, x: readonly number[], bias?: ArrayLike<number>): number[] =>
      x.map((_, row) => x.reduce((sum, number, at) => sum + number * (weight[row * width + at] ?? 0), bias?.[row] ?? 0))
    const numbers = (of: { readonly data: unknown } | undefined) => (of?.data ?? []) as ArrayLike<number>
    const mean = Array.from({ length: width }, (_, at) => behaviours.reduce((sum, h) => sum + (h[at] ?? 0), 0) / 6)
    const pooled = times(numbers(layer?.value.weight), mean)
    const [first, second] = layer?.mlp?.layers ?? []
    const inner = times(numbers(first?.weight), pooled, numbers(first?.bias)).map((x) => Math.max(0, x))
    const centre = numbers(held.centres)
    const moved = times(numbers(second?.weight), inner, numbers(second?.bias)).map(
      (x, at) => x + (pooled[at] ?? 0) + (centre[at] ?? 0),
    )
    const middle = moved.reduce((sum, x) => sum + x, 0) / width
    const spread = Math.sqrt(moved.reduce((sum, x) => sum + (x - middle) ** 2, 0) / width + 1e-5)
    close(interests, [moved.map((x) => (x - middle) / spread)])
  })

  it('is the same for behaviours in any order and for any that are not there', async () => {
    for (const options of variants) {
      const { interests } = await extracted(options, behaviours)
      close((await extracted(options, behaviours.toReversed())).interests, interests)
      const padded = [[9, 9, 9, 9], ...behaviours]
      close((await extracted(options, padded, [[0, 1, 1, 1, 1, 1, 1]])).interests, interests)
    }
  })

  it('has the centres’ order, and keeps equal centres equal for ever', async () => {
    const withCentres = (rows: readonly number[]) => (parameters: ExtractionParameters) => {
      const from = parameters.centres.data as Float32Array
      const data = Float32Array.from(rows.flatMap((row) => Array.from(from.subarray(row * width, (row + 1) * width))))
      return { ...parameters, centres: value(data, parameters.centres.shape) }
    }
    for (const options of variants) {
      const { interests } = await extracted(options, behaviours)
      const { interests: moved } = await extracted(options, behaviours, everyone, withCentres([2, 0, 3, 1]))
      close(
        moved,
        [2, 0, 3, 1].map((row) => interests[row] ?? []),
      )
      const { interests: equal } = await extracted(options, behaviours, everyone, withCentres([1, 1, 0, 1]))
      close([equal[1] ?? [], equal[3] ?? []], [equal[0] ?? [], equal[0] ?? []])
      expect(equal[2]?.[0]).not.toBeCloseTo(equal[0]?.[0] ?? 0, 3)
    }
  })

  it('starts from centres at right angles, in groups where there are more than directions', () => {
    const { centres } = initExtraction(seeded(1), 3, { interests: 5 })
    const row = (at: number) => Array.from((centres.data as Float32Array).subarray(at * 3, at * 3 + 3))
    const product = (a: number, b: number): number => row(a).reduce((sum, x, at) => sum + x * (row(b)[at] ?? 0), 0)
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 2],
      [3, 4],
    ] as const)
      expect(product(a, b)).toBeCloseTo(0, 5)
    for (const at of [0, 1, 2, 3, 4]) expect(product(at, at)).toBeCloseTo(1, 5)
  })

  it('stays a number where a centre takes nothing or nobody did anything, and tells which take nothing', async () => {
    const { interests, assignment } = await extracted({}, behaviours, [[0, 0, 0, 0, 0, 0]])
    expect(interests.flat().every(Number.isFinite)).toBe(true)
    expect(assignment.flat().every((share) => share === 0)).toBe(true)
    const usage = await evaluate(({ a, m }) => centreUsage(a, m), {
      a: [
        [
          [1, 0.5, 0],
          [0, 0.5, 0],
        ],
        [
          [0, 0, 0],
          [0, 0, 0],
        ],
      ],
      m: [
        [1, 1, 0],
        [0, 0, 0],
      ],
    })
    expect(usage).toEqual([
      [0.75, 0.25],
      [0, 0],
    ])
  })

  it('gives a later layer what the earlier ones left, with residual', async () => {
    const { interests: whole } = await extracted({ layers: 1 }, behaviours)
    close((await extracted({ layers: 1, residual: true }, behaviours)).interests, whole)
    const { interests: two } = await extracted({ layers: 2 }, behaviours)
    const { interests: left } = await extracted({ layers: 2, residual: true }, behaviours)
    expect(left[0]?.[0]).not.toBeCloseTo(two[0]?.[0] ?? 0, 3)
  })

  it('agrees with finite differences', async () => {
    for (const options of [
      { layers: 2, residual: true, read: 'concatenated' },
      { layers: 2, update: 'gru', read: 'mean' },
    ] as const) {
      const parameters = initExtraction(seeded(3), width, { ...options, interests: 2 })
      const doubles = mapTree(parameters, isTensorValue, ({ data, shape }) =>
        value(Float64Array.from(data as Float32Array), shape),
      ) as ExtractionParameters
      const { error } = await checkGradients(
        ({ h, c }) => {
          const held = mapTree(doubles, isTensorValue, (leaf) => constant(leaf)) as Symbolic<ExtractionParameters>
          const mask = constant(value(Float64Array.from([1, 1, 1, 0, 1, 1]), [1, 6]))
          return extractInterests({ ...held, centres: c as Tensor }, h as Tensor, mask, options).interests
        },
        { h: value(Float64Array.from(behaviours.flat()), [1, 6, width]), c: doubles.centres },
      )
      expect(error).toBeLessThan(1e-5)
    }
  })
})

describe('dynamic routing', () => {
  it('shortens vectors below 1 and keeps their direction', async () => {
    const found = (await evaluate(({ x }) => squash(x), {
      x: [
        [3, 4],
        [0, 0],
        [0.3, 0.4],
      ],
    })) as number[][]
    // 25/26 and 0.25/1.25 long.
    close(found, [
      [(3 / 5) * (25 / 26), (4 / 5) * (25 / 26)],
      [0, 0],
      [0.12, 0.16],
    ])
  })

  it('is the squashed share of the votes after one round from even starts', async () => {
    const map = [
      [1, 0],
      [0, 1],
      [2, 0],
      [0, 2],
    ]
    const { vectors, valid } = (await evaluate(({ e, m, s }) => routeInterests({ map: s }, e, m, 2, 1), {
      e: [
        [
          [1, 0],
          [3, 4],
          [7, 7],
        ],
      ],
      m: [[1, 1, 0]],
      s: map,
    })) as { vectors: number[][][]; valid: number[][] }
    // Half of (4, 4) and of (8, 8).
    const length = (x: number): number => (2 * x * x) / (1 + 2 * x * x) / Math.sqrt(2 * x * x)
    close(vectors[0] ?? [], [
      [2 * length(2), 2 * length(2)],
      [4 * length(4), 4 * length(4)],
    ])
    expect(valid).toEqual([[1, 1]])
  })

  it('gives MIND’s users min(K, log₂ n) interests, and nobody without behaviours any', async () => {
    const found = await evaluate(({ e, m, s, b }) => routeInterests({ map: s, start: b }, e, m, 3), {
      e: Array.from({ length: 5 }, () => Array.from({ length: 8 }, (_, at) => [at, 1])),
      m: [0, 1, 3, 4, 8].map((count) => Array.from({ length: 8 }, (_, at) => (at < count ? 1 : 0))),
      s: [
        [1, 0],
        [0, 1],
      ],
      b: Array.from({ length: 3 }, (_, row) => Array.from({ length: 8 }, (__, at) => Math.sin(row * 8 + at))),
    })
    expect(found.valid).toEqual([
      [0, 0, 0],
      [1, 0, 0],
      [1, 0, 0],
      [1, 1, 0],
      [1, 1, 1],
    ])
  })
})
