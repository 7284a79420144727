interface AdamState {
  readonly data: Float32Array
  /** Sums m and v of gradients and of their squares, decaying by `decay1` and `decay2` a step. */
  readonly first: Float32Array
  readonly second: Float32Array
  readonly width: number
  readonly decay1: number
  readonly decay2: number
  /** A step moves a cell by factor · m/(√v + offset). */
  factorAt(step: number): number
  offsetAt(step: number): number
}

/** Up to this many missed steps are done as the graph would do them, to the bit. */
const replayed = 16

/** A movement that has faded to this share is over: 2⁻⁴⁰, beside float32's 2⁻²⁴, leaves room for rates that grow. */
const faded = 2 ** -40

/** Terms of the series below, and the largest ratio it is used for: what is left out is below (1/16)⁸ = 2⁻³². */
const terms = 8
const largestRatio = 1 / 16

/**
 * Makes up for steps in which Adam got no gradient for a row: m and v decay, and the row goes on moving by
 * f_{s+k} m β₁ᵏ/(√v β₂^{k/2} + o_{s+k}) for k = 1, 2, … missed steps after step s.
 *
 * With ρ = β₁/√β₂ below 1 these movements fade as ρᵏ, so only the first K = ln 2⁻⁴⁰/ln ρ of them count (265 with the
 * usual 0.9 and 0.999); m and v themselves decay in closed form. Where the offset is small beside √v the sum over k is
 * taken for all cells of a row at once, by the series
 *
 *   Σₖ f β₁ᵏ m/(√v β₂^{k/2} + o) = (m/√v) Σⱼ (−1/√v)ʲ Sⱼ,   Sⱼ = Σₖ f_{s+k} ρᵏ (o_{s+k} β₂^{−k/2})ʲ
 *
 * so a row costs at most 8 K + 8 · width multiplications, whatever it missed; cells where √v is not above 16 offsets
 * cost K divisions each. With ρ ≥ 1 the movements end only with m itself, so that K = ln 2⁻¹⁴⁹/ln β₁ steps are made up
 * one by one. Memory: 8 bytes for each step of the training so far.
 *
 * @returns a function that brings a row, which stands after step `last`, to where it is after step `now`
 */
export function missedAdam(state: AdamState): (id: number, last: number, now: number) => void {
  const { data, first, second, width, decay1, decay2 } = state
  const { fround, sqrt } = Math
  const fade = decay1 / sqrt(decay2)
  const lasting = Math.max(
    1,
    Math.ceil(fade < 1 ? Math.log(faded) / Math.log(fade) : (-149 * Math.LN2) / Math.log(decay1)),
  )
  // What all rows share in a step, for steps from 1 on.
  let factors = new Float32Array(1024)
  let offsets = new Float32Array(1024)
  let known = 0
  const know = (step: number): void => {
    if (step >= factors.length) {
      const size = 2 ** Math.ceil(Math.log2(step + 1))
      const [before, beforeOffsets] = [factors, offsets]
      factors = new Float32Array(size)
      offsets = new Float32Array(size)
      factors.set(before)
      offsets.set(beforeOffsets)
    }
    for (; known < step; known++) {
      factors[known + 1] = state.factorAt(known + 1)
      offsets[known + 1] = state.offsetAt(known + 1)
    }
  }

  const sums = new Float64Array(terms)
  let largestOffset = 0
  let summedFrom = -1
  let summedCount = -1
  /** Sⱼ for a row last touched at a step; rows of one batch share it. */
  const sum = (last: number, count: number): void => {
    if (summedFrom === last && summedCount === count) return
    summedFrom = last
    summedCount = count
    sums.fill(0)
    largestOffset = 0
    let weight = 1
    let growth = 1
    for (let k = 1; k <= count; k++) {
      weight *= fade
      growth /= sqrt(decay2)
      const offset = (offsets[last + k] ?? 0) * growth
      largestOffset = Math.max(largestOffset, offset)
      let term = (factors[last + k] ?? 0) * weight
      for (let j = 0; j < terms; j++) {
        sums[j] = (sums[j] ?? 0) + term
        term *= offset
      }
    }
  }

  /** One cell through its steps, in float64. */
  const moved = (m: number, root: number, last: number, count: number): number => {
    const [decay, rootDecay] = [decay1, sqrt(decay2)]
    let [sumOfMoves, average, rootAverage] = [0, m, root]
    for (let k = 1; k <= count; k++) {
      average *= decay
      rootAverage *= rootDecay
      sumOfMoves += ((factors[last + k] ?? 0) * average) / (rootAverage + (offsets[last + k] ?? 0))
    }
    return sumOfMoves
  }

  const replay = (id: number, last: number, now: number): void => {
    for (let step = last + 1; step <= now; step++) {
      const [factor, offset] = [factors[step] ?? 0, offsets[step] ?? 0]
      for (let at = 0, cell = id * width; at < width; at++, cell++) {
        const m = fround((first[cell] ?? 0) * decay1)
        const v = fround((second[cell] ?? 0) * decay2)
        first[cell] = m
        second[cell] = v
        data[cell] = (data[cell] ?? 0) + fround(fround(m / fround(fround(sqrt(v)) + offset)) * factor)
      }
    }
  }

  return (id, last, now) => {
    know(now)
    if (now - last <= replayed) {
      replay(id, last, now)
      return
    }
    const count = Math.min(now - last, lasting)
    sum(last, count)
    const [left1, left2] = [decay1 ** (now - last), decay2 ** (now - last)]
    for (let at = 0, cell = id * width; at < width; at++, cell++) {
      const m = first[cell] ?? 0
      if (m !== 0) {
        const root = sqrt(second[cell] ?? 0)
        let move = 0
        if (root * largestRatio > largestOffset) {
          for (let j = terms - 1; j >= 0; j--) move = (sums[j] ?? 0) - move / root
          move *= m / root
        } else move = moved(m, root, last, count)
        data[cell] = (data[cell] ?? 0) + move
      }
      first[cell] = m * left1
      second[cell] = (second[cell] ?? 0) * left2
    }
  }
}
