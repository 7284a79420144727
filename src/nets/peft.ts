import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { openSafetensors, type TensorValue, writeSafetensors } from '../tensor/index.ts'
import { type Layout, storedLeaves } from './checkpoint.ts'
import { loraParameters, mapLinear } from './lora.ts'

const weightSuffix = '.weight'

/** The module of each linear map in the base checkpoint, by its path in the tree: `layers.0.query` → `…self_attn.q_proj`. */
function modulesOf(layout: unknown): ReadonlyMap<string, string> {
  return new Map(
    storedLeaves(layout)
      .filter(({ path, leaf }) => path.endsWith(weightSuffix) && leaf.stored.endsWith(weightSuffix))
      .map(({ path, leaf }) => [path.slice(0, -weightSuffix.length), leaf.stored.slice(0, -weightSuffix.length)]),
  )
}

function adapterName(module: string, factor: 'A' | 'B'): string {
  return `base_model.model.${module}.lora_${factor}.weight`
}

/** The most common element. */
function usual(counts: readonly number[]): number {
  const tally = new Map<number, number>()
  for (const count of counts) tally.set(count, (tally.get(count) ?? 0) + 1)
  return [...tally].reduce((best, next) => (next[1] > best[1] ? next : best))[0]
}

export interface SavePeftOptions {
  /** Name or folder of the model the adapter belongs to. Default none. */
  readonly base?: string
  /** Default `CAUSAL_LM`. */
  readonly task?: string
}

/**
 * Writes the low-rank additions of a tree as Hugging Face's PEFT reads them: `adapter_config.json` and
 * `adapter_model.safetensors`.
 *
 * @param layout where the base parameters lie in their checkpoint, such as `decoderLayout(config)`
 * @throws {RangeError} when there are none, or one is on a map that the layout does not have
 * @see https://github.com/huggingface/peft (LoraConfig)
 */
export async function savePeft<T>(
  folder: string,
  parameters: T,
  layout: Layout<T>,
  options: SavePeftOptions = {},
): Promise<void> {
  const modules = modulesOf(layout)
  const tensors: Record<string, TensorValue> = {}
  const found: { readonly module: string; readonly rank: number; readonly alpha: number }[] = []
  mapLinear(parameters, (map, path) => {
    if (map.lora === undefined) return map
    const module = modules.get(path)
    if (module === undefined) throw new RangeError(`savePeft: the layout has no linear map at ${path}`)
    tensors[adapterName(module, 'A')] = map.lora.a
    tensors[adapterName(module, 'B')] = map.lora.b
    found.push({ module, rank: map.lora.a.shape[0] ?? 0, alpha: Number(map.lora.alpha.data[0]) })
    return map
  })
  if (found.length === 0) throw new RangeError('savePeft: the parameters have no low-rank additions')
  const [rank, alpha] = [usual(found.map((item) => item.rank)), usual(found.map((item) => item.alpha))]
  // Where only some layers have an addition, target modules must be named whole.
  const last = (module: string): string => module.slice(module.lastIndexOf('.') + 1)
  const chosen = new Set(found.map(({ module }) => module))
  const everywhere = [...modules.values()].every(
    (module) => chosen.has(module) || !found.some((item) => last(item.module) === last(module)),
  )
  const config = {
    peft_type: 'LORA',
    task_type: options.task ?? 'CAUSAL_LM',
    base_model_name_or_path: options.base ?? null,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    target_modules: [...new Set(found.map(({ module }) => (everywhere ? last(module) : module)))],
    rank_pattern: Object.fromEntries(
      found.filter((item) => item.rank !== rank).map((item) => [item.module, item.rank]),
    ),
    alpha_pattern: Object.fromEntries(
      found.filter((item) => item.alpha !== alpha).map((item) => [item.module, item.alpha]),
    ),
  }
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'adapter_config.json'), JSON.stringify(config, null, 2))
  await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors)
}

const adapterSchema = z.object({
  peft_type: z.literal('LORA'),
  lora_alpha: z.number(),
  fan_in_fan_out: z.boolean().default(false),
  use_rslora: z.boolean().default(false),
  use_dora: z.boolean().default(false),
  alpha_pattern: z.record(z.string(), z.number()).default({}),
})

/**
 * Reads an adapter that PEFT wrote, or `savePeft`, and adds it to a tree.
 *
 * @param layout where the base parameters lie in their checkpoint
 * @throws {RangeError} for variants of LoRA that are not plain, or when a tensor belongs to no map of the layout
 */
export async function loadPeft<T>(folder: string, parameters: T, layout: Layout<T>): Promise<T> {
  const config = adapterSchema.parse(JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8')))
  for (const variant of ['use_rslora', 'use_dora', 'fan_in_fan_out'] as const)
    if (config[variant])
      throw new RangeError(`${folder}/adapter_config.json: ${variant} is on; only plain LoRA is read`)
  const checkpoint = await openSafetensors(join(folder, 'adapter_model.safetensors'))
  const read = new Map<string, readonly [TensorValue, TensorValue]>()
  const known = new Set<string>()
  for (const [path, module] of modulesOf(layout)) {
    const [a, b] = [adapterName(module, 'A'), adapterName(module, 'B')]
    if (!checkpoint.names.includes(a)) continue
    known.add(a).add(b)
    read.set(path, [await checkpoint.read(a, 'float32'), await checkpoint.read(b, 'float32')])
  }
  const strange = checkpoint.names.find((name) => !known.has(name))
  if (strange !== undefined) throw new RangeError(`${folder}: "${strange}" belongs to no linear map of the model`)
  const modules = modulesOf(layout)
  return mapLinear(parameters, (map, path) => {
    const factors = read.get(path)
    if (factors === undefined) return map
    const module = modules.get(path) ?? ''
    const special = Object.entries(config.alpha_pattern).find(
      ([pattern]) => module === pattern || module.endsWith(`.${pattern}`),
    )
    return { ...map, lora: loraParameters(...factors, special?.[1] ?? config.lora_alpha) }
  })
}
