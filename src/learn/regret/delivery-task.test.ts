import { describe, expect, it } from 'vitest'
import { valueIteration } from '../tabular/value-iteration.ts'
import { deliveryRewards, deliveryTask, gridSegment, segmentDifference } from './delivery-task.ts'
import { deterministicRegret, partialReturn, regretDifference, segmentRegret } from './regret.ts'

// A blank, a coin, a house and the goal; mud, a coin in mud, a roadblock and the goal in mud; a sheep, two blanks, mud.
const board = [
  [0, 4, 2, 1],
  [6, 10, 5, 7],
  [3, 0, 0, 6],
]
const grid = deliveryTask(board)
const optimal = valueIteration(grid.mdp, deliveryRewards, { discount: 1 })
const at = (row: number, column: number): number => grid.stateOf[row * 4 + column] as number

describe('the delivery task', () => {
  it('has the optimal values worked out by hand', () => {
    const values = [
      [47, 47, undefined, 0],
      [47, 48, 50, 0],
      [0, 47, 48, 50],
    ]
    values.forEach((row, r) => {
      row.forEach((value, c) => {
        if (value === undefined) expect(at(r, c)).toBe(-1)
        else expect(optimal.values[at(r, c)], `${r}, ${c}`).toBe(value)
      })
    })
  })

  it('pays for running into a house, by the ground stayed on', () => {
    // A coin for its gas, the house, then a coin in mud: 0 − 1 − 1.
    const bumped = gridSegment(grid, [
      [0, 0],
      [0, 1],
      [0, 1],
      [1, 0],
    ])
    expect(bumped.states).toEqual([at(0, 0), at(0, 1), at(0, 1), at(1, 1)])
    expect(partialReturn(grid.mdp, bumped, deliveryRewards)).toBe(-2)
    expect(segmentRegret(grid.mdp, bumped, optimal)).toBe(1)
    expect(deterministicRegret(-2, { start: 47, end: 48 })).toBe(1)
    const inMud = gridSegment(grid, [
      [1, 0],
      [0, -1],
    ])
    expect(partialReturn(grid.mdp, inMud, deliveryRewards)).toBe(-2)
    expect(segmentRegret(grid.mdp, inMud, optimal)).toBe(2)
  })

  it('stays where an episode ended, for nothing', () => {
    const ended = gridSegment(grid, [
      [2, 1],
      [0, -1],
      [0, 0],
      [0, 0],
    ])
    expect(ended.states).toEqual([at(2, 1), at(2, 0), at(2, 0), at(2, 0)])
    expect(partialReturn(grid.mdp, ended, deliveryRewards)).toBe(-50)
    expect(segmentRegret(grid.mdp, ended, optimal)).toBe(97)
    // A move is as good as none after the end.
    const moved = gridSegment(grid, [
      [2, 1],
      [0, -1],
      [0, 1],
      [1, 0],
    ])
    expect(moved.states).toEqual(ended.states)
  })

  it('differs as published: second − first', () => {
    const first = gridSegment(grid, [
      [0, 0],
      [0, 1],
      [0, 1],
      [1, 0],
    ])
    const second = gridSegment(grid, [
      [2, 1],
      [0, -1],
      [0, 0],
      [0, 0],
    ])
    const difference = segmentDifference(grid, first, second, deliveryRewards, optimal.values)
    expect(difference).toEqual({ partialReturn: -48, startValue: 0, endValue: -48 })
    // regret₁ − regret₂ = 1 − 97
    expect(regretDifference(difference.partialReturn, difference.startValue, difference.endValue)).toBe(-96)
  })

  it('refuses boards, starts and moves that are none', () => {
    expect(() => deliveryTask([[0, 9]])).toThrow('cell 0, 1 of the board is 9, expected one of 0, 1, 2')
    expect(() => deliveryTask([[0, Number.NaN]])).toThrow('cell 0, 1 of the board is NaN')
    expect(() =>
      gridSegment(grid, [
        [0, 2],
        [0, 1],
      ]),
    ).toThrow('a segment starts at 0, 2')
    expect(() =>
      gridSegment(grid, [
        [0, 4],
        [0, 1],
      ]),
    ).toThrow('a segment starts at 0, 4')
    expect(() => gridSegment(grid, [[-1, 0]])).toThrow('a segment starts at -1, 0')
    expect(() => gridSegment(grid, [])).toThrow('a segment starts at NaN')
    expect(() =>
      gridSegment(grid, [
        [0, 0],
        [1, 1],
      ]),
    ).toThrow('step 0: the move is 1, 1')
    expect(() =>
      gridSegment(grid, [
        [0, 0],
        [0, 0],
      ]),
    ).toThrow('step 0: the move is 0, 0')
  })
})
