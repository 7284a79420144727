import { seeded, startRun } from '../run/index.ts'
import {
  adam,
  add,
  dropout,
  embeddingTable,
  examplesOf,
  fit,
  gather,
  gradients,
  linear,
  mean,
  relu,
  spec,
  square,
  sub,
  sum,
  trainStep,
  value,
} from './index.ts'

// A small fit with dropout, a table of rows and early stopping, in a process of its own, so that a test can kill it. Prints the number of updates after
// each step and the final parameters as JSON.

const random = seeded('fit fixture')
const normal = (shape: readonly number[], scale: number): ReturnType<typeof value> =>
  value(
    Float32Array.from({ length: shape.reduce((count, size) => count * size, 1) }, () => random.normal() * scale),
    shape,
  )
const parameters = { a: normal([6, 16], 0.4), b: normal([16], 0), c: normal([16, 1], 0.2) }
const x = normal([70, 6], 1)
const y = normal([70, 1], 1)

const items = value(
  BigInt64Array.from({ length: 140 }, () => BigInt(random.integer(40))),
  [70, 2],
)
const table = embeddingTable({
  rows: 40,
  width: 4,
  optimizer: { kind: 'adam', learningRate: 0.02, exact: true },
  deviation: 0.5,
})

const step = await trainStep(
  (inputs, { a, b, c }, { key }) => {
    const predicted = linear(dropout(relu(linear(inputs.x, a, b)), 0.2, key()), c)
    const bias = sum(gather(inputs.rows, inputs.items), [1, 2])
    const loss = mean(square(sub(add(sum(predicted, 1), bias), sum(inputs.y, 1))))
    return { loss, forRows: gradients(loss, inputs.rows) }
  },
  {
    inputs: {
      x: spec(['batch', 6]),
      y: spec(['batch', 1]),
      rows: spec(['touched', 4]),
      items: spec(['batch', 2], 'int64'),
    },
    parameters,
    optimizer: adam({ learningRate: (updates) => 0.05 / Math.sqrt(updates) }),
    averageDecay: 0.9,
    threads: 2,
    seed: 5,
  },
)
const pause = Number(process.argv[3] ?? 0)
const examples = examplesOf({ x, y, items })
// The third epoch is the best.
const scores = [3, 2, 1, 4]
const result = await fit(
  step,
  {
    examples: {
      ...examples,
      async batch(indices) {
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
        return examples.batch(indices)
      },
    },
    batchSize: 16,
    epochs: 8,
    checkpointEvery: Number(process.argv[4] ?? 2),
    tables: { items: { table, rows: 'rows', indices: ['items'], gradient: 'forRows' } },
    validate: () => ({ weight: Number(parameters.a.data[0]), score: scores[Math.ceil(step.updates / 5) - 1] ?? 5 }),
    earlyStopping: { metric: 'score', patience: 4 },
    onMetrics: ({ kind, updates }) => kind === 'step' && console.log(updates),
  },
  startRun({ seed: 3, ...(process.argv[2] && { folder: process.argv[2] }) }),
)
console.log(
  JSON.stringify({
    history: result.history,
    parameters: [...parameters.a.data, ...parameters.c.data, ...step.averaged.a.data, ...table.data],
  }),
)
