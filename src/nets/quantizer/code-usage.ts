import type { Random } from '../../run/index.ts'
import type { TensorValue } from '../../tensor/index.ts'
import type { ResidualQuantizerParameters } from './residual-quantizer.ts'

/** How often each code of each level is used: [codes] a level, a moving average of counts a batch. */
export type CodeUsage = readonly Float64Array[]

/** Usage before the first batch: as if every code had just been used `count` times. Default 1. */
export function initCodeUsage({ codebooks }: ResidualQuantizerParameters, count = 1): CodeUsage {
  return codebooks.map(({ shape: [codes = 0] }) => new Float64Array(codes).fill(count))
}

/**
 * Takes a batch into account: usage ← decay · usage + (1 − decay) · count.
 *
 * @param codes [batch · levels]
 * @param decay Default 0.99
 */
export function trackUsage(usage: CodeUsage, codes: ArrayLike<number | bigint>, decay = 0.99): void {
  const levels = usage.length
  for (const [level, counts] of usage.entries()) {
    for (const [code, count] of counts.entries()) counts[code] = decay * count
    for (let at = level; at < codes.length; at += levels) {
      const code = Number(codes[at])
      counts[code] = (counts[code] ?? 0) + 1 - decay
    }
  }
}

/**
 * Puts codes that are hardly used any more at residuals of the batch, drawn at random, and counts them as used. The
 * codebooks change where they lie; an optimiser's state for those rows is the caller's.
 *
 * @param residuals what each level was given: [batch, width] a level
 * @param threshold usage below which a code is dead. Default 1
 * @returns how many codes of each level were revived
 * @throws {RangeError} when a level has no residuals to draw from
 */
export function reviveDeadCodes(
  { codebooks }: ResidualQuantizerParameters,
  usage: CodeUsage,
  residuals: readonly TensorValue[],
  random: Random,
  threshold = 1,
): readonly number[] {
  return codebooks.map((codebook, level) => {
    const width = codebook.shape[1] ?? 1
    const [counts, given] = [usage[level], residuals[level]]
    const rows = given?.shape[0] ?? 0
    if (counts === undefined || given === undefined || rows === 0)
      throw new RangeError(`reviveDeadCodes: level ${level} has no usage or no residuals to start codes from`)
    const [book, from] = [codebook.data as Float32Array, given.data as Float32Array]
    let revived = 0
    for (const [code, count] of counts.entries()) {
      if (count >= threshold) continue
      const row = random.integer(rows)
      book.set(from.subarray(row * width, (row + 1) * width), code * width)
      counts[code] = threshold
      revived++
    }
    return revived
  })
}

/**
 * How many codes a level uses as if all were equally frequent: e to the entropy of their frequencies.
 *
 * @param codes [n · levels]
 * @param sizes codes of each level
 */
export function codePerplexity(codes: ArrayLike<number | bigint>, sizes: readonly number[]): readonly number[] {
  const levels = sizes.length
  return sizes.map((size, level) => {
    const counts = new Float64Array(size)
    for (let at = level; at < codes.length; at += levels) {
      const code = Number(codes[at])
      counts[code] = (counts[code] ?? 0) + 1
    }
    const total = counts.reduce((sum, count) => sum + count, 0)
    return Math.exp(
      counts.reduce((sum, count) => (count > 0 ? sum - (count / total) * Math.log(count / total) : sum), 0),
    )
  })
}
