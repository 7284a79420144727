import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import {
  decoderLayout,
  isLoraPath,
  loadDecoder,
  loadPeft,
  mergeLora,
  saveDecoder,
  savePeft,
} from '../../../nets/index.ts'
import { parameterLeaves } from '../../../tensor/index.ts'
import { policyFiles, type TextPolicy, textPolicy } from './policy.ts'

const endsSchema = z.looseObject({
  eos_token_id: z.union([z.number().int(), z.array(z.number().int())]).nullish(),
})
const adapterSchema = z.looseObject({ base_model_name_or_path: z.string().nullish() })

async function filesOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const found = policyFiles.filter((name) => existsSync(join(folder, name)))
  return Object.fromEntries(
    await Promise.all(found.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  )
}

/**
 * Loads a model of the Llama or Qwen2 families from a folder as it is downloaded (`config.json`, `model.safetensors` or
 * its shards, `tokenizer.json`, and what lies beside them), or a base model with an adapter as PEFT writes it.
 *
 * @param options `base`: the folder of the model that an adapter belongs to. Default: what the adapter names
 * @throws {RangeError} naming the file or tensor that is missing or does not fit
 * @example const policy = await loadPolicy('Qwen2.5-0.5B-Instruct')
 */
export async function loadPolicy(folder: string, options: { readonly base?: string } = {}): Promise<TextPolicy> {
  if (!existsSync(join(folder, 'config.json')) && existsSync(join(folder, 'adapter_config.json'))) {
    const adapter = adapterSchema.parse(JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8')))
    const base = options.base ?? adapter.base_model_name_or_path ?? undefined
    if (base === undefined || !existsSync(join(base, 'config.json')))
      throw new RangeError(
        `${folder} is an adapter of ${base === undefined ? 'an unnamed model' : JSON.stringify(base)}, expected the folder of that model as base`,
      )
    const policy = await loadPolicy(base)
    const parameters = await loadPeft(folder, policy.parameters, decoderLayout(policy.config))
    return { ...policy, parameters }
  }
  const files = await filesOf(folder)
  if (files['tokenizer.json'] === undefined) throw new RangeError(`${folder} has no tokenizer.json`)
  const { config, parameters } = await loadDecoder(folder)
  const { eos_token_id: ends } = endsSchema.parse(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')))
  return textPolicy(parameters, config, files, ends == null ? [] : [ends].flat())
}

/** Whether a policy carries low-rank additions. */
export function hasAdapter({ parameters }: TextPolicy): boolean {
  return parameterLeaves(parameters).some(({ path }) => isLoraPath(path))
}

/**
 * Writes a folder that `loadPolicy`, transformers and others read; low-rank additions are merged into the weights.
 */
export async function savePolicy(folder: string, policy: TextPolicy): Promise<void> {
  await saveDecoder(folder, mergeLora(policy.parameters), policy.config)
  const files: Record<string, string> = { ...policy.files }
  if (files['generation_config.json'] === undefined && policy.stop.length > 0)
    files['generation_config.json'] = `${JSON.stringify({ eos_token_id: policy.stop }, undefined, 2)}\n`
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)))
}

/**
 * Writes the low-rank additions alone, as PEFT reads them, with the tokenizer beside them.
 *
 * @param base name or folder of the model that they belong to
 * @throws {RangeError} when the policy carries none
 */
export async function saveAdapter(folder: string, policy: TextPolicy, base?: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await savePeft(folder, policy.parameters, decoderLayout(policy.config), base === undefined ? {} : { base })
  await Promise.all(Object.entries(policy.files).map(([name, text]) => writeFile(join(folder, name), text)))
}
