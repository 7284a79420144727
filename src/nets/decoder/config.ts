import { z } from 'zod'

/** How the turning angles of rotary positions are stretched for long texts. */
export type RotaryScaling =
  | { readonly kind: 'none' }
  /** All angles divided by the factor. */
  | { readonly kind: 'linear'; readonly factor: number }
  /** Llama 3.1's: slow angles divided by the factor, fast ones kept, a ramp between. */
  | {
      readonly kind: 'llama3'
      readonly factor: number
      readonly lowFrequencyFactor: number
      readonly highFrequencyFactor: number
      /** Positions that the model was trained on before. */
      readonly originalPositions: number
    }

/** Sizes and variants of a decoder of the Llama family. */
export interface DecoderConfig {
  readonly vocabulary: number
  readonly width: number
  readonly layers: number
  readonly heads: number
  /** Heads of keys and values, each serving `heads/keyHeads` query heads. Default: heads. */
  readonly keyHeads?: number
  /** Features per head. Default: width/heads. */
  readonly headWidth?: number
  /** Features between the maps of the feed-forward part. */
  readonly hidden: number
  /** Base of the rotary angles. Default 10,000. */
  readonly rotaryBase?: number
  readonly rotaryScaling?: RotaryScaling
  /** Added to mean squares in normalisation. Default 1e-5. */
  readonly epsilon?: number
  /** The head is the embedding table. Default false. */
  readonly tied?: boolean
  /** Biases of the query, key and value maps. Default false. */
  readonly queryBias?: boolean
  /** Bias of the output map of attention. Default false. */
  readonly outputBias?: boolean
  /** By layer, how many keys a query sees, its own included; undefined for all. Default: all in every layer. */
  readonly windows?: readonly (number | undefined)[]
}

/** A configuration with every default filled in. */
export type FullDecoderConfig = Required<DecoderConfig>

/**
 * Fills in defaults and checks that the sizes fit.
 *
 * @throws {RangeError} naming the size that does not
 */
export function fullDecoderConfig(config: DecoderConfig): FullDecoderConfig {
  const { width, heads, layers } = config
  const keyHeads = config.keyHeads ?? heads
  const headWidth = config.headWidth ?? width / heads
  for (const name of ['vocabulary', 'width', 'layers', 'heads', 'hidden'] as const)
    if (!Number.isInteger(config[name]) || config[name] < 1)
      throw new RangeError(`decoder: ${name} is ${config[name]}, expected a whole number of at least 1`)
  if (!Number.isInteger(headWidth) || headWidth % 2 !== 0)
    throw new RangeError(`decoder: a head has ${headWidth} features, expected an even whole number`)
  if (heads % keyHeads !== 0) throw new RangeError(`decoder: ${heads} heads are no multiple of ${keyHeads} key heads`)
  const windows = config.windows ?? Array.from({ length: layers }, () => undefined)
  if (windows.length !== layers)
    throw new RangeError(`decoder: windows are given for ${windows.length} layers, expected ${layers}`)
  return {
    rotaryBase: 10_000,
    rotaryScaling: { kind: 'none' },
    epsilon: 1e-5,
    tied: false,
    queryBias: false,
    outputBias: false,
    ...config,
    keyHeads,
    headWidth,
    windows,
  }
}

const scalingSchema = z
  .object({
    rope_type: z.string().optional(),
    type: z.string().optional(),
    factor: z.number().optional(),
    low_freq_factor: z.number().optional(),
    high_freq_factor: z.number().optional(),
    original_max_position_embeddings: z.number().optional(),
    rope_theta: z.number().optional(),
  })
  .nullish()

const fileSchema = z.object({
  model_type: z.enum(['llama', 'qwen2', 'mistral']),
  vocab_size: z.int(),
  hidden_size: z.int(),
  num_hidden_layers: z.int(),
  num_attention_heads: z.int(),
  num_key_value_heads: z.int().nullish(),
  head_dim: z.int().nullish(),
  intermediate_size: z.int(),
  hidden_act: z.literal('silu').default('silu'),
  rms_norm_eps: z.number().default(1e-6),
  rope_theta: z.number().nullish(),
  rope_scaling: scalingSchema,
  rope_parameters: scalingSchema,
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  sliding_window: z.int().nullish(),
  use_sliding_window: z.boolean().default(false),
  max_window_layers: z.int().nullish(),
  layer_types: z.array(z.string()).nullish(),
})

function scalingOf(file: z.infer<typeof fileSchema>): RotaryScaling {
  const given = file.rope_parameters ?? file.rope_scaling
  const kind = given?.rope_type ?? given?.type ?? 'default'
  if (given == null || kind === 'default') return { kind: 'none' }
  const number = (key: keyof typeof given): number => {
    const found = given[key]
    if (typeof found !== 'number') throw new RangeError(`config.json: rope scaling "${kind}" has no ${key}`)
    return found
  }
  if (kind === 'linear') return { kind, factor: number('factor') }
  if (kind === 'llama3')
    return {
      kind,
      factor: number('factor'),
      lowFrequencyFactor: number('low_freq_factor'),
      highFrequencyFactor: number('high_freq_factor'),
      originalPositions: number('original_max_position_embeddings'),
    }
  throw new RangeError(`config.json: rope scaling "${kind}" is not known, expected default, linear or llama3`)
}

function windowsOf(file: z.infer<typeof fileSchema>): readonly (number | undefined)[] {
  const window = file.sliding_window ?? undefined
  const on = file.model_type === 'mistral' || (file.model_type === 'qwen2' && file.use_sliding_window)
  return Array.from({ length: file.num_hidden_layers }, (_, layer) => {
    if (!on) return undefined
    if (file.layer_types) return file.layer_types[layer] === 'sliding_attention' ? window : undefined
    return file.model_type === 'qwen2' && layer < (file.max_window_layers ?? 0) ? undefined : window
  })
}

/**
 * The configuration in a checkpoint's `config.json`: Llama, Qwen2 and Mistral.
 *
 * @throws {z.ZodError} when a field is missing or of another kind, {RangeError} for an unknown rotary scaling
 */
export function parseDecoderConfig(json: unknown): FullDecoderConfig {
  const file = fileSchema.parse(json)
  const llamaBias = file.model_type !== 'qwen2' && file.attention_bias
  return fullDecoderConfig({
    vocabulary: file.vocab_size,
    width: file.hidden_size,
    layers: file.num_hidden_layers,
    heads: file.num_attention_heads,
    keyHeads: file.num_key_value_heads ?? file.num_attention_heads,
    headWidth: file.head_dim ?? file.hidden_size / file.num_attention_heads,
    hidden: file.intermediate_size,
    rotaryBase: file.rope_parameters?.rope_theta ?? file.rope_theta ?? 10_000,
    rotaryScaling: scalingOf(file),
    epsilon: file.rms_norm_eps,
    tied: file.tie_word_embeddings,
    queryBias: file.model_type === 'qwen2' || llamaBias,
    outputBias: llamaBias,
    windows: windowsOf(file),
  })
}
