import { kernels } from '../../tensor/index.ts'
import { namedLocals } from './named-locals.ts'
import { closeListsCode, insertCode, lowestCode } from './select-kernel.ts'
import { assertKernelWidth, dotCode, more } from './vector-code.ts'

const { f32x4, forBelow, get, i32, set } = kernels
type Code = kernels.Code

/** Items whose scores are computed at once. */
const together = 4
const fourBytes = 16
/** f32x4.gt, v128.any_true, f32.gt, i32.load8_u */
const isAbove: Code = [0xfd, 0x44]
const anyTrue: Code = [0xfd, 0x53]
const isAboveSingle = 0x5e
const loadByte: Code = [0x2d, 0, 0]

/** Numbers of two vectors on the stack, by their places from 0 to 7. */
function pick(...places: readonly number[]): Code {
  return [0xfd, 13, places.flatMap((place) => Array.from({ length: 4 }, (_, byte) => 4 * place + byte))]
}

/** Sums of the numbers of each of four vectors, as one vector on the stack. The vectors are overwritten. */
function fourTotals([a, b, c, d]: readonly [number, number, number, number]): Code {
  const halves = (x: number, y: number): Code => [
    [get(x), get(y), pick(0, 4, 1, 5), get(x), get(y), pick(2, 6, 3, 7), f32x4.add, set(x)],
  ]
  return [halves(a, b), halves(c, d), get(a), get(c), pick(0, 1, 4, 5), get(a), get(c), pick(2, 3, 6, 7), f32x4.add]
}

/**
 * The `count` largest inner products of one query with the items of each block, in falling order, equal ones by their
 * place, items that are closed left out. Scores are not written: four at a time are compared with the smallest of those
 * held, so that the items' vectors are all that is read from memory, once.
 *
 * Arguments after the bounds of a share of blocks: addresses of the items' vectors [items, width], the query [width],
 * the closed items [items] (bytes, 0 open), the found places [blocks, count] (2³² − 1 after the last) and their scores;
 * then the items of a block, a multiple of 4, the number of items and the count.
 *
 * @throws {RangeError} unless the width is a multiple of 4 from 4 to 512
 */
export function dotTopKernel(width: number): kernels.WasmFunction {
  assertKernelWidth(width)
  const { at, parameters, locals } = namedLocals(
    ['block', 'end', 'vectors', 'query', 'closed', 'foundPlaces', 'foundScores', 'blockItems', 'items', 'count'],
    {
      i32: ['item', 'stop', 'whole', 'row', 'places', 'values', 'held', 'to', 'before'],
      f32: ['threshold', 'score'],
      v128: ['bound', 'part', 'a', 'b', 'c', 'd'],
    },
  )
  const rowBytes = width * 4
  const sums = [at.a, at.b, at.c, at.d] as const
  const times = (code: Code, factor: number): Code => [code, i32.constant(factor), i32.multiply]
  /** Inserts `score`, of item + `offset`, if it is above those held and its item is open. */
  const offer = (offset: number): Code => {
    const item: Code = offset === 0 ? get(at.item) : [get(at.item), i32.constant(offset), i32.add]
    return [
      [get(at.score), get(at.threshold), isAboveSingle, get(at.closed), item, i32.add, loadByte, i32.isZero, more.and],
      [0x04, 0x40, insertCode(at, item), 0x0b],
    ]
  }
  const fourItems: Code = [
    Array.from(
      { length: width / 4 },
      (_, column): Code => [
        [get(at.query), f32x4.load(column * fourBytes), set(at.part)],
        sums.map((sum, offset): Code => {
          const product: Code = [
            get(at.row),
            f32x4.load(offset * rowBytes + column * fourBytes),
            get(at.part),
            f32x4.multiply,
          ]
          return column === 0 ? [product, set(sum)] : [get(sum), product, f32x4.add, set(sum)]
        }),
      ],
    ),
    [fourTotals(sums), set(at.part), get(at.part), get(at.bound), isAbove, anyTrue],
    [0x04, 0x40],
    Array.from({ length: together }, (_, lane): Code => [[get(at.part), more.lane(lane), set(at.score)], offer(lane)]),
    0x0b,
    [get(at.row), i32.constant(together * rowBytes), i32.add, set(at.row)],
  ]
  const oneItem: Code = [
    [dotCode(width, at.row, at.query, sums), set(at.score)],
    offer(0),
    [get(at.row), i32.constant(rowBytes), i32.add, set(at.row)],
  ]
  const lists = (found: number): Code => [times([get(at.block), get(at.count), i32.multiply], 4), get(found), i32.add]
  const oneBlock: Code = [
    [get(at.block), get(at.blockItems), i32.multiply, set(at.item)],
    [get(at.item), get(at.blockItems), i32.add, set(at.stop)],
    [get(at.items), get(at.stop), more.isBelow, 0x04, 0x40, get(at.items), set(at.stop), 0x0b],
    [get(at.stop), get(at.stop), i32.constant(together - 1), more.and, i32.subtract, set(at.whole)],
    [times(get(at.item), rowBytes), get(at.vectors), i32.add, set(at.row)],
    [lists(at.foundPlaces), set(at.places), lists(at.foundScores), set(at.values)],
    lowestCode(at),
    forBelow(at.item, at.whole, together, fourItems),
    forBelow(at.item, at.stop, 1, oneItem),
    closeListsCode(at),
  ]
  return { parameters, locals, body: forBelow(at.block, at.end, 1, oneBlock) }
}
