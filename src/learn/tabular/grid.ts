import { deterministicMdp, type Mdp } from './mdp.ts'

/** What the cells of a board mean. */
export interface GridRules {
  /** Length of the features. */
  readonly features: number
  /** Whether a cell cannot be entered. */
  blocked(code: number): boolean
  /** Whether an episode ends in a cell. */
  terminal(code: number): boolean
  /** φ of a move into a cell, `[features]`. */
  entering(code: number): readonly number[]
  /** φ of a move that runs into the board's edge or a blocked cell and stays, by the cell stayed in, `[features]`. */
  staying(code: number): readonly number[]
}

/** A board as an MDP. States are the cells that can be entered, row after row. */
export interface Grid {
  readonly mdp: Mdp
  readonly rows: number
  readonly columns: number
  /** `[rows, columns]`: the state of a cell, −1 where it is blocked. */
  readonly stateOf: Int32Array
  /** `[states]`: the cell of a state, as row·columns + column. */
  readonly cellOf: Int32Array
}

/** Moves by action: up, down, left, right, as changes of row and column. */
export const gridMoves: readonly (readonly [rows: number, columns: number])[] = [
  [-1, 0],
  [1, 0],
  [0, -1],
  [0, 1],
]

/**
 * The MDP of moving on a board with the four {@link gridMoves}. A move off the board or into a blocked cell stays.
 *
 * @param board codes of cells, row by row
 * @throws {RangeError} on an empty board, rows of different lengths, codes that are no numbers, or when every cell is
 * blocked
 */
export function gridMdp(board: readonly (readonly number[])[], rules: GridRules): Grid {
  const [rows, columns] = [board.length, board[0]?.length ?? 0]
  if (rows === 0 || columns === 0) throw new RangeError('the board is empty, expected at least one cell')
  board.forEach((row, at) => {
    if (row.length !== columns)
      throw new RangeError(`row ${at} of the board has ${row.length} cells, expected ${columns}`)
    row.forEach((code, column) => {
      if (!Number.isFinite(code)) throw new RangeError(`cell ${at}, ${column} is ${code}, expected a number`)
    })
  })
  const codes = board.flat()
  const stateOf = new Int32Array(rows * columns).fill(-1)
  const cells = [...codes.keys()].filter((cell) => !rules.blocked(codes[cell] as number))
  if (cells.length === 0) throw new RangeError('every cell of the board is blocked')
  cells.forEach((cell, state) => {
    stateOf[cell] = state
  })
  const next: number[] = []
  const phi: number[] = []
  const checked = (name: string, code: number, features: readonly number[]): readonly number[] => {
    if (features.length !== rules.features)
      throw new RangeError(`${name} of code ${code} has ${features.length} numbers, expected ${rules.features}`)
    return features
  }
  cells.forEach((cell, state) => {
    for (const [down, right] of gridMoves) {
      const [row, column] = [Math.floor(cell / columns) + down, (cell % columns) + right]
      const onBoard = row >= 0 && row < rows && column >= 0 && column < columns
      const reached = onBoard ? (stateOf[row * columns + column] as number) : -1
      const code = codes[reached >= 0 ? row * columns + column : cell] as number
      next.push(reached >= 0 ? reached : state)
      phi.push(
        ...(reached >= 0
          ? checked('entering', code, rules.entering(code))
          : checked('staying', code, rules.staying(code))),
      )
    }
  })
  const terminal = cells.flatMap((cell, state) => (rules.terminal(codes[cell] as number) ? [state] : []))
  return {
    mdp: deterministicMdp({
      states: cells.length,
      actions: gridMoves.length,
      features: rules.features,
      next,
      phi,
      terminal,
    }),
    rows,
    columns,
    stateOf,
    cellOf: Int32Array.from(cells),
  }
}
