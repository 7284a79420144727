/** A wish among aspects: a direction of length 1, or nothing where all weights are 0. */
export function wishOf(weights: readonly number[]): readonly number[] | undefined {
  const length = Math.hypot(...weights)
  return length > 0 ? weights.map((weight) => weight / length) : undefined
}

/** What a wish makes of scores by aspect: v · r. */
export function worth(scores: ArrayLike<number>, wish: readonly number[]): number {
  return wish.reduce((sum, weight, k) => sum + weight * (scores[k] ?? 0), 0)
}

/** Places of candidates from the best to the worst; equal ones, and all without a wish, as they come. */
export function ranked(scores: readonly ArrayLike<number>[], wish: readonly number[] | undefined): readonly number[] {
  const places = scores.map((_, place) => place)
  if (!wish) return places
  const worths = scores.map((own) => worth(own, wish))
  return places.toSorted((a, b) => (worths[b] ?? 0) - (worths[a] ?? 0))
}

/** How often a wish chooses as people did; equal worths count half. */
export function agreement(
  scores: readonly ArrayLike<number>[],
  choices: readonly { readonly chosen: number; readonly other: number }[],
  wish: readonly number[],
): number {
  return choices.reduce((sum, { chosen, other }) => {
    const gap = worth(scores[chosen] ?? [], wish) - worth(scores[other] ?? [], wish)
    return sum + (gap > 0 ? 1 : gap < 0 ? 0 : 0.5)
  }, 0)
}

/** 95 % interval of a share (Wilson 1927). */
export function shareInterval(count: number, of: number): readonly [number, number] {
  const z = 1.959964
  const share = count / of
  const middle = (share + z ** 2 / (2 * of)) / (1 + z ** 2 / of)
  const half = (z * Math.sqrt((share * (1 - share)) / of + z ** 2 / (4 * of ** 2))) / (1 + z ** 2 / of)
  return [middle - half, middle + half]
}

/** Weights from −1 to 1 whose largest is 1, in steps of a slider, that point as others do. */
export function asSliders(direction: readonly number[], step: number): readonly number[] {
  const largest = Math.max(...direction.map(Math.abs))
  return direction.map((value) => (largest > 0 ? Math.round(value / largest / step) * step : 0) + 0)
}

/** The floats of a base-64 text, little end first. */
export function floatsIn(text: string): Float32Array<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
  const view = new DataView(bytes.buffer)
  return Float32Array.from({ length: bytes.length / 4 }, (_, at) => view.getFloat32(4 * at, true))
}
