import { seeded, startRun } from '../run/index.ts'
import { adam, dropout, examplesOf, fit, linear, mean, relu, spec, square, sub, trainStep, value } from './index.ts'

// A small fit with dropout, in a process of its own, so that a test can kill it. Prints the number of updates after
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

const step = await trainStep(
  (inputs, { a, b, c }, { key }) =>
    mean(square(sub(linear(dropout(relu(linear(inputs.x, a, b)), 0.2, key()), c), inputs.y))),
  {
    inputs: { x: spec(['batch', 6]), y: spec(['batch', 1]) },
    parameters,
    optimizer: adam({ learningRate: (updates) => 0.05 / Math.sqrt(updates) }),
    averageDecay: 0.9,
    threads: 2,
    seed: 5,
  },
)
const pause = Number(process.argv[3] ?? 0)
const result = await fit(
  step,
  {
    examples: {
      ...examplesOf({ x, y }),
      async batch(indices) {
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
        return examplesOf({ x, y }).batch(indices)
      },
    },
    batchSize: 16,
    epochs: 4,
    checkpointEvery: 2,
    validate: () => ({ weight: Number(parameters.a.data[0]) }),
    onMetrics: ({ kind, updates }) => kind === 'step' && console.log(updates),
  },
  startRun({ seed: 3, ...(process.argv[2] && { folder: process.argv[2] }) }),
)
console.log(
  JSON.stringify({
    history: result.history,
    parameters: [...parameters.a.data, ...parameters.c.data, ...step.averaged.a.data],
  }),
)
