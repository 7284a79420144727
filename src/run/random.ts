/**
 * A seeded stream of random numbers. The same seed gives the same numbers on every machine; nothing else in the
 * project decides a result by chance.
 */
export interface Random {
  /** Uniform on [0, 1), 53 random bits. */
  uniform(): number
  /** Standard normal (Marsaglia's polar method). */
  normal(): number
  /** Uniform integer in [0, bound). @throws {RangeError} unless bound is an integer in [1, 2³²] */
  integer(bound: number): number
  /** A fair or biased coin: true with the given probability. */
  chance(probability: number): boolean
  /** One element, all equally likely. @throws {RangeError} on an empty array */
  pick<T>(items: readonly T[]): T
  /** A copy in uniformly random order (Fisher–Yates). */
  shuffle(items: Uint32Array): Uint32Array
  shuffle<T>(items: readonly T[]): T[]
  /** Index drawn in proportion to non-negative weights. @throws {RangeError} when no weight is positive */
  weighted(weights: ArrayLike<number>): number
  /** An independent stream, named so that adding one does not shift the numbers of another. */
  fork(label: string | number): Random
}

/** 32-bit mixing of a text into a seed word (xmur3). */
function mix(text: string): () => number {
  let hash = 1779033703 ^ text.length
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 3432918353)
    hash = (hash << 13) | (hash >>> 19)
  }
  return () => {
    hash = Math.imul(hash ^ (hash >>> 16), 2246822507)
    hash = Math.imul(hash ^ (hash >>> 13), 3266489909)
    hash ^= hash >>> 16
    return hash >>> 0
  }
}

/**
 * Starts a stream: xoshiro128** (Blackman & Vigna 2018) seeded from any number or text.
 *
 * @example
 * const random = seeded(1)
 * random.uniform() // always the same number
 */
export function seeded(seed: number | string): Random {
  const name = String(seed)
  const next = mix(name)
  let [s0, s1, s2, s3] = [next(), next(), next(), next() | 1]
  let spare: number | undefined

  const word = (): number => {
    const scrambled = Math.imul(s1, 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0
    const shifted = s1 << 9
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    s3 = (s3 << 11) | (s3 >>> 21)
    return result
  }
  const uniform = (): number => ((word() >>> 5) * 67108864 + (word() >>> 6)) / 9007199254740992
  const integer = (bound: number): number => {
    if (!Number.isInteger(bound) || bound < 1 || bound > 4294967296)
      throw new RangeError(`bound is ${bound}, expected an integer from 1 to 2³²`)
    let drawn = word()
    // What is above the last multiple of the bound is drawn again; hardly a number is near enough to ask.
    if (drawn >= 4294967296 - bound) {
      const limit = 4294967296 - (4294967296 % bound)
      while (drawn >= limit) drawn = word()
    }
    return drawn % bound
  }

  /** As `shuffle` does it, with all it needs at hand: orders of millions of examples are drawn for every epoch. */
  const shuffleNumbers = (items: Uint32Array): Uint32Array => {
    let [a, b, c, d] = [s0, s1, s2, s3]
    for (let i = items.length - 1; i > 0; i--) {
      const bound = i + 1
      let drawn: number
      do {
        const scrambled = Math.imul(b, 5)
        drawn = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0
        const shifted = b << 9
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= shifted
        d = (d << 11) | (d >>> 21)
      } while (drawn >= 4294967296 - bound && drawn >= 4294967296 - (4294967296 % bound))
      const j = drawn % bound
      const held = items[i] as number
      items[i] = items[j] as number
      items[j] = held
    }
    ;[s0, s1, s2, s3] = [a, b, c, d]
    return items
  }

  function shuffle(items: Uint32Array): Uint32Array
  function shuffle<T>(items: readonly T[]): T[]
  function shuffle<T>(items: readonly T[] | Uint32Array): T[] | Uint32Array {
    if (items instanceof Uint32Array) return shuffleNumbers(items.slice())
    const copy = items.slice() as T[]
    for (let i = copy.length - 1; i > 0; i--) {
      const j = integer(i + 1)
      const held = copy[i] as T
      copy[i] = copy[j] as T
      copy[j] = held
    }
    return copy
  }

  return {
    uniform,
    integer,
    normal() {
      if (spare !== undefined) {
        const value = spare
        spare = undefined
        return value
      }
      for (;;) {
        const x = 2 * uniform() - 1
        const y = 2 * uniform() - 1
        const square = x * x + y * y
        if (square >= 1 || square === 0) continue
        const scale = Math.sqrt((-2 * Math.log(square)) / square)
        spare = y * scale
        return x * scale
      }
    },
    chance: (probability) => uniform() < probability,
    pick(items) {
      if (items.length === 0) throw new RangeError('cannot pick from an empty array')
      return items[integer(items.length)] as (typeof items)[number]
    },
    shuffle,
    weighted(weights) {
      let total = 0
      for (let i = 0; i < weights.length; i++) {
        const weight = weights[i] as number
        if (!(weight >= 0)) throw new RangeError(`weight ${i} is ${weight}, expected a number of at least 0`)
        total += weight
      }
      if (!(total > 0) || total === Number.POSITIVE_INFINITY)
        throw new RangeError(`the weights sum to ${total}, expected a positive finite sum`)
      let left = uniform() * total
      let last = 0
      for (let i = 0; i < weights.length; i++) {
        const weight = weights[i] as number
        if (weight === 0) continue
        last = i
        left -= weight
        if (left < 0) return i
      }
      return last
    },
    fork: (label) => seeded(`${name}/${label}`),
  }
}
