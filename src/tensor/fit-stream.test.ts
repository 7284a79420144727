import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Progress, seeded, startRun } from '../run/index.ts'
import {
  adam,
  type ExampleStream,
  type Examples,
  examplesOf,
  fit,
  mean,
  mul,
  spec,
  square,
  sub,
  sum,
  type TensorValue,
  trainStep,
  value,
} from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-stream-'))
afterAll(() => rmSync(folder, { recursive: true }))

type Batch = { readonly x: TensorValue; readonly y: TensorValue }
const count = 50
const random = seeded('stream')
const x = value(
  Float32Array.from({ length: 3 * count }, () => random.normal()),
  [count, 3],
)
const y = value(Float32Array.from({ length: count }, () => random.normal()))
const whole = examplesOf({ x, y })

const makeStep = () =>
  trainStep(({ x, y }, { w }) => mean(square(sub(sum(mul(x, w), -1), y))), {
    inputs: { x: spec(['rows', 3]), y: spec(['rows']) },
    parameters: { w: value(Float32Array.of(0.1, -0.2, 0.3)) },
    optimizer: adam({ learningRate: 0.05 }),
  })

/** The examples in the order that a fit of all of them takes, cut into pieces of these sizes. */
function cut(sizes: readonly number[], opened: number[] = [], arrays = true): ExampleStream<Batch> {
  return {
    async *pieces(random) {
      const order = random.shuffle(new Uint32Array(count).map((_, at) => at))
      let from = 0
      for (const size of sizes) {
        const [start, end] = [from, from + size]
        from = end
        yield {
          count: size,
          async open(): Promise<Examples<Batch>> {
            opened.push(start)
            const { x, y } = await whole.batch(order.subarray(start, end))
            const held = examplesOf({ x, y })
            return arrays ? held : { count: size, batch: held.batch }
          },
        }
      }
    },
  }
}

describe('a fit of a stream', () => {
  it('ends at the bits of a fit of all examples in the same order, however they are cut', async () => {
    const fitted = async (examples: Examples<Batch> | ExampleStream<Batch>, checkpointEvery = 0) => {
      const step = await makeStep()
      const told: Progress[] = []
      const { history, updates } = await fit(
        step,
        { examples, batchSize: 8, epochs: 3, checkpointEvery },
        startRun({ seed: 2, onProgress: (progress) => told.push(progress) }),
      )
      await step.dispose()
      return { w: [...step.parameters.w.data], history, updates, last: told.at(-1) }
    }
    const all = await fitted(whole)
    expect(all.updates).toBe(21)
    for (const stream of [cut([50]), cut([16, 8, 26]), cut([8, 8, 8, 8, 8, 8, 2]), cut([24, 26], [], false)])
      expect(await fitted(stream)).toEqual(all)
  })

  it('goes on within an epoch without making earlier pieces ready again', async () => {
    const fitted = async (name: string, opened: number[], stopAfter = Number.POSITIVE_INFINITY) => {
      const step = await makeStep()
      const abort = new AbortController()
      await fit(
        step,
        {
          examples: cut([16, 16, 18], opened),
          batchSize: 8,
          epochs: 2,
          checkpointEvery: 1,
          onMetrics({ updates }) {
            if (updates === stopAfter) abort.abort(new Error('stopped'))
          },
        },
        startRun({ seed: 4, folder: join(folder, name), signal: abort.signal }),
      ).catch((error: Error) => expect(error.message).toBe('stopped'))
      return [...step.parameters.w.data]
    }
    const undisturbed = await fitted('whole', [])
    await fitted('parts', [], 3)
    const opened: number[] = []
    expect(await fitted('parts', opened)).toEqual(undisturbed)
    // Three of seven batches were done, so that the first piece is over.
    expect(opened).toEqual([16, 32, 0, 16, 32])
  })

  it('says what is wrong with pieces', async () => {
    const fitted = async (stream: ExampleStream<Batch>): Promise<unknown> =>
      fit(await makeStep(), { examples: stream, batchSize: 8, epochs: 1, checkpointEvery: 0 }, startRun())
    await expect(fitted(cut([20, 30]))).rejects.toThrow(
      'fit: a piece that is not the last has no whole number of batches of 8',
    )
    await expect(fitted(cut([]))).rejects.toThrow('fit: the stream has no batch of 8 examples')
  })
})
