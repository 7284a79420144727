import { expect, it } from 'vitest'
import { noPicks, type PickChange, type Picks, picksAfter } from './picks.ts'

const take = (id: string): PickChange => ({ kind: 'take', pick: { id, title: id.toUpperCase() } })
const after = (...changes: readonly PickChange[]): Picks => changes.reduce(picksAfter, noPicks)
const ids = ({ held }: Picks): readonly string[] => held.map(({ id }) => id)

it('keeps what was taken in order, each once', () => {
  expect(ids(after(take('b'), take('a'), take('b')))).toEqual(['b', 'a'])
})

it('undoes changes one by one, the last first, and then nothing', () => {
  const begun = { kind: 'begin', picks: [{ id: 'x', title: 'X' }], change: 'going on from Ann' } as const
  const changes = [take('a'), take('b'), { kind: 'drop', id: 'a' }, begun] as const
  const undo = { kind: 'undo' } as const
  expect(after(...changes).past.at(-1)?.change).toBe('going on from Ann')
  expect(ids(after(...changes, undo))).toEqual(['b'])
  expect(ids(after(...changes, undo, undo))).toEqual(['a', 'b'])
  expect(ids(after(...changes, undo, undo, undo, undo, undo))).toEqual([])
})

it('takes no step back for what changed nothing, nor before what an address named', () => {
  expect(after(take('a'), take('a'), { kind: 'drop', id: 'z' }).past).toHaveLength(1)
  expect(after(take('a'), { kind: 'open', picks: [] }).past).toEqual([])
})
