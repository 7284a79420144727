import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { bytesPerElement, type DType, viewAs } from './graph/dtype.ts'
import { convert, sizeOf, type TensorValue } from './graph/value.ts'

/** Element types of the file format that have a tensor type here; BF16 is widened to float32 when read. */
const storedTypes = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  I64: 'int64',
  I32: 'int32',
  U64: 'uint64',
  U32: 'uint32',
  U8: 'uint8',
  BOOL: 'bool',
} as const satisfies Record<string, DType>

const storedSize: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.entries(storedTypes).map(([stored, dtype]) => [stored, bytesPerElement[dtype]])),
  BF16: 2,
}

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().min(0)),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
})
const headerSchema = z.record(z.string(), z.unknown())
const metadataSchema = z.record(z.string(), z.string())
const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) })

/** The format's own limit on the size of a header. */
const largestHeader = 100_000_000

interface Entry {
  readonly file: string
  readonly stored: string
  readonly shape: readonly number[]
  /** Byte range in the file. */
  readonly start: number
  readonly end: number
}

/** An opened checkpoint: what is in it is known, numbers are read when asked for. */
export interface Safetensors {
  readonly names: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  /** The shape of a tensor. @throws {RangeError} when there is none of the name */
  shape(name: string): readonly number[]
  /**
   * Reads one tensor, straight into its own memory; nothing else of the file is read.
   *
   * @param dtype convert to this type. Default: as stored, BF16 as float32
   * @throws {RangeError} when there is none of the name
   */
  read(name: string, dtype?: DType): Promise<TensorValue>
  /** Where a tensor's bytes start in its file, and the format's name of its element type. */
  location(name: string): { readonly file: string; readonly start: number; readonly dtype: string }
  /** Reads rows `from` (inclusive) to `to` (exclusive) of a tensor: a part of a table too large for memory. */
  readRows(name: string, from: number, to: number, dtype?: DType): Promise<TensorValue>
}

async function readRange(file: string, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(end - start)
  const handle = await open(file, 'r')
  try {
    for (let done = 0; done < bytes.length; ) {
      // One read can give at most 2 GiB.
      const length = Math.min(bytes.length - done, 2 ** 30)
      const { bytesRead } = await handle.read(bytes, done, length, start + done)
      if (bytesRead === 0) throw new RangeError(`${file} ends at byte ${start + done}, expected at least ${end}`)
      done += bytesRead
    }
  } finally {
    await handle.close()
  }
  return bytes
}

async function readHeader(
  file: string,
): Promise<{ readonly entries: ReadonlyMap<string, Entry>; readonly metadata: Readonly<Record<string, string>> }> {
  const wrong = (why: string): RangeError => new RangeError(`${file} is not a safetensors file: ${why}`)
  const { size } = await stat(file)
  if (size < 8) throw wrong(`it has ${size} bytes, expected at least 8`)
  const length = Number(new DataView((await readRange(file, 0, 8)).buffer).getBigUint64(0, true))
  if (length > largestHeader || 8 + length > size)
    throw wrong(`its header would have ${length} bytes, the file has ${size}`)
  const text = new TextDecoder().decode(await readRange(file, 8, 8 + length))
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new RangeError(`${file} is not a safetensors file: its header is not JSON`, { cause: error })
  }
  const header = headerSchema.parse(json)
  const metadata = metadataSchema.parse(header['__metadata__'] ?? {})
  const entries = new Map<string, Entry>()
  for (const [name, raw] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const { dtype, shape, data_offsets } = entrySchema.parse(raw)
    const [from, to] = data_offsets
    const width = storedSize[dtype]
    if (width !== undefined && to - from !== sizeOf(shape) * width)
      throw wrong(
        `"${name}" (${dtype} [${shape.join(', ')}]) has ${to - from} bytes, expected ${sizeOf(shape) * width}`,
      )
    if (8 + length + to > size) throw wrong(`"${name}" ends at byte ${8 + length + to}, the file has ${size}`)
    entries.set(name, { file, stored: dtype, shape, start: 8 + length + from, end: 8 + length + to })
  }
  return { entries, metadata }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** The files a path stands for: itself, the shards of an index, or the model in a folder. */
async function filesOf(path: string): Promise<readonly string[]> {
  if (path.endsWith('.json')) {
    const { weight_map: shards } = indexSchema.parse(JSON.parse(await readFile(path, 'utf8')))
    return [...new Set(Object.values(shards))].map((shard) => {
      if (basename(shard) !== shard) throw new RangeError(`${path}: shard "${shard}" is not a file beside the index`)
      return join(dirname(path), shard)
    })
  }
  if (!(await stat(path)).isDirectory()) return [path]
  for (const name of ['model.safetensors', 'adapter_model.safetensors'])
    if (await exists(join(path, name))) return [join(path, name)]
  const index = join(path, 'model.safetensors.index.json')
  if (await exists(index)) return filesOf(index)
  throw new RangeError(`${path} has neither model.safetensors nor model.safetensors.index.json`)
}

function widenBfloat16(bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2)
  const words = new Uint32Array(halves.length)
  for (let at = 0; at < halves.length; at++) words[at] = (halves[at] ?? 0) << 16
  return new Float32Array(words.buffer)
}

/**
 * Opens a checkpoint in the safetensors format, whole or in shards.
 *
 * @param path a `.safetensors` file, a `.safetensors.index.json`, or a folder that has either under its usual name
 * @throws {RangeError} when a file is not in the format, or two shards have tensors of one name
 * @see https://github.com/huggingface/safetensors#format
 * @example
 * const checkpoint = await openSafetensors('model.safetensors')
 * const weight = await checkpoint.read('lm_head.weight', 'float32')
 */
export async function openSafetensors(path: string): Promise<Safetensors> {
  const entries = new Map<string, Entry>()
  const metadata: Record<string, string> = {}
  for (const file of await filesOf(path)) {
    const header = await readHeader(file)
    Object.assign(metadata, header.metadata)
    for (const [name, entry] of header.entries) {
      const before = entries.get(name)
      if (before) throw new RangeError(`"${name}" is both in ${before.file} and in ${file}`)
      entries.set(name, entry)
    }
  }
  const find = (name: string): Entry => {
    const entry = entries.get(name)
    if (entry === undefined)
      throw new RangeError(
        `${path} has no tensor "${name}"; it has ${[...entries.keys()].slice(0, 8).join(', ')}${entries.size > 8 ? `, … (${entries.size})` : ''}`,
      )
    return entry
  }
  const read = async (name: string, from: number, to: number, whole: boolean, dtype?: DType): Promise<TensorValue> => {
    const { file, stored, shape, start, end } = find(name)
    const width = storedSize[stored]
    if (width === undefined)
      throw new TypeError(
        `${file}: "${name}" is stored as ${stored}, expected one of ${Object.keys(storedSize).join(', ')}`,
      )
    const rowBytes = sizeOf(shape.slice(1)) * width
    const bytes = whole
      ? await readRange(file, start, end)
      : await readRange(file, start + from * rowBytes, start + to * rowBytes)
    const kept = whole ? shape : [to - from, ...shape.slice(1)]
    const value: TensorValue =
      stored === 'BF16'
        ? { dtype: 'float32', shape: kept, data: widenBfloat16(bytes) }
        : {
            dtype: storedTypes[stored as keyof typeof storedTypes],
            shape: kept,
            data: viewAs(storedTypes[stored as keyof typeof storedTypes], bytes.buffer, 0, bytes.length / width),
          }
    return dtype === undefined || dtype === value.dtype ? value : convert(value, dtype)
  }
  return {
    names: [...entries.keys()],
    metadata,
    shape: (name) => find(name).shape,
    location(name) {
      const { file, start, stored } = find(name)
      return { file, start, dtype: stored }
    },
    read: (name, dtype) => read(name, 0, 0, true, dtype),
    async readRows(name, from, to, dtype) {
      const rows = find(name).shape[0]
      if (rows === undefined || !(from >= 0 && from <= to && to <= rows))
        throw new RangeError(`"${name}": rows ${from} to ${to} leave its ${rows ?? 'scalar'} rows`)
      return read(name, from, to, false, dtype)
    },
  }
}

export interface WriteSafetensorsOptions {
  /** Texts kept in the header. Default `{ format: 'pt' }`, which some readers ask for. */
  readonly metadata?: Readonly<Record<string, string>>
  /** Above this many bytes the tensors are spread over several files with an index. Default: one file. */
  readonly shardBytes?: number
}

const storedName: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(storedTypes).map(([stored, dtype]) => [dtype, stored]),
)

type Named = readonly (readonly [string, TensorValue])[]

function byteCount({ dtype, data }: TensorValue): number {
  return data.length * bytesPerElement[dtype]
}

async function writeFile(path: string, tensors: Named, metadata: Readonly<Record<string, string>>): Promise<void> {
  // Wide elements first, so that every tensor starts at a multiple of its element size.
  const ordered = tensors.toSorted(
    ([a, x], [b, y]) => bytesPerElement[y.dtype] - bytesPerElement[x.dtype] || (a < b ? -1 : 1),
  )
  let at = 0
  const header: Record<string, unknown> = { __metadata__: metadata }
  for (const [name, tensor] of ordered) {
    const end = at + byteCount(tensor)
    header[name] = { dtype: storedName[tensor.dtype], shape: tensor.shape, data_offsets: [at, end] }
    at = end
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const padded = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20)
  padded.set(json)
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true)

  const partial = `${path}.${process.pid}.partial`
  const handle = await open(partial, 'w')
  try {
    for (const bytes of [
      length,
      padded,
      ...ordered.map(([, tensor]) => new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, byteCount(tensor))),
    ])
      for (let done = 0; done < bytes.length; )
        done += (await handle.write(bytes, done, Math.min(bytes.length - done, 2 ** 30))).bytesWritten
    await handle.sync()
  } catch (error) {
    await handle.close()
    await rm(partial, { force: true })
    throw error
  }
  await handle.close()
  await rename(partial, path)
}

/**
 * Writes tensors in the safetensors format; files appear whole or not at all.
 *
 * @param path a file ending in `.safetensors`. In shards: `x-00001-of-00003.safetensors` and `x.safetensors.index.json`
 * @param tensors by name; what `parameterLeaves` lists of a tree, for instance
 * @returns the files written
 * @throws {RangeError} when the path does not end in `.safetensors` or a tensor is named `__metadata__`
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, TensorValue>>,
  options: WriteSafetensorsOptions = {},
): Promise<readonly string[]> {
  if (!path.endsWith('.safetensors')) throw new RangeError(`"${path}" does not end in .safetensors`)
  if ('__metadata__' in tensors) throw new RangeError('no tensor may be named "__metadata__"')
  const metadata = options.metadata ?? { format: 'pt' }
  const limit = options.shardBytes ?? Number.POSITIVE_INFINITY
  const shards: [string, TensorValue][][] = [[]]
  let filled = 0
  for (const [name, tensor] of Object.entries(tensors)) {
    const bytes = byteCount(tensor)
    if (filled > 0 && filled + bytes > limit) {
      shards.push([])
      filled = 0
    }
    shards.at(-1)?.push([name, tensor])
    filled += bytes
  }
  await mkdir(dirname(path), { recursive: true })
  if (shards.length === 1) {
    await writeFile(path, shards.flat(), metadata)
    return [path]
  }
  const digits = (number: number): string => String(number).padStart(5, '0')
  const stem = path.slice(0, -'.safetensors'.length)
  const files = shards.map((_, index) => `${stem}-${digits(index + 1)}-of-${digits(shards.length)}.safetensors`)
  const map: Record<string, string> = {}
  for (const [index, shard] of shards.entries()) {
    const file = files[index] ?? ''
    await writeFile(file, shard, metadata)
    for (const [name] of shard) map[name] = basename(file)
  }
  const total = Object.values(tensors).reduce((sum, tensor) => sum + byteCount(tensor), 0)
  const index = `${path}.index.json`
  const handle = await open(`${index}.partial`, 'w')
  await handle.writeFile(JSON.stringify({ metadata: { total_size: total }, weight_map: map }, null, 2))
  await handle.sync()
  await handle.close()
  await rename(`${index}.partial`, index)
  return [...files, index]
}

/** Reads every tensor of a checkpoint. Floating types become `dtype` where given; whole numbers stay as they are. */
export async function readSafetensors(path: string, dtype?: DType): Promise<Readonly<Record<string, TensorValue>>> {
  const checkpoint = await openSafetensors(path)
  const found: Record<string, TensorValue> = {}
  for (const name of checkpoint.names) {
    const value = await checkpoint.read(name)
    const floating = value.dtype === 'float16' || value.dtype === 'float32' || value.dtype === 'float64'
    found[name] = dtype !== undefined && floating && value.dtype !== dtype ? convert(value, dtype) : value
  }
  return found
}
