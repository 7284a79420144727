import type { TypedArray } from './graph/dtype.ts'
import type { TensorValue } from './graph/value.ts'

/** Rows of at most this many bytes are held together by example. */
const shortBytes = 16

/** Whether rows are few whole words each, which {@link shortRows} takes. */
export function isShort({ shape, data }: TensorValue): boolean {
  const bytes = shape.slice(1).reduce((product, dim) => product * dim, data.BYTES_PER_ELEMENT)
  return bytes > 0 && bytes <= shortBytes && bytes % Uint32Array.BYTES_PER_ELEMENT === 0
}

/**
 * Takes the rows of examples in any order from several columns at once. All that belongs to an example is laid side by
 * side beforehand: out of millions in random order each has to be fetched from memory, and that once, not once a column.
 *
 * @param columns of one first size, each {@link isShort}
 * @returns from numbers of examples to their rows of each column
 */
export function shortRows(columns: readonly TensorValue[]): (examples: Uint32Array) => readonly TypedArray[] {
  const widths = columns.map(({ shape, data }) => wordsOf(data).length / Math.max(1, shape[0] ?? 1))
  const stride = widths.reduce((sum, width) => sum + width, 0)
  const count = columns[0]?.shape[0] ?? 0
  const packed = new Uint32Array(count * stride)
  let first = 0
  columns.forEach(({ data }, column) => {
    const [words, width] = [wordsOf(data), widths[column] ?? 0]
    for (let example = 0; example < count; example++)
      for (let k = 0; k < width; k++) packed[example * stride + first + k] = words[example * width + k] ?? 0
    first += width
  })
  // Where each word of an example goes.
  const places = widths.flatMap((width, column) => Array.from({ length: width }, (_, k) => ({ column, width, k })))
  return (examples) => {
    const taken = widths.map((width) => new Uint32Array(examples.length * width))
    // Some examples at a time, so that their words are still near when the next column is taken; one loop a word.
    for (let from = 0; from < examples.length; from += block) {
      const some = examples.subarray(from, from + block)
      places.forEach(({ column, width, k }, word) => {
        takeWords(packed, stride, word, some, taken[column] as Uint32Array, width, from * width + k)
      })
    }
    return columns.map(({ data }, column) => {
      const make = data.constructor as new (buffer: ArrayBufferLike) => TypedArray
      return new make((taken[column] as Uint32Array).buffer)
    })
  }
}

const block = 1024

/** Word `word` of each example to every `step`th place of `into`, from `first` on. */
function takeWords(
  packed: Uint32Array,
  stride: number,
  word: number,
  examples: Uint32Array,
  into: Uint32Array,
  step: number,
  first: number,
): void {
  for (let at = 0; at < examples.length; at++)
    into[first + at * step] = packed[(examples[at] as number) * stride + word] as number
}

function wordsOf({ buffer, byteOffset, byteLength }: TypedArray): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength / Uint32Array.BYTES_PER_ELEMENT)
}
