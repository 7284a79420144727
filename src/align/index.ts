/** Generators that follow preferences. */
export * from './text/index.ts'
