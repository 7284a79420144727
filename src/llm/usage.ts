/** What a million tokens cost, in any currency. */
export interface Price {
  readonly input: number
  /** Default 0. */
  readonly output?: number
}

/** What was asked of a model so far, since it was opened. */
export interface ModelUsage {
  /** Calls that were answered by the model. */
  readonly calls: number
  /** Calls that were answered from what was kept. */
  readonly cached: number
  /** Attempts that failed and were made again. */
  readonly retries: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Calls whose answer did not tell its tokens; they are missing from tokens and cost. */
  readonly uncounted: number
  /** In the currency of the price; absent without one. */
  readonly cost?: number
}

/** Tokens as an answer tells them. */
export interface Tokens {
  readonly input: number | undefined
  readonly output: number | undefined
}

/** A running account of calls, tokens and cost. */
export interface Account {
  called(tokens: Tokens): void
  cached(): void
  retried(): void
  read(): ModelUsage
}

/** Opens an account. @throws {RangeError} when a price is no number of at least 0 */
export function openAccount(price?: Price): Account {
  for (const [name, amount] of Object.entries(price ?? {}))
    if (!(amount >= 0 && amount < Number.POSITIVE_INFINITY))
      throw new RangeError(`the ${name} price is ${amount}, expected a number of at least 0`)
  const sums = { calls: 0, cached: 0, retries: 0, inputTokens: 0, outputTokens: 0, uncounted: 0 }
  return {
    called({ input, output }) {
      sums.calls++
      if (input === undefined && output === undefined) sums.uncounted++
      sums.inputTokens += input ?? 0
      sums.outputTokens += output ?? 0
    },
    cached() {
      sums.cached++
    },
    retried() {
      sums.retries++
    },
    read: () => ({
      ...sums,
      ...(price && { cost: (sums.inputTokens * price.input + sums.outputTokens * (price.output ?? 0)) / 1e6 }),
    }),
  }
}
