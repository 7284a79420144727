import type { Random } from '../../run/index.ts'
import {
  add,
  argMax,
  type Compiled,
  cachedAttention,
  compile,
  gather,
  reshape,
  rmsNorm,
  type SessionOptions,
  type Symbolic,
  spec,
  split,
  type Tensor,
  type TensorValue,
  value,
  zeros,
} from '../../tensor/index.ts'
import { applyLinear } from '../linear.ts'
import { type DecoderConfig, type FullDecoderConfig, fullDecoderConfig } from './config.ts'
import { type FusedParameters, fusedHeadWidth, fusedParameters } from './fused-parameters.ts'
import type { DecoderParameters } from './parameters.ts'
import { rotaryFrequencies } from './rotary-angles.ts'
import { assertSampling, type SamplingOptions, sampleToken } from './sample-token.ts'
import { swiGlu } from './swiglu.ts'

/** Names of the symbolic inputs of a step. */
type StepInputs = Readonly<Record<string, Tensor>>

function inputAt(inputs: StepInputs, name: string): Tensor {
  const found = inputs[name]
  if (found === undefined) throw new RangeError(`the step has no input "${name}"`)
  return found
}

/** One step for all rows: logits [batch, vocabulary] of the next token, and the caches with the new keys and values. */
function applyStep(
  parameters: Symbolic<FusedParameters>,
  inputs: StepInputs,
  config: FullDecoderConfig,
): { readonly logits: Tensor; readonly caches: Readonly<Record<string, Tensor>> } {
  const { heads, keyHeads, hidden, epsilon } = config
  const headWidth = fusedHeadWidth(config)
  const ids = inputAt(inputs, 'ids')
  const tables = { cos: inputAt(inputs, 'cos'), sin: inputAt(inputs, 'sin') }
  const caches: Record<string, Tensor> = {}
  let rows = gather(parameters.embedding, reshape(ids, [-1]))
  parameters.layers.forEach((layer, index) => {
    const normal = rmsNorm(rows, { scale: layer.attentionNorm.weight, epsilon })
    const packed = reshape(applyLinear(layer.packed, normal), [...ids.shape, (heads + 2 * keyHeads) * headWidth])
    const window = config.windows[index]
    const attended = cachedAttention(
      {
        packed,
        keys: inputAt(inputs, `keys${index}`),
        values: inputAt(inputs, `values${index}`),
        lengths: inputAt(inputs, 'lengths'),
        longest: inputAt(inputs, 'longest'),
        tables,
      },
      { heads, keyHeads, scale: 1 / Math.sqrt(config.headWidth), ...(window !== undefined && { window }) },
    )
    caches[`keys${index}`] = attended.keys
    caches[`values${index}`] = attended.values
    const between = add(rows, applyLinear(layer.output, reshape(attended.output, [-1, heads * headWidth])))
    const inner = rmsNorm(between, { scale: layer.feedForwardNorm.weight, epsilon })
    const [gate, up] = split(applyLinear(layer.gateUp, inner), [hidden, hidden], 1)
    if (gate === undefined || up === undefined) throw new RangeError('a gate and its input are two halves')
    rows = add(between, applyLinear(layer.down, swiGlu(gate, up)))
  })
  const last = rmsNorm(gather(rows, inputAt(inputs, 'last')), { scale: parameters.norm.weight, epsilon })
  return { logits: applyLinear(parameters.head, last), caches }
}

export interface GenerateOptions {
  /** Most new tokens per row. */
  readonly count: number
  /** Tokens after which a row ends; they are its last. Default none. */
  readonly stop?: readonly number[]
  /** Draw tokens at random. Default: the likeliest token each time. */
  readonly sampling?: SamplingOptions & { readonly random: Random }
  /** Called after each step with the new token of every row still going, undefined for the others. */
  readonly onStep?: (tokens: readonly (number | undefined)[]) => void
  /** Stops between steps, by throwing its reason. */
  readonly signal?: AbortSignal
}

/** A decoder ready to write. */
export interface DecoderGenerator {
  /**
   * Continues prompts, all rows together. A row's tokens do not depend on the rows beside it, nor do its random numbers
   * (`random.fork(row)`).
   *
   * @param prompts at least one token each; lengths may differ
   * @returns the new tokens of each row
   */
  generate(prompts: readonly (readonly number[])[], options: GenerateOptions): Promise<number[][]>
  dispose(): Promise<void>
}

type Step = Compiled<Readonly<Record<string, ReturnType<typeof spec>>>, unknown>

/**
 * Makes a generator from parameters as they are now: low-rank additions are merged, weights are copied into the compiled
 * graph. Keys and values of past tokens are kept in memory that each step writes to in place.
 *
 * @throws {TypeError} when the parameters are not float32
 * @example
 * const generator = await openGenerator(parameters, config)
 * const [tokens] = await generator.generate([[1, 5, 9]], { count: 20, stop: [2] })
 */
export async function openGenerator(
  parameters: DecoderParameters,
  config: DecoderConfig,
  options: SessionOptions = {},
): Promise<DecoderGenerator> {
  const full = fullDecoderConfig(config)
  const fused = fusedParameters(parameters, full)
  const headWidth = fusedHeadWidth(full)
  const cacheNames = Array.from({ length: full.layers }, (_, index) => [`keys${index}`, `values${index}`]).flat()
  const inputs = {
    ids: spec(['batch', 'new'], 'int64'),
    last: spec(['batch'], 'int64'),
    lengths: spec(['batch'], 'int32'),
    longest: spec([1], 'int32'),
    cos: spec(['room', headWidth / 2]),
    sin: spec(['room', headWidth / 2]),
    ...Object.fromEntries(cacheNames.map((name) => [name, spec(['batch', full.keyHeads, 'room', headWidth])])),
  }
  const opened = new Map<boolean, Promise<Step>>()
  const stepFor = (greedy: boolean): Promise<Step> => {
    const known =
      opened.get(greedy) ??
      (compile(
        (given: StepInputs, p: Symbolic<FusedParameters>) => {
          const { logits, caches } = applyStep(p, given, full)
          return { chosen: greedy ? argMax(logits, -1) : logits, ...caches }
        },
        { ...options, inputs, parameters: fused, frozen: true },
      ) as Promise<Step>)
    opened.set(greedy, known)
    return known
  }

  return {
    async generate(prompts, { count, stop = [], sampling, onStep, signal }) {
      assertPrompts(prompts, full.vocabulary)
      if (!Number.isInteger(count) || count < 0)
        throw new RangeError(`generate: count is ${count}, expected a whole number of at least 0`)
      if (sampling) assertSampling(sampling)
      const batch = prompts.length
      const written: number[][] = prompts.map(() => [])
      if (batch === 0 || count === 0) return written
      const step = await stepFor(sampling === undefined)
      const longestPrompt = Math.max(...prompts.map((prompt) => prompt.length))
      const room = longestPrompt + count
      const caches = Object.fromEntries(
        cacheNames.map((name) => [name, zeros([batch, full.keyHeads, room, headWidth])]),
      )
      const tables = rotaryTables(room, full)
      const chosen = sampling === undefined ? zeros([batch], 'int64') : zeros([batch, full.vocabulary])
      // Every result has its place, so that a step copies nothing.
      const into = { chosen, ...caches }
      const randoms = prompts.map((_, row) => sampling?.random.fork(row))
      const lengths = prompts.map((prompt) => prompt.length)
      const ended = prompts.map(() => false)

      let ids = new BigInt64Array(batch * longestPrompt)
      let width = longestPrompt
      prompts.forEach((prompt, row) => {
        for (const [at, token] of prompt.entries()) ids[row * width + at] = BigInt(token)
      })
      for (let done = 0; done < count; done++) {
        signal?.throwIfAborted()
        await step(
          {
            ids: value(ids, [batch, width]),
            last: value(
              BigInt64Array.from(lengths, (length, row) => BigInt(row * width + (done === 0 ? length - 1 : 0))),
            ),
            lengths: value(Int32Array.from(lengths, (length) => length - 1)),
            longest: value(Int32Array.of(Math.max(...lengths))),
            ...tables,
            ...caches,
          },
          into,
        )
        const tokens = prompts.map((_, row) => {
          const random = randoms[row]
          if (sampling === undefined || random === undefined) return Number(chosen.data[row])
          const logits = chosen.data.subarray(row * full.vocabulary, (row + 1) * full.vocabulary) as Float32Array
          return sampleToken(logits, sampling, random)
        })
        onStep?.(tokens.map((token, row) => (ended[row] ? undefined : token)))
        tokens.forEach((token, row) => {
          if (!ended[row]) written[row]?.push(token)
          if (stop.includes(token)) ended[row] = true
        })
        if (ended.every(Boolean)) break
        ids = BigInt64Array.from(tokens, BigInt)
        width = 1
        for (const row of lengths.keys()) lengths[row] = (lengths[row] ?? 0) + 1
      }
      return written
    },
    async dispose() {
      for (const step of await Promise.all(opened.values())) await step.dispose()
      opened.clear()
    },
  }
}

function assertPrompts(prompts: readonly (readonly number[])[], vocabulary: number): void {
  prompts.forEach((prompt, row) => {
    if (prompt.length === 0) throw new RangeError(`generate: prompt ${row} has no tokens, expected at least one`)
    const strange = prompt.find((token) => !Number.isInteger(token) || token < 0 || token >= vocabulary)
    if (strange !== undefined)
      throw new RangeError(`generate: prompt ${row} has token ${strange}, expected from 0 to ${vocabulary - 1}`)
  })
}

/**
 * Cosines and sines at every position of the room, with angles in float32 as the graph of `applyDecoder` takes them; the
 * features that pad a head do not turn.
 */
function rotaryTables(
  room: number,
  config: FullDecoderConfig,
): { readonly cos: TensorValue; readonly sin: TensorValue } {
  const frequencies = new Float32Array(fusedHeadWidth(config) / 2)
  frequencies.set(rotaryFrequencies(config))
  const half = frequencies.length
  const table = (f: (angle: number) => number): TensorValue =>
    value(
      Float32Array.from({ length: room * half }, (_, at) =>
        f(Math.fround(Math.floor(at / half) * (frequencies[at % half] ?? 0))),
      ),
      [room, half],
    )
  return { cos: table(Math.cos), sin: table(Math.sin) }
}
