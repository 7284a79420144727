import { z } from 'zod'
import type { Activation } from '../mlp.ts'

/** Sizes and variants of a BERT-style encoder. */
export interface BertConfig {
  readonly vocabulary: number
  readonly width: number
  readonly layers: number
  readonly heads: number
  /** Features between the maps of the feed-forward part. */
  readonly hidden: number
  /** Rows of the position table: the most tokens, `positionOffset` included. */
  readonly positions: number
  /** Kinds of segments. Default 2. */
  readonly types?: number
  /** Default `gelu`. */
  readonly activation?: Activation
  /** Added to variances in normalisation. Default 1e-12. */
  readonly epsilon?: number
  /** The row of the position table where the first token stands: 0, in RoBERTa 2. */
  readonly positionOffset?: number
  /** A map and tanh on the first token's state. Default false. */
  readonly pooler?: boolean
}

/** A configuration with every default filled in. */
export type FullBertConfig = Required<BertConfig>

/** Fills in defaults and checks that the sizes fit. @throws {RangeError} naming the size that does not */
export function fullBertConfig(config: BertConfig): FullBertConfig {
  for (const name of ['vocabulary', 'width', 'layers', 'heads', 'hidden', 'positions'] as const)
    if (!Number.isInteger(config[name]) || config[name] < 1)
      throw new RangeError(`bert: ${name} is ${config[name]}, expected a whole number of at least 1`)
  if (config.width % config.heads !== 0)
    throw new RangeError(`bert: width ${config.width} does not divide by ${config.heads} heads`)
  return { types: 2, activation: 'gelu', epsilon: 1e-12, positionOffset: 0, pooler: false, ...config }
}

const activationNames: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_new: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  gelu_fast: 'geluTanh',
  quick_gelu: 'quickGelu',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
  tanh: 'tanh',
}

/** An activation as `config.json` names it. @throws {RangeError} when it is not known */
export function parseActivation(name: string): Activation {
  const found = activationNames[name]
  if (found === undefined)
    throw new RangeError(
      `config.json: activation "${name}" is not known, expected ${Object.keys(activationNames).join(', ')}`,
    )
  return found
}

const fileSchema = z.object({
  model_type: z.enum(['bert', 'roberta', 'xlm-roberta', 'camembert']),
  vocab_size: z.int(),
  hidden_size: z.int(),
  num_hidden_layers: z.int(),
  num_attention_heads: z.int(),
  intermediate_size: z.int(),
  hidden_act: z.string().default('gelu'),
  max_position_embeddings: z.int(),
  type_vocab_size: z.int().default(2),
  layer_norm_eps: z.number().default(1e-12),
  pad_token_id: z.int().nullish(),
  position_embedding_type: z.literal('absolute').nullish(),
})

/**
 * The configuration in a checkpoint's `config.json`: BERT and RoBERTa and what has their form.
 *
 * @throws {z.ZodError} when a field is missing or of another kind
 */
export function parseBertConfig(json: unknown): FullBertConfig {
  const file = fileSchema.parse(json)
  return fullBertConfig({
    vocabulary: file.vocab_size,
    width: file.hidden_size,
    layers: file.num_hidden_layers,
    heads: file.num_attention_heads,
    hidden: file.intermediate_size,
    positions: file.max_position_embeddings,
    types: file.type_vocab_size,
    activation: parseActivation(file.hidden_act),
    epsilon: file.layer_norm_eps,
    // RoBERTa's positions start after that of the padding token.
    positionOffset: file.model_type === 'bert' ? 0 : (file.pad_token_id ?? 1) + 1,
  })
}
