import type { Random } from '../run/index.ts'

export interface GridWorldOptions {
  /** Rows and columns. Default 5. */
  readonly size?: number
  /** Cells that cost. Default 5. */
  readonly hazards?: number
  /** The true reward by feature: a step, the goal, a hazard. Default −1, 20 and −6. */
  readonly rewards?: readonly [step: number, goal: number, hazard: number]
  /** Default 0.99. */
  readonly discount?: number
}

/** A simulated board on which somebody walks to a goal. */
export interface GridWorld {
  /** `[size, size]`: 0 free, 1 the goal, 2 a hazard. */
  readonly board: readonly (readonly number[])[]
  /** `[3]`: the true reward by feature. */
  readonly rewards: readonly number[]
  readonly discount: number
  /** What the cells mean: no cell is blocked, the goal ends, and every move is a step, wherever it leads. */
  readonly rules: {
    readonly features: number
    blocked(code: number): boolean
    terminal(code: number): boolean
    entering(code: number): readonly number[]
    staying(code: number): readonly number[]
  }
}

/**
 * A simulated board with one goal and some hazards in random cells. Goal and hazards pay on entering; running into the
 * edge stays and is a step.
 *
 * @throws {RangeError} on sizes that leave no free cell
 */
export function gridWorld(options: GridWorldOptions, random: Random): GridWorld {
  const { size = 5, hazards = 5, rewards = [-1, 20, -6], discount = 0.99 } = options
  if (!Number.isInteger(size) || size < 2) throw new RangeError(`size is ${size}, expected an integer of at least 2`)
  if (!Number.isInteger(hazards) || hazards < 0 || hazards > size * size - 2)
    throw new RangeError(`hazards is ${hazards}, expected an integer from 0 to ${size * size - 2}`)
  const cells = random.shuffle(Array.from({ length: size * size }, (_, cell) => cell))
  const codes = new Array<number>(size * size).fill(0)
  cells.slice(0, hazards + 1).forEach((cell, k) => {
    codes[cell] = k === 0 ? 1 : 2
  })
  return {
    board: Array.from({ length: size }, (_, row) => codes.slice(row * size, (row + 1) * size)),
    rewards,
    discount,
    rules: {
      features: 3,
      blocked: () => false,
      terminal: (code) => code === 1,
      entering: (code) => [1, Number(code === 1), Number(code === 2)],
      staying: () => [1, 0, 0],
    },
  }
}

/** Codes of cells on a delivery board: what costs, pays, ends or blocks. */
const delivery = { free: 0, goal: 1, house: 2, sheep: 3, coin: 4, roadblock: 5, mud: 6 } as const

/**
 * A simulated board of the delivery task that people were given by Knox et al. 2024 (arXiv 2206.02231): one goal, and in
 * every other cell a coin, a roadblock or mud with a chance of 10 % each, a sheep or a house with 6 % each.
 *
 * @returns `[size, size]`: 0 free, 1 goal, 2 house, 3 sheep, 4 coin, 5 roadblock, 6 mud
 * @throws {RangeError} on a size below 3
 */
export function deliveryBoard({ size = 6 }: { readonly size?: number }, random: Random): number[][] {
  if (!Number.isInteger(size) || size < 3) throw new RangeError(`size is ${size}, expected an integer of at least 3`)
  const { coin, roadblock, mud, sheep, house, free } = delivery
  const [kinds, chances] = [
    [coin, roadblock, mud, sheep, house, free],
    [0.1, 0.1, 0.1, 0.06, 0.06, 0.58],
  ]
  const codes = Array.from({ length: size * size }, (): number => kinds[random.weighted(chances)] ?? free)
  codes[random.integer(codes.length)] = delivery.goal
  return Array.from({ length: size }, (_, row) => codes.slice(row * size, (row + 1) * size))
}

/**
 * A random walk on a board: a start cell, then moves up, down, left or right, each as row and column: `[length + 1, 2]`.
 *
 * @param board codes of cells by row
 * @param length number of moves
 * @param canStart which cells a walk may start in, by code
 * @throws {RangeError} when there is no cell to start in
 */
export function randomWalk(
  board: readonly (readonly number[])[],
  length: number,
  canStart: (code: number) => boolean,
  random: Random,
): number[][] {
  const starts = board.flatMap((row, r) => row.flatMap((code, c) => (canStart(code) ? [[r, c]] : [])))
  const moves = [
    [-1, 0],
    [1, 0],
    [0, -1],
    [0, 1],
  ]
  return [random.pick(starts), ...Array.from({ length }, () => random.pick(moves))]
}
