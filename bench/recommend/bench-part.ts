/** What parts of the bench are told. */
export interface BenchOptions {
  readonly rounds: number
  /** Items of the catalogues that are searched. */
  readonly items: number
  /** Threads of each side where it can be told. */
  readonly threads: number
}

/** One part of `npm run bench -- recommend`. */
export interface BenchPart {
  readonly name: string
  readonly title: string
  /** Rows of a table, all with the same columns. */
  run(options: BenchOptions): Promise<readonly Readonly<Record<string, string | number>>[]>
}
