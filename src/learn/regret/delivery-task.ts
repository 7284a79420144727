import { type Grid, gridMdp, gridMoves } from '../tabular/grid.ts'
import { partialReturn } from './regret.ts'
import { followActions, type Segment } from './segment.ts'

/** What a delivery board's rewards are made of, in the order of its features. */
export const deliveryFeatures = ['gas', 'goal', 'sheep', 'coin', 'roadblock', 'mud'] as const

/** The reward that people were told, by {@link deliveryFeatures}. */
export const deliveryRewards: readonly number[] = [-1, 50, -50, 1, -1, -2]

/** Codes of cells of a delivery board. */
export const deliveryCells = {
  blank: 0,
  goal: 1,
  house: 2,
  sheep: 3,
  coin: 4,
  roadblock: 5,
  mud: 6,
  goalInMud: 7,
  coinInMud: 10,
} as const

const entering: Readonly<Record<number, readonly number[]>> = {
  [deliveryCells.blank]: [1, 0, 0, 0, 0, 0],
  [deliveryCells.goal]: [0, 1, 0, 0, 0, 0],
  [deliveryCells.sheep]: [0, 0, 1, 0, 0, 0],
  [deliveryCells.coin]: [1, 0, 0, 1, 0, 0],
  [deliveryCells.roadblock]: [1, 0, 0, 0, 1, 0],
  [deliveryCells.mud]: [0, 0, 0, 0, 0, 1],
  [deliveryCells.goalInMud]: [0, 1, 0, 0, 0, 0],
  [deliveryCells.coinInMud]: [0, 0, 0, 1, 0, 1],
}
const muddy = new Set<number>([deliveryCells.mud, deliveryCells.goalInMud, deliveryCells.coinInMud])
const ending = new Set<number>([deliveryCells.goal, deliveryCells.goalInMud, deliveryCells.sheep])

/**
 * The delivery task of Knox et al. 2024: a van on a board whose cells are {@link deliveryCells}. Every move costs gas, in
 * mud twice as much; a delivery and running into a sheep end the episode and cost no gas; coins can be had and roadblocks
 * hit again and again. A move off the board or into a house stays and costs the gas of the cell it stays in.
 *
 * @throws {RangeError} on a code that means nothing, or as {@link gridMdp}
 */
export function deliveryTask(board: readonly (readonly number[])[]): Grid {
  board.forEach((row, at) => {
    row.forEach((code, column) => {
      if (code !== deliveryCells.house && !(code in entering))
        throw new RangeError(
          `cell ${at}, ${column} of the board is ${code}, expected one of ${Object.values(deliveryCells).join(', ')}`,
        )
    })
  })
  return gridMdp(board, {
    features: deliveryFeatures.length,
    blocked: (code) => code === deliveryCells.house,
    terminal: (code) => ending.has(code),
    entering: (code) => entering[code] ?? [],
    staying: (code) => (muddy.has(code) ? [0, 0, 0, 0, 0, 1] : [1, 0, 0, 0, 0, 0]),
  })
}

/**
 * A segment from the published form: the start cell, then moves, each as row and column.
 *
 * @param path `[moves + 1, 2]`; moves after the end may be 0, 0
 * @throws {RangeError} on a start off the board or in a blocked cell, or a move that is none
 */
export function gridSegment(grid: Grid, path: readonly (readonly number[])[]): Segment {
  const [start, ...moves] = path
  const [row = Number.NaN, column = Number.NaN] = start ?? []
  const state =
    row >= 0 && row < grid.rows && column >= 0 && column < grid.columns ? grid.stateOf[row * grid.columns + column] : -1
  if (state === undefined || state < 0)
    throw new RangeError(`a segment starts at ${row}, ${column}, expected a cell of the board that can be entered`)
  const actions: number[] = []
  let current = state
  moves.forEach(([down, right], step) => {
    const ended = grid.mdp.terminal[current] === 1
    const action = gridMoves.findIndex((move) => move[0] === down && move[1] === right)
    if (action < 0 && !(ended && down === 0 && right === 0))
      throw new RangeError(
        `step ${step}: the move is ${down}, ${right}, expected one cell up, down, left or right` +
          (ended ? ', or 0, 0 after the end' : ''),
      )
    actions.push(Math.max(0, action))
    current = grid.mdp.successors[current * gridMoves.length + Math.max(0, action)] as number
  })
  return followActions(grid.mdp, state, actions)
}

/** What people's preferences between two segments are explained by, each second − first, as published. */
export interface SegmentDifference {
  readonly partialReturn: number
  readonly startValue: number
  readonly endValue: number
}

/**
 * Differences of two segments, second − first, under given optimal values.
 *
 * @param values `[states]`: V*
 */
export function segmentDifference(
  grid: Grid,
  first: Segment,
  second: Segment,
  weights: ArrayLike<number>,
  values: ArrayLike<number>,
): SegmentDifference {
  const at = (state: number | undefined): number => values[state ?? -1] ?? Number.NaN
  return {
    partialReturn: partialReturn(grid.mdp, second, weights) - partialReturn(grid.mdp, first, weights),
    startValue: at(second.states[0]) - at(first.states[0]),
    endValue: at(second.states.at(-1)) - at(first.states.at(-1)),
  }
}
