import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openSafetensors, type Safetensors, writeSafetensors } from '../../tensor/index.ts'
import { type Layout, namedParameters, readParameters, storedAs, storedLinear, storedNorm } from '../checkpoint.ts'
import type { FloatType } from '../parameters.ts'
import { type DecoderConfig, type FullDecoderConfig, fullDecoderConfig, parseDecoderConfig } from './config.ts'
import type { DecoderParameters } from './parameters.ts'

/**
 * Where each parameter lies in a checkpoint of the Llama family (Llama, Qwen2, Mistral).
 *
 * @param prefix before the names of the model without head: `model.` in causal language models
 */
export function decoderLayout(config: DecoderConfig, prefix = 'model.'): Layout<DecoderParameters> {
  const full = fullDecoderConfig(config)
  const { vocabulary, width, heads, keyHeads, headWidth, hidden, queryBias, outputBias } = full
  const layers = Array.from({ length: full.layers }, (_, index) => {
    const at = `${prefix}layers.${index}`
    return {
      attentionNorm: storedNorm(`${at}.input_layernorm`, width, false),
      query: storedLinear(`${at}.self_attn.q_proj`, width, heads * headWidth, queryBias),
      key: storedLinear(`${at}.self_attn.k_proj`, width, keyHeads * headWidth, queryBias),
      value: storedLinear(`${at}.self_attn.v_proj`, width, keyHeads * headWidth, queryBias),
      output: storedLinear(`${at}.self_attn.o_proj`, heads * headWidth, width, outputBias),
      feedForwardNorm: storedNorm(`${at}.post_attention_layernorm`, width, false),
      gate: storedLinear(`${at}.mlp.gate_proj`, width, hidden, false),
      up: storedLinear(`${at}.mlp.up_proj`, width, hidden, false),
      down: storedLinear(`${at}.mlp.down_proj`, hidden, width, false),
    }
  })
  const body = {
    embedding: storedAs(`${prefix}embed_tokens.weight`, [vocabulary, width]),
    layers,
    norm: storedNorm(`${prefix}norm`, width, false),
  }
  return full.tied ? body : { ...body, head: storedLinear('lm_head', width, vocabulary, false) }
}

/** Reads the parameters of a decoder from an opened checkpoint; the names may lack `model.` before them. */
export function readDecoder(
  checkpoint: Safetensors,
  config: DecoderConfig,
  dtype: FloatType = 'float32',
): Promise<DecoderParameters> {
  const prefix = checkpoint.names.includes('embed_tokens.weight') ? '' : 'model.'
  return readParameters<DecoderParameters>(checkpoint, decoderLayout(config, prefix), dtype)
}

export interface LoadedDecoder {
  readonly config: FullDecoderConfig
  readonly parameters: DecoderParameters
}

/**
 * Loads a checkpoint folder as it is downloaded: `config.json` with `model.safetensors` or its shards.
 *
 * @throws {RangeError} naming the tensor when names or shapes do not fit the configuration
 * @example const { config, parameters } = await loadDecoder('Qwen2.5-0.5B-Instruct')
 */
export async function loadDecoder(folder: string, dtype: FloatType = 'float32'): Promise<LoadedDecoder> {
  const config = parseDecoderConfig(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')))
  return { config, parameters: await readDecoder(await openSafetensors(folder), config, dtype) }
}

function configFile(config: FullDecoderConfig): Readonly<Record<string, unknown>> {
  const { rotaryScaling: scaling, windows, queryBias, outputBias } = config
  const [window] = windows.filter((size) => size !== undefined)
  const type = queryBias && !outputBias ? 'qwen2' : window === undefined ? 'llama' : 'mistral'
  if (windows.some((size) => size !== undefined && size !== window))
    throw new RangeError('saveDecoder: windows of different sizes have no place in config.json')
  if (type === 'mistral' && (queryBias || windows.includes(undefined)))
    throw new RangeError(
      'saveDecoder: windows in some layers only, or with an output bias, have no place in config.json',
    )
  if (type === 'llama' && queryBias !== outputBias)
    throw new RangeError('saveDecoder: an output bias without query biases has no place in config.json')
  const architecture = { qwen2: 'Qwen2ForCausalLM', llama: 'LlamaForCausalLM', mistral: 'MistralForCausalLM' }[type]
  return {
    architectures: [architecture],
    model_type: type,
    vocab_size: config.vocabulary,
    hidden_size: config.width,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyHeads,
    head_dim: config.headWidth,
    intermediate_size: config.hidden,
    hidden_act: 'silu',
    rms_norm_eps: config.epsilon,
    rope_theta: config.rotaryBase,
    rope_scaling:
      scaling.kind === 'none'
        ? null
        : scaling.kind === 'linear'
          ? { rope_type: 'linear', factor: scaling.factor }
          : {
              rope_type: 'llama3',
              factor: scaling.factor,
              low_freq_factor: scaling.lowFrequencyFactor,
              high_freq_factor: scaling.highFrequencyFactor,
              original_max_position_embeddings: scaling.originalPositions,
            },
    tie_word_embeddings: config.tied,
    ...(type === 'llama' && { attention_bias: queryBias }),
    ...(window !== undefined && { sliding_window: window }),
    ...(type === 'qwen2' && {
      use_sliding_window: window !== undefined,
      layer_types: windows.map((size) => (size === undefined ? 'full_attention' : 'sliding_attention')),
    }),
    torch_dtype: 'float32',
  }
}

/**
 * Writes a checkpoint folder that `loadDecoder` and other programs read: `config.json` and `model.safetensors`.
 *
 * @param shardBytes above this size in several files. Default 5 GB
 * @throws {RangeError} for variants that no model type of the family has
 */
export async function saveDecoder(
  folder: string,
  parameters: DecoderParameters,
  config: DecoderConfig,
  shardBytes = 5e9,
): Promise<void> {
  const full = fullDecoderConfig(config)
  const file = JSON.stringify(configFile(full), null, 2)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'config.json'), file)
  const tensors = namedParameters<DecoderParameters>(parameters, decoderLayout(full))
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { shardBytes })
}
