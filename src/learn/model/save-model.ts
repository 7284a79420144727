import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { type Json, seeded, writeWhole } from '../../run/index.ts'
import {
  convert,
  exportOnnx,
  type InputSpecs,
  isTensorValue,
  mapTree,
  openSafetensors,
  parameterLeaves,
  spec,
  type TensorValue,
  writeSafetensors,
} from '../../tensor/index.ts'
import type { Encoder, EncoderKind } from '../encoder/encoder.ts'
import { encoderKinds } from '../encoder/encoder-kinds.ts'
import { fittedModel } from './fitted-model.ts'
import type { FittedModel, ModelKind, ModelParameters } from './model-kind.ts'
import { modelKinds } from './model-kinds.ts'
import { type Encoders, logitOf, pairSpecs, rowSpecs, symbolicPairs, symbolicRows } from './pair-graph.ts'

/** Of `model.json`; a reader refuses what is newer. */
const formatVersion = 1

/** Where a model's parameters are. */
const numbersFile = 'model.safetensors'

const encoderSchema = z.strictObject({ kind: z.string(), options: z.json(), id: z.string(), width: z.int().min(1) })

/** What `model.json` says. */
export const modelManifestSchema = z.strictObject({
  format: z.literal('penchant-model'),
  formatVersion: z.int().min(1),
  kind: z.string(),
  options: z.json(),
  aspects: z.array(z.string()),
  encoder: encoderSchema,
  contextEncoder: encoderSchema.nullable(),
  raters: z.array(z.string()),
  temperature: z.number().positive(),
  /** JSON has no NaN: what could not be measured is null. */
  metrics: z.record(z.string(), z.number().nullable()),
  dataVersion: z.string().nullable(),
  /** SHA-256 of every other file of the folder. */
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
})
export type ModelManifest = z.infer<typeof modelManifestSchema>

export interface SaveModelOptions {
  /** Put the model in the place of one that is there. Default false: a folder that holds something is refused. */
  readonly replace?: boolean
}

/**
 * Saves a model to a folder, whole or not at all: `model.json` (what it is), `model.safetensors` (its numbers) and
 * `score.onnx` (from `features` to `scores`, any number of rows), and for kinds that compare pairs in their own way
 * `compare.onnx` (to `logits`, before the temperature; `a` and `b` are places among the rows). `features` are the rows of
 * a frozen encoder; a trained one is part of the graph, and its own inputs take their place.
 *
 * @returns the manifest
 * @throws {RangeError} when the folder holds something and may not be replaced, or holds what is no model
 * @example
 * await saveModel(model, 'models/helpful')
 */
export async function saveModel(
  model: FittedModel<never, never> | FittedModel,
  folder: string,
  { replace = false }: SaveModelOptions = {},
): Promise<ModelManifest> {
  const { kind, options, encoder, contextEncoder, parameters, aspects } = model as FittedModel
  const there = existsSync(folder) ? await readdir(folder) : []
  if (there.length > 0 && !replace)
    throw new RangeError(
      `${folder} already holds ${there.slice(0, 3).join(', ')}; give another folder, or replace: true`,
    )
  if (there.length > 0 && !there.includes('model.json'))
    throw new RangeError(`${folder} holds ${there.slice(0, 3).join(', ')} and no model.json; it is not replaced`)
  const encoders: Encoders = { encoder, ...(contextEncoder && { contextEncoder }) }
  const making = join(dirname(folder), `.${basename(folder)}.${randomUUID()}.partial`)
  await mkdir(making, { recursive: true })
  try {
    const tensors = Object.fromEntries(parameterLeaves(parameters).map(({ path, leaf }) => [path, leaf]))
    await writeSafetensors(join(making, numbersFile), tensors)
    const metadata = { producer: 'penchant', kind: kind.name, aspects: JSON.stringify(aspects) }
    const judged = rowSpecs(encoders)
    const score = exportOnnx(
      (inputs, held) => ({
        scores: kind.score(held.model, symbolicRows(encoders, held, ownNames(judged, inputs)), options),
      }),
      { inputs: plainNames(judged), parameters, metadata },
    )
    writeWhole(join(making, 'score.onnx'), score)
    if (kind.logit) {
      const compared = pairSpecs(encoders)
      const compare = exportOnnx(
        (inputs, held) => ({
          logits: logitOf(kind, held.model, symbolicPairs(encoders, held, ownNames(compared, inputs)), options),
        }),
        { inputs: plainNames(compared), parameters, metadata },
      )
      writeWhole(join(making, 'compare.onnx'), compare)
    }
    const files: Record<string, string> = {}
    for (const name of (await readdir(making)).sort()) files[name] = await fileHash(join(making, name))
    const described = (one: Encoder): z.infer<typeof encoderSchema> => ({
      ...one.description,
      options: one.description.options as z.infer<typeof encoderSchema>['options'],
      id: one.id,
      width: one.width,
    })
    const manifest: ModelManifest = {
      format: 'penchant-model',
      formatVersion,
      kind: kind.name,
      options: JSON.parse(JSON.stringify(options ?? null)) as ModelManifest['options'],
      aspects: [...aspects],
      encoder: described(encoder),
      contextEncoder: contextEncoder ? described(contextEncoder) : null,
      raters: [...model.raters],
      temperature: model.temperature,
      metrics: Object.fromEntries(
        Object.entries(model.metrics).map(([name, number]) => [name, Number.isFinite(number) ? number : null]),
      ),
      dataVersion: model.dataVersion ?? null,
      files,
    }
    writeWhole(join(making, 'model.json'), `${JSON.stringify(manifest, null, 2)}\n`)
    await putInPlace(making, folder)
    return manifest
  } catch (error) {
    await rm(making, { recursive: true, force: true })
    throw error
  }
}

/** Inputs under names for people: an encoder's own for rows, `context_…` for those of contexts. */
function plainNames(specs: InputSpecs): InputSpecs {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { dtype, shape }]) => [
      plainName(name),
      spec(
        shape.map((dim) => (typeof dim === 'number' ? dim : dim.replaceAll('row_', ''))),
        dtype,
      ),
    ]),
  )
}

function plainName(name: string): string {
  return name.replace('row/', '').replaceAll('/', '_')
}

/** The same inputs under the names they have in the graph. */
function ownNames<V>(specs: InputSpecs, inputs: Readonly<Record<string, V>>): Readonly<Record<string, V>> {
  return Object.fromEntries(Object.keys(specs).map((name) => [name, inputs[plainName(name)] as V]))
}

/** Renames a folder to where another may be; the other goes only when the new one is there. */
async function putInPlace(made: string, folder: string): Promise<void> {
  if (!existsSync(folder)) return rename(made, folder)
  const old = `${made}.old`
  await rename(folder, old)
  try {
    await rename(made, folder)
  } catch (error) {
    await rename(old, folder)
    throw error
  }
  await rm(old, { recursive: true, force: true })
}

async function fileHash(path: string): Promise<string> {
  const digest = createHash('sha256')
  for await (const part of createReadStream(path)) digest.update(part as Uint8Array)
  return digest.digest('hex')
}

export interface LoadModelOptions {
  /** Kinds to look among, beside those that are known. */
  readonly kinds?: readonly ModelKind[]
  /** Encoder kinds to look among, beside those that are known. */
  readonly encoderKinds?: readonly EncoderKind[]
  /** The encoder itself, instead of one made by its description; its id must be the saved one. */
  readonly encoder?: Encoder
  readonly contextEncoder?: Encoder
}

/**
 * Opens a saved model. Nothing is taken on trust: the manifest is checked, every file against its hash, every tensor
 * against the shape that the kind asks for.
 *
 * @throws {RangeError} naming the file and what is wrong with it: no model, a newer format, an unknown kind, a missing or
 * changed file, another encoder, missing or misshapen tensors
 * @example
 * const model = await loadModel('models/helpful')
 * const [probability] = await model.prefer([{ context, a, b }])
 */
export async function loadModel(folder: string, options: LoadModelOptions = {}): Promise<FittedModel> {
  const manifest = await readManifest(folder)
  if (!Object.hasOwn(manifest.files, numbersFile))
    throw new RangeError(`${folder}/model.json gives no hash of ${numbersFile}; the model is not whole`)
  for (const [name, expected] of Object.entries(manifest.files)) {
    const path = join(folder, name)
    if (basename(name) !== name)
      throw new RangeError(`${folder}/model.json names "${name}", which is no file beside it`)
    if (!existsSync(path)) throw new RangeError(`${path} is missing; the model is not whole`)
    const found = await fileHash(path)
    if (found !== expected)
      throw new RangeError(`${path} was changed: its SHA-256 is ${found}, model.json says ${expected}`)
  }
  const known = [...(options.kinds ?? []), ...modelKinds]
  const kind = known.find(({ name }) => name === manifest.kind)
  if (kind === undefined)
    throw new RangeError(
      `${folder} is a model of kind "${manifest.kind}"; known are ${known.map(({ name }) => name).join(', ')}`,
    )
  const parsed = kind.options.safeParse(manifest.options)
  if (!parsed.success)
    throw new RangeError(`${folder}/model.json: options of "${kind.name}": ${z.prettifyError(parsed.error)}`)
  const aspects = kind.aspects?.(parsed.data) ?? ['overall']
  if (aspects.join('\n') !== manifest.aspects.join('\n'))
    throw new RangeError(
      `${folder}/model.json names the scores ${manifest.aspects.join(', ')}; by its options they are ${aspects.join(', ')}`,
    )
  const encoder = await openedEncoder(folder, manifest.encoder, options.encoder, options.encoderKinds)
  const contextEncoder =
    manifest.contextEncoder === null
      ? undefined
      : await openedEncoder(folder, manifest.contextEncoder, options.contextEncoder, options.encoderKinds)
  const sizes = { width: encoder.width, contextWidth: contextEncoder?.width ?? 0, raters: manifest.raters.length }
  const shape: ModelParameters = {
    model: kind.init(seeded('shape'), sizes, parsed.data),
    encoder: encoder.init(seeded('shape')),
    contextEncoder: contextEncoder?.init(seeded('shape')) ?? {},
  }
  return fittedModel({
    kind,
    options: parsed.data,
    encoder,
    ...(contextEncoder && { contextEncoder }),
    parameters: await readTree(join(folder, numbersFile), shape),
    raters: manifest.raters,
    temperature: manifest.temperature,
    metrics: Object.fromEntries(Object.entries(manifest.metrics).map(([name, number]) => [name, number ?? Number.NaN])),
    ...(manifest.dataVersion !== null && { dataVersion: manifest.dataVersion }),
  })
}

/** What a saved model says of itself. @throws {RangeError} when there is no model, or one of a newer format */
export async function readManifest(folder: string): Promise<ModelManifest> {
  const path = join(folder, 'model.json')
  if (!existsSync(path)) throw new RangeError(`${folder} holds no model: there is no model.json`)
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new RangeError(`${path} is not JSON`, { cause: error })
  }
  const version = (json as { formatVersion?: unknown } | null)?.formatVersion
  if (typeof version === 'number' && version > formatVersion)
    throw new RangeError(`${path} is of format ${version}; this version reads formats up to ${formatVersion}`)
  const parsed = modelManifestSchema.safeParse(json)
  if (!parsed.success) throw new RangeError(`${path}: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

async function openedEncoder(
  folder: string,
  saved: ModelManifest['encoder'],
  given: Encoder | undefined,
  kinds: readonly EncoderKind[] = [],
): Promise<Encoder> {
  const known = [...kinds, ...encoderKinds]
  const opener = known.find(({ kind }) => kind === saved.kind)
  if (given === undefined && opener === undefined)
    throw new RangeError(
      `${folder} reads with an encoder "${saved.kind}"; give it as encoder, or its kind (known are ${known.map(({ kind }) => kind).join(', ')})`,
    )
  const encoder = given ?? (await (opener as EncoderKind).open(saved.options as Json))
  if (encoder.id !== saved.id)
    throw new RangeError(
      `${folder} was fitted with the encoder ${saved.id} ("${saved.kind}"), this one is ${encoder.id} ("${encoder.description.kind}")`,
    )
  return encoder
}

/** A tree of one shape with the numbers of a file. */
async function readTree<T>(path: string, shape: T): Promise<T> {
  const file = await openSafetensors(path)
  const wanted = parameterLeaves(shape)
  const extra = file.names.filter((name) => !wanted.some((leaf) => leaf.path === name))
  if (extra.length > 0)
    throw new RangeError(`${path} has tensors that the model does not: ${extra.slice(0, 5).join(', ')}`)
  const read = new Map<string, TensorValue>()
  for (const { path: name, leaf } of wanted) {
    if (!file.names.includes(name)) throw new RangeError(`${path} has no tensor "${name}"`)
    const stored = file.shape(name)
    if (stored.length !== leaf.shape.length || stored.some((size, axis) => size !== leaf.shape[axis]))
      throw new RangeError(
        `${path}: "${name}" is [${stored.join(', ')}], the model asks for [${leaf.shape.join(', ')}]`,
      )
    const value = await file.read(name)
    read.set(name, value.dtype === leaf.dtype ? value : convert(value, leaf.dtype))
  }
  return mapTree(shape, isTensorValue, (_, name) => read.get(name)) as T
}
