import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { openSafetensors } from '../../tensor/index.ts'
import { type Layout, readParameters, storedAs, storedLinear, storedNorm } from '../checkpoint.ts'
import type { FloatType } from '../parameters.ts'
import { parseActivation } from './bert-config.ts'
import { blockLayout } from './block.ts'
import type { ClipConfig, ClipParameters } from './clip.ts'

const names = {
  query: 'self_attn.q_proj',
  key: 'self_attn.k_proj',
  value: 'self_attn.v_proj',
  output: 'self_attn.out_proj',
  attentionNorm: 'layer_norm1',
  up: 'mlp.fc1',
  down: 'mlp.fc2',
  feedForwardNorm: 'layer_norm2',
}

/** Where each parameter lies in a CLIP checkpoint. */
export function clipLayout({ text, vision, shared }: ClipConfig): Layout<ClipParameters> {
  const { size, patch, channels = 3, width } = vision
  const picture = 'vision_model'
  return {
    text: {
      words: storedAs('text_model.embeddings.token_embedding.weight', [text.vocabulary, text.width]),
      positions: storedAs('text_model.embeddings.position_embedding.weight', [text.positions, text.width]),
      layers: Array.from({ length: text.layers }, (_, index) =>
        blockLayout(`text_model.encoder.layers.${index}.`, names, text),
      ),
      norm: storedNorm('text_model.final_layer_norm', text.width, true),
    },
    vision: {
      patch: { weight: storedAs(`${picture}.embeddings.patch_embedding.weight`, [width, channels, patch, patch]) },
      classToken: storedAs(`${picture}.embeddings.class_embedding`, [width]),
      positions: storedAs(`${picture}.embeddings.position_embedding.weight`, [1 + (size / patch) ** 2, width]),
      // The name is misspelt in every checkpoint.
      normBefore: storedNorm(`${picture}.pre_layrnorm`, width, true),
      layers: Array.from({ length: vision.layers }, (_, index) =>
        blockLayout(`${picture}.encoder.layers.${index}.`, names, vision),
      ),
      norm: storedNorm(`${picture}.post_layernorm`, width, true),
    },
    textMap: storedLinear('text_projection', text.width, shared, false),
    visionMap: storedLinear('visual_projection', width, shared, false),
    logScale: storedAs('logit_scale', []),
  }
}

const towerSchema = z.object({
  hidden_size: z.int(),
  num_hidden_layers: z.int(),
  num_attention_heads: z.int(),
  intermediate_size: z.int(),
  hidden_act: z.string().default('quick_gelu'),
  layer_norm_eps: z.number().default(1e-5),
})
const fileSchema = z.object({
  model_type: z.literal('clip'),
  projection_dim: z.int().default(512),
  text_config: towerSchema
    .extend({
      vocab_size: z.int().default(49_408),
      max_position_embeddings: z.int().default(77),
      eos_token_id: z.int().default(49_407),
    })
    .prefault({ hidden_size: 512, num_hidden_layers: 12, num_attention_heads: 8, intermediate_size: 2048 }),
  vision_config: towerSchema
    .extend({ image_size: z.int().default(224), patch_size: z.int().default(32), num_channels: z.int().default(3) })
    .prefault({ hidden_size: 768, num_hidden_layers: 12, num_attention_heads: 12, intermediate_size: 3072 }),
})

/**
 * The configuration in a CLIP checkpoint's `config.json`.
 *
 * @throws {z.ZodError} when a field is missing or of another kind
 */
export function parseClipConfig(json: unknown): ClipConfig {
  const { text_config: text, vision_config: vision, projection_dim: shared } = fileSchema.parse(json)
  const tower = (file: z.infer<typeof towerSchema>) => ({
    width: file.hidden_size,
    layers: file.num_hidden_layers,
    heads: file.num_attention_heads,
    hidden: file.intermediate_size,
    activation: parseActivation(file.hidden_act),
    epsilon: file.layer_norm_eps,
  })
  return {
    shared,
    text: {
      ...tower(text),
      vocabulary: text.vocab_size,
      positions: text.max_position_embeddings,
      // Early checkpoints state 2, which is not the token they were trained with: that is the vocabulary's last.
      end: text.eos_token_id === 2 ? text.vocab_size - 1 : text.eos_token_id,
    },
    vision: {
      ...tower(vision),
      size: vision.image_size,
      patch: vision.patch_size,
      channels: vision.num_channels,
      patchBias: false,
      normBefore: true,
    },
  }
}

/** Loads a CLIP checkpoint folder: `config.json` and `model.safetensors`. */
export async function loadClip(
  folder: string,
  dtype: FloatType = 'float32',
): Promise<{ readonly config: ClipConfig; readonly parameters: ClipParameters }> {
  const config = parseClipConfig(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')))
  const checkpoint = await openSafetensors(folder)
  return { config, parameters: await readParameters<ClipParameters>(checkpoint, clipLayout(config), dtype) }
}
