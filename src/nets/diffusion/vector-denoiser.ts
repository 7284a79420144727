import type { Random } from '../../run/index.ts'
import { add, at, concat, gather, type Symbolic, silu, type Tensor, type TensorValue } from '../../tensor/index.ts'
import { applyLinear, initLinear, type LinearParameters } from '../linear.ts'
import { type FloatType, normalValue } from '../parameters.ts'
import { assertShape, sizeAt } from '../shape.ts'
import { sinusoidal } from './time-embedding.ts'

export interface VectorDenoiserConfig {
  /** Numbers of a vector. */
  readonly size: number
  /** How many values each word of the condition has: one embedding table each. Default none. */
  readonly vocabularies?: readonly number[]
  /** Of each embedded word. Default 16. */
  readonly wordWidth?: number
  /** Default 128. */
  readonly hidden?: number
  /** Residual layers. Default 2. */
  readonly layers?: number
  /** Sinusoids of the time. Default 32. */
  readonly frequencies?: number
}

export interface VectorDenoiserParameters {
  /** [values, wordWidth] each */
  readonly words: readonly TensorValue[]
  /** [hidden, size + frequencies + words · wordWidth] */
  readonly input: LinearParameters
  /** [hidden, hidden] each */
  readonly layers: readonly LinearParameters[]
  /** [size, hidden] */
  readonly output: LinearParameters
}

/** Maps uniform within ±1/√in, words standard normal. */
export function initVectorDenoiser(
  random: Random,
  config: VectorDenoiserConfig,
  dtype: FloatType = 'float32',
): VectorDenoiserParameters {
  const { size, vocabularies = [], wordWidth = 16, hidden = 128, layers = 2, frequencies = 32 } = config
  return {
    words: vocabularies.map((values) => normalValue(random, [values, wordWidth], 1, dtype)),
    input: initLinear(random, size + frequencies + vocabularies.length * wordWidth, hidden, { dtype }),
    layers: Array.from({ length: layers }, () => initLinear(random, hidden, hidden, { dtype })),
    output: initLinear(random, hidden, size, { dtype }),
  }
}

/**
 * A denoiser of short vectors: an MLP with residual SiLU layers that reads the vector, its time and words of a
 * condition. Small enough to train in seconds.
 *
 * @param x [batch, size]
 * @param seen [batch]: times from 0 to about 1000
 * @param condition int64 [batch, words]; needed when the net has words
 * @returns the prediction, [batch, size]
 */
export function applyVectorDenoiser(
  parameters: Symbolic<VectorDenoiserParameters>,
  x: Tensor,
  seen: Tensor,
  condition?: Tensor,
): Tensor {
  const { words, input, layers, output } = parameters
  const size = Number(sizeAt(output.weight, 0))
  assertShape('vector denoiser: x', x, [undefined, size])
  if (words.length > 0) {
    if (condition === undefined) throw new RangeError(`vector denoiser: it reads ${words.length} words, and gets none`)
    assertShape('vector denoiser: the condition', condition, [sizeAt(x, 0), words.length])
  }
  const wordWidth = words.reduce((total, table) => total + Number(sizeAt(table, 1)), 0)
  const frequencies = Number(sizeAt(input.weight, 1)) - size - wordWidth
  const read = words.map((table, index) => gather(table, at(condition ?? x, 1, index)))
  const hidden = silu(applyLinear(input, concat([x, sinusoidal(seen, frequencies, 1000), ...read], 1)))
  return applyLinear(
    output,
    layers.reduce((state, layer) => add(state, silu(applyLinear(layer, state))), hidden),
  )
}
