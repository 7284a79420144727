import { openSafetensors, value, writeSafetensors } from '../../tensor/index.ts'

/** A catalogue's items as short words over small alphabets, alike items sharing their first letters. */
export interface SemanticIds {
  readonly items: number
  /** How many codes each level has. */
  readonly sizes: readonly number[]
  /** [items · levels]: item i has `codes[i · levels]` to `codes[(i + 1) · levels − 1]`; no two items have the same. */
  readonly codes: Int32Array
  /** Whether the last level only tells items apart whose other codes are equal. */
  readonly disambiguated: boolean
}

export interface SemanticIdOptions {
  /** Most items that may share all codes; the further level has no more codes than needed. Default 256 (TIGER's). */
  readonly mostAlike?: number
}

/**
 * Ids from the codes of a quantiser. Where items share all codes, a further level numbers them 0, 1, 2, … in the order of
 * items, and is 0 for all others; where none do, there is no such level.
 *
 * @param codes [items · levels]
 * @param sizes codes of each level
 * @throws {RangeError} on a code out of range, or when more than `mostAlike` items share their codes
 * @see Rajput et al., Recommender Systems with Generative Retrieval, NeurIPS 2023, arXiv 2305.05065, section 3.1
 * @example
 * semanticIds(Int32Array.of(0, 1, 0, 1, 1, 0), [2, 2]).codes // 0 1 0, 0 1 1, 1 0 0
 */
export function semanticIds(
  codes: ArrayLike<number>,
  sizes: readonly number[],
  options: SemanticIdOptions = {},
): SemanticIds {
  const { mostAlike = 256 } = options
  const levels = sizes.length
  if (levels === 0 || codes.length % levels !== 0)
    throw new RangeError(`semantic ids: ${codes.length} codes do not make items of ${levels} levels`)
  const items = codes.length / levels
  const alike = new Map<string, number>()
  const order = new Int32Array(items)
  let most = 0
  for (let item = 0; item < items; item++) {
    const word: number[] = []
    for (const [level, size] of sizes.entries()) {
      const code = codes[item * levels + level] ?? -1
      if (!(Number.isInteger(code) && code >= 0 && code < size))
        throw new RangeError(
          `semantic ids: item ${item} has code ${code} at level ${level}, expected a whole number from 0 to ${size - 1}`,
        )
      word.push(code)
    }
    const known = alike.get(word.join()) ?? 0
    order[item] = known
    alike.set(word.join(), known + 1)
    most = Math.max(most, known + 1)
  }
  if (most > mostAlike)
    throw new RangeError(
      `semantic ids: ${most} items share all their codes, expected at most ${mostAlike}; use more codes or levels`,
    )
  if (most <= 1) return { items, sizes: [...sizes], codes: Int32Array.from(codes), disambiguated: false }
  const told = new Int32Array(items * (levels + 1))
  for (let item = 0; item < items; item++) {
    for (let level = 0; level < levels; level++)
      told[item * (levels + 1) + level] = codes[item * levels + level] as number
    told[item * (levels + 1) + levels] = order[item] as number
  }
  return { items, sizes: [...sizes, most], codes: told, disambiguated: true }
}

/** The codes of one item, a view. @throws {RangeError} when there is no such item */
export function codesOf({ items, sizes, codes }: SemanticIds, item: number): Int32Array {
  if (!(Number.isInteger(item) && item >= 0 && item < items))
    throw new RangeError(`there is no item ${item}, expected a whole number from 0 to ${items - 1}`)
  return codes.subarray(item * sizes.length, (item + 1) * sizes.length)
}

const format = 'penchant-semantic-ids'

/** Writes ids to one file, `.safetensors`; {@link loadSemanticIds} reads it. */
export async function saveSemanticIds(path: string, ids: SemanticIds): Promise<void> {
  await writeSafetensors(
    path,
    { codes: value(ids.codes, [ids.items, ids.sizes.length]), sizes: value(Int32Array.from(ids.sizes)) },
    { metadata: { format, disambiguated: String(ids.disambiguated) } },
  )
}

/** @throws {RangeError} when the file holds no semantic ids */
export async function loadSemanticIds(path: string): Promise<SemanticIds> {
  const file = await openSafetensors(path)
  if (file.metadata['format'] !== format)
    throw new RangeError(`${path} holds no semantic ids: its format is ${JSON.stringify(file.metadata['format'])}`)
  const [codes, sizes] = [await file.read('codes'), await file.read('sizes')]
  return {
    items: codes.shape[0] ?? 0,
    sizes: Array.from(sizes.data, Number),
    codes: Int32Array.from(codes.data as Int32Array),
    disambiguated: file.metadata['disambiguated'] === 'true',
  }
}
