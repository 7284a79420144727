import { describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import { deliveryBoard, gridWorld, randomWalk } from './grid-world.ts'

describe('a grid world', () => {
  it('has one goal and as many hazards as asked for, elsewhere for every seed', () => {
    const boards = [1, 2, 3].map((seed) => gridWorld({}, seeded(seed)).board)
    for (const board of boards) {
      expect(board.flat().filter((code) => code === 1).length).toBe(1)
      expect(board.flat().filter((code) => code === 2).length).toBe(5)
      expect(board.length * (board[0]?.length ?? 0)).toBe(25)
    }
    expect(new Set(boards.map((board) => board.flat().join(''))).size).toBe(3)
    expect(gridWorld({}, seeded(1)).board).toEqual(boards[0])
  })

  it('counts steps, goals and hazards', () => {
    const { rules } = gridWorld({}, seeded(1))
    expect([0, 1, 2].map(rules.entering)).toEqual([
      [1, 0, 0],
      [1, 1, 0],
      [1, 0, 1],
    ])
    expect(rules.staying(2)).toEqual([1, 0, 0])
    expect([0, 1, 2].map(rules.terminal)).toEqual([false, true, false])
  })

  it('is walked at random, never from the goal', () => {
    const random = seeded('walks')
    const world = gridWorld({ size: 2, hazards: 0 }, random)
    const walks = Array.from({ length: 60 }, () => randomWalk(world.board, 3, (code) => code !== 1, random))
    for (const [start = [], ...moves] of walks) {
      expect(world.board[start[0] as number]?.[start[1] as number]).toBe(0)
      expect(moves.length).toBe(3)
      for (const [down = 0, right = 0] of moves) expect(Math.abs(down) + Math.abs(right)).toBe(1)
    }
    expect(new Set(walks.map(([start]) => String(start))).size).toBe(3)
  })

  it('leaves room to walk', () => {
    expect(() => gridWorld({ size: 2, hazards: 3 }, seeded(1))).toThrow('hazards is 3, expected an integer from 0 to 2')
    expect(() => gridWorld({ size: 1 }, seeded(1))).toThrow('size is 1')
    expect(() => randomWalk([[1]], 3, (code) => code !== 1, seeded(1))).toThrow('empty')
  })
})

describe('a simulated delivery board', () => {
  it('has one goal and the other cells in about their shares', () => {
    const random = seeded('boards')
    const codes = Array.from({ length: 100 }, () => deliveryBoard({}, random).flat())
    for (const board of codes) {
      expect(board.length).toBe(36)
      expect(board.filter((code) => code === 1).length).toBe(1)
    }
    const share = (code: number) => codes.flat().filter((one) => one === code).length / 3500
    for (const code of [4, 5, 6]) expect(Math.abs(share(code) - 0.1)).toBeLessThan(0.02)
    for (const code of [2, 3]) expect(Math.abs(share(code) - 0.06)).toBeLessThan(0.02)
    expect(() => deliveryBoard({ size: 2 }, random)).toThrow('size is 2')
  })
})
