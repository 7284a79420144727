import { describe, expect, it } from 'vitest'
import { type GridRules, gridMdp } from './grid.ts'
import { statesThatNeverEnd } from './termination.ts'
import { valueIteration } from './value-iteration.ts'

/** 0 free, 1 the end, 2 a wall; features: moves, ends. */
const rules: GridRules = {
  features: 2,
  blocked: (code) => code === 2,
  terminal: (code) => code === 1,
  entering: (code) => (code === 1 ? [0, 1] : [1, 0]),
  staying: () => [1, 0],
}

describe('a board', () => {
  it('makes states of the cells that can be entered, and moves of up, down, left and right', () => {
    const { mdp, stateOf, cellOf } = gridMdp(
      [
        [0, 2],
        [0, 1],
      ],
      rules,
    )
    expect([...stateOf]).toEqual([0, -1, 1, 2])
    expect([...cellOf]).toEqual([0, 2, 3])
    expect([...mdp.successors]).toEqual([0, 1, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2])
    expect([...valueIteration(mdp, [-1, 10], { discount: 1 }).values]).toEqual([9, 10, 0])
  })

  it('knows the cells from which no end can be reached', () => {
    const { mdp } = gridMdp([[0, 2, 0, 1]], rules)
    expect(statesThatNeverEnd(mdp)).toEqual([0])
    expect(() => valueIteration(mdp, [-1, 10], { discount: 1 })).toThrow('no terminal state follows state 0')
  })

  it('refuses boards that are none', () => {
    expect(() => gridMdp([], rules)).toThrow('the board is empty')
    expect(() => gridMdp([[0], [0, 0]], rules)).toThrow('row 1 of the board has 2 cells, expected 1')
    expect(() => gridMdp([[Number.NaN]], rules)).toThrow('cell 0, 0 is NaN')
    expect(() => gridMdp([[2]], rules)).toThrow('every cell of the board is blocked')
    expect(() => gridMdp([[0]], { ...rules, features: 3 })).toThrow('staying of code 0 has 2 numbers, expected 3')
  })
})
