import { describe, expect, it } from 'vitest'
import { applyMlp, type MlpParameters } from '../../nets/index.ts'
import { seeded } from '../../run/index.ts'
import {
  abs,
  compile,
  concat,
  evaluate,
  gradients,
  mean,
  mul,
  spec,
  sub,
  sum,
  type Tensor,
  type TensorValue,
  value,
  zeros,
} from '../../tensor/index.ts'
import { featureTable } from '../impressions/feature-table.ts'
import { applyBehaviourUnit, initBehaviourUnit } from './behaviour-unit.ts'
import { applyExperts, initExperts } from './experts.ts'
import { applyFeatures } from './feature-vectors.ts'
import { gateContrast, maskBehaviours } from './gate-contrast.ts'
import {
  applyRankerNetwork,
  expertGate,
  initRankerNetwork,
  type RankerParameters,
  type RankerShape,
  rankerModels,
} from './ranker-network.ts'

const random = seeded(1)
const normal = (...shape: readonly number[]): TensorValue =>
  value(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
    shape,
  )
const close = (a: ArrayLike<unknown>, b: ArrayLike<unknown>, digits = 5): void => {
  expect(a.length).toBe(b.length)
  for (let at = 0; at < a.length; at++) expect(Number(a[at])).toBeCloseTo(Number(b[at]), digits)
}

describe('the unit of a behaviour', () => {
  const [rows, behaviours, width] = [4, 6, 3]
  const h = normal(rows, behaviours, width)
  const own = normal(rows, width)
  const repeated = value(
    Float32Array.from({ length: rows * behaviours * width }, (_, at) =>
      Number(own.data[Math.floor(at / (behaviours * width)) * width + (at % width)]),
    ),
    [rows, behaviours, width],
  )
  for (const form of ['target', 'query'] as const)
    it(`set against a ${form} is a perceptron over the whole row, taken apart`, async () => {
      const run = await compile(
        ({ h: x, own: t, repeated: wide }, held) => ({
          unit: applyBehaviourUnit(held, form, x, t),
          plain: applyMlp(held, concat(form === 'target' ? [x, wide, mul(x, wide), sub(x, wide)] : [x, wide], -1)),
        }),
        {
          inputs: { h: spec(h.shape), own: spec(own.shape), repeated: spec(repeated.shape) },
          parameters: initBehaviourUnit(seeded(2), form, width, width, [5, 2]),
        },
      )
      const { unit, plain } = await run({ h, own, repeated })
      expect(unit.shape).toEqual([rows, behaviours, 2])
      close(unit.data, plain.data)
      await run.dispose()
    })
})

it('experts side by side are perceptrons of their own', async () => {
  const parameters = initExperts(seeded(3), 3, [4, 6, 5])
  const alone = [0, 1, 2].map((expert) => ({
    layers: parameters.layers.map(({ weight, bias }) => {
      const [, out = 0, inputs = 0] = weight.shape
      const part = ({ data }: TensorValue, size: number): Float32Array =>
        Float32Array.from(data.slice(expert * size, (expert + 1) * size) as ArrayLike<number>)
      return { weight: value(part(weight, out * inputs), [out, inputs]), bias: value(part(bias, out)) }
    }),
  }))
  const run = await compile(
    ({ x }, held) => ({
      all: applyExperts(held.together, x),
      each: concat(
        held.alone.map((own) => applyMlp(own, x)),
        -1,
      ),
    }),
    { inputs: { x: spec(['rows', 4]) }, parameters: { together: parameters, alone } },
  )
  const { all, each } = await run({ x: normal(7, 4) })
  expect(all.shape).toEqual([7, 3])
  close(all.data, each.data)
  await run.dispose()
})

it('features are means of their values and the numbers, zeros for what is not known and for the row after the last', async () => {
  const table = featureTable(3, {
    id: false,
    fields: { genre: [['a', 'b'], undefined, 'b'] },
    numbers: { year: [7, 8, 9] },
  })
  const run = await compile((_, held) => applyFeatures(held, table), {
    inputs: {},
    parameters: { genre: value(Float32Array.of(1, 2, 3, 6), [2, 2]) },
  })
  const { data, shape } = await run({})
  expect(shape).toEqual([4, 3])
  expect([...(data as Float32Array)]).toEqual([2, 4, 7, 0, 0, 8, 3, 6, 9, 0, 0, 0])
  await run.dispose()
})

describe('the gate of the experts', () => {
  const gateOf = (inputs: {
    parts: readonly (readonly (readonly number[])[])[]
    present: readonly (readonly boolean[])[]
  }) => evaluate(({ parts, present, none }) => expertGate(parts, present, none), { ...inputs, none: [0.5, 0.25] })
  const parts = [
    [
      [1, 10],
      [2, 20],
      [4, 40],
    ],
    [
      [1, 1],
      [1, 1],
      [1, 1],
    ],
  ]

  it('is the sum of what the behaviours give; padding gives nothing, and who did nothing has a gate of their own', async () => {
    const present = [
      [true, false, true],
      [false, false, false],
    ]
    expect(await gateOf({ parts, present })).toEqual([
      [5, 50],
      [0.5, 0.25],
    ])
  })

  it('gains exactly the share of one more behaviour, in whatever order', async () => {
    const at = async (present: readonly boolean[], order: readonly number[]): Promise<readonly number[]> => {
      const [row = []] = parts
      const made = await gateOf({
        parts: [order.map((place) => row[place] ?? [])],
        present: [order.map((place) => present[place] ?? false)],
      })
      return (made as readonly (readonly number[])[])[0] ?? []
    }
    const [two, three] = [await at([true, true, false], [0, 1, 2]), await at([true, true, true], [0, 1, 2])]
    expect(three.map((number, expert) => number - (two[expert] ?? 0))).toEqual([4, 40])
    expect(await at([true, true, false], [2, 1, 0])).toEqual(two)
  })
})

describe('the network', () => {
  const features = {
    items: featureTable(5, {
      fields: { genre: ['a', 'b', 'a', undefined, 'b'] },
      numbers: { year: [0, 1, -1, 2, 0.5] },
    }),
    queries: featureTable(2),
  }
  const shape: RankerShape = {
    ...{ model: 'aw-moe', experts: 3, width: 4, hidden: [6, 5], unitHidden: [5], length: 4 },
    ...{ pooling: 'attention', gateBy: 'query', gateNorm: 'none' },
  }
  const inputs = {
    target: Int32Array.of(0, 3, 4),
    history: value(Int32Array.of(5, 1, 2, 4, 5, 5, 5, 5), [2, 4]),
    query: Int32Array.of(1, 0),
    request: Int32Array.of(0, 0, 1),
  }
  const specs = {
    target: spec(['rows'], 'int32'),
    history: spec(['requests', 4], 'int32'),
    query: spec(['requests'], 'int32'),
    request: spec(['rows'], 'int32'),
  }
  const outputs = async (own: RankerShape, parameters: RankerParameters) => {
    const run = await compile(
      (given, held) => {
        const { logits, gates, experts } = applyRankerNetwork(held, given, features, own)
        return { logits, experts, gates: gates ?? experts }
      },
      { inputs: specs, parameters },
    )
    const made = await run(inputs)
    await run.dispose()
    return made
  }
  /** A gate that gives the same for every behaviour: each expert its bias, times the activation's. */
  const constant = (parameters: RankerParameters, experts: readonly number[], activation: number): RankerParameters => {
    const flat = ({ layers }: MlpParameters, biases: readonly number[]): MlpParameters => ({
      layers: layers.map((layer, at) =>
        at < layers.length - 1 ? layer : { weight: zeros(layer.weight.shape), bias: value(Float32Array.from(biases)) },
      ),
    })
    const { gate } = parameters
    if (!gate) throw new Error('there is no gate')
    return {
      ...parameters,
      gate: { ...gate, unit: flat(gate.unit, experts), activation: flat(gate.activation, [activation]) },
    }
  }

  it('with gates that are constant is a sum of experts; with one expert, a scaled DIN', async () => {
    const random = seeded(7)
    const ensemble = constant(initRankerNetwork(random, features, shape), [2, 3, 5], 1 / 3)
    const { logits, experts, gates } = await outputs(shape, ensemble)
    // Three behaviours of a third each; the second request has none and takes g₀, a third each.
    close(gates.data, [2, 3, 5, 2, 3, 5, 1 / 3, 1 / 3, 1 / 3])
    const at = (row: number, expert: number): number => Number(experts.data[row * 3 + expert])
    close(logits.data, [
      ...[0, 1].map((row) => 2 * at(row, 0) + 3 * at(row, 1) + 5 * at(row, 2)),
      (at(2, 0) + at(2, 1) + at(2, 2)) / 3,
    ])
    const single: RankerShape = { ...shape, experts: 1 }
    const one = constant(initRankerNetwork(random, features, single), [1], 2 / 3)
    const { gate: _, ...din } = one
    const [mixed, plain] = [await outputs(single, one), await outputs({ ...single, model: 'din' }, din)]
    close(
      mixed.logits.data,
      [2, 2, 1].map((factor, row) => factor * Number(plain.logits.data[row])),
    )
  })

  it('has one gate for all items of a request by its query, and one for each by the item', async () => {
    const gates = async (own: RankerShape): Promise<readonly number[]> => {
      const made = await outputs(own, initRankerNetwork(seeded(8), features, own))
      return Array.from(made.gates.data as Float32Array)
    }
    const byQuery = await gates(shape)
    expect(byQuery.slice(0, 3)).toEqual(byQuery.slice(3, 6))
    const byItem = await gates({ ...shape, gateBy: 'target' })
    expect(byItem.slice(0, 3)).not.toEqual(byItem.slice(3, 6))
    const softened = await gates({ ...shape, gateNorm: 'softmax' })
    expect(softened.slice(0, 3).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6)
  })

  it('gives padding no part and order no weight', async () => {
    for (const model of rankerModels) {
      const own: RankerShape = { ...shape, model, pooling: model === 'dnn' ? 'mean' : 'attention' }
      const parameters = initRankerNetwork(seeded(9), features, own)
      const before = await outputs(own, parameters)
      const run = await compile((given, held) => applyRankerNetwork(held, given, features, own).logits, {
        inputs: { ...specs, history: spec(['requests', 6], 'int32') },
        parameters,
      })
      const longer = value(Int32Array.of(4, 5, 2, 5, 1, 5, 5, 5, 5, 5, 5, 5), [2, 6])
      close((await run({ ...inputs, history: longer })).data, before.logits.data)
      await run.dispose()
    }
  })

  it('lets the contrast teach the gate and the vectors it reads, and not the experts', async () => {
    const parameters = initRankerNetwork(seeded(10), features, shape)
    const run = await compile(
      (given, held) => {
        const { gate } = applyRankerNetwork(held, given, features, shape)
        if (!gate || !held.gate) throw new Error('there is no gate')
        const { gates, contributions, present } = gate
        const left = maskBehaviours(present, given.draws, 0.5)
        const loss = mean(
          gateContrast({
            gates,
            masked: expertGate(contributions, left, held.gate.none),
            negatives: given.negatives,
            users: given.users,
          }),
        )
        const leaves = [...tensorLeaves(held)]
        return Object.fromEntries(
          gradients(
            loss,
            leaves.map(({ tensor }) => tensor),
          ).map((gradient, at) => [leaves[at]?.path ?? '', sum(abs(gradient))]),
        )
      },
      {
        inputs: {
          ...specs,
          draws: spec(['requests', 4]),
          negatives: spec(['requests', 1], 'int32'),
          users: spec(['requests'], 'int32'),
        },
        parameters,
      },
    )
    const size = await run({
      ...inputs,
      draws: value(Float32Array.of(0, 0.9, 0.1, 0.2, 0, 0, 0, 0), [2, 4]),
      negatives: value(Int32Array.of(1, 0), [2, 1]),
      users: Int32Array.of(0, 1),
    })
    for (const [path, total] of Object.entries(size)) {
      const learns = path.startsWith('gate') || path.startsWith('items') || path.startsWith('queries')
      if (learns) expect(Number(total.data[0]), path).toBeGreaterThan(0)
      else expect(Number(total.data[0]), path).toBe(0)
    }
    await run.dispose()
  })
})

/** The tensors of a tree of them, with their paths. */
function* tensorLeaves(tree: unknown, path = ''): Generator<{ readonly path: string; readonly tensor: Tensor }> {
  if (typeof tree !== 'object' || tree === null) return
  if ('node' in tree && 'shape' in tree) {
    yield { path, tensor: tree as Tensor }
    return
  }
  for (const [name, branch] of Object.entries(tree)) yield* tensorLeaves(branch, path === '' ? name : `${path}.${name}`)
}
